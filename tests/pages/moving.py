"""A changed insurance claim, and claims that run: what pages about moving cases are tried with.

Version 2 checks the account before it pays, calls the approval by another id, no longer asks what is missing (so
nothing is left of that step), and lets a script write the refusal.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from service.db import db
from service.models import SYSTEM, Case, ProcessDefinition
from service.operations import deployments, tasks
from service.queries import definitions
from tests.pages.conftest import Office, claim_files

GONE = {"Task_Ask", "Event_NoAnswer", "Event_Withdrawn", "Flow_Covered_Ask", "Flow_Finding_Ask", "Flow_Ask_CheckCover",
        "Flow_NoAnswer_Withdrawn"}  # fmt: skip
ACCOUNT = """
    <bpmn:userTask id="Task_Account" name="Check the account" case:stage="settlement"
        case:candidateGroups="claims-intake" case:dueDate="P2D">
      <bpmn:documentation>See whether the account belongs to the claimant.</bpmn:documentation>
      <bpmn:incoming>Flow_Limit_Pay</bpmn:incoming>
      <bpmn:incoming>Flow_Approved_Pay</bpmn:incoming>
      <bpmn:outgoing>Flow_Account_Pay</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="Flow_Account_Pay" sourceRef="Task_Account" targetRef="Task_Pay"/>
"""
DRAWN = """
      <bpmndi:BPMNShape id="Task_Account_di" bpmnElement="Task_Account">
        <dc:Bounds x="1515" y="350" width="100" height="80"/>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="Flow_Account_Pay_di" bpmnElement="Flow_Account_Pay">
        <di:waypoint x="1565" y="350"/>
        <di:waypoint x="1565" y="303"/>
      </bpmndi:BPMNEdge>
"""
MORE = {"question": {"question": "When was the floor laid?"}}


def changed_claim() -> dict[str, bytes]:
    """The files of version 2."""
    files = claim_files()
    text = files["insurance-claim.bpmn"].decode()
    for name in ("Flow_Limit_Pay", "Flow_Approved_Pay"):
        text = text.replace(f"<bpmn:incoming>{name}</bpmn:incoming>", "", 1)
        text = re.sub(rf'(<bpmn:sequenceFlow id="{name}"[^>]*targetRef=")Task_Pay"', r'\1Task_Account"', text)
    pay = '<bpmn:userTask id="Task_Pay"'
    text = text.replace(pay, ACCOUNT + pay)
    text = text.replace("<bpmn:outgoing>Flow_Pay_Paid<", "<bpmn:incoming>Flow_Account_Pay</bpmn:incoming>"
                        "<bpmn:outgoing>Flow_Pay_Paid<")  # fmt: skip
    text = text.replace("<bpmn:flowNodeRef>Task_Pay<", "<bpmn:flowNodeRef>Task_Account</bpmn:flowNodeRef>"
                        "<bpmn:flowNodeRef>Task_Pay<")  # fmt: skip
    text = text.replace('"1565" y="303"/>', '"1565" y="430"/>')
    text = text.replace("</bpmndi:BPMNPlane>", DRAWN + "</bpmndi:BPMNPlane>")
    text = text.replace('"1400" y="263"/>', '"1400" y="390"/>').replace('"1515" y="263"/>', '"1515" y="390"/>')
    text = text.replace("Task_Approve", "Task_Grant")
    refuse = re.search(r'<bpmn:userTask id="Task_Refuse".*?</bpmn:userTask>', text, re.DOTALL)
    assert refuse
    script = re.sub(r' case:(formKey|candidateGroups|dueDate|priority)="[^"]*"', "", refuse[0])
    script = script.replace("userTask", "scriptTask").replace("</bpmn:scriptTask>", "  <bpmn:script>refused = True"
                            "</bpmn:script></bpmn:scriptTask>")  # fmt: skip
    files["insurance-claim.bpmn"] = _without(text.replace(refuse[0], script), GONE)
    return files


def _without(text: str, gone: set[str]) -> bytes:
    """The diagram without these elements, and without what is drawn of them or refers to them."""
    for prefix, address in re.findall(r'xmlns:(\w+)="([^"]+)"', text):
        ET.register_namespace(prefix, address)
    root = ET.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            said = {child.get("id"), child.get("bpmnElement"), (child.text or "").strip()}
            if said & gone:
                parent.remove(child)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def deploy_changed() -> tuple[ProcessDefinition, ProcessDefinition]:
    """Deploy version 2; the versions before and after."""
    deployments.deploy(changed_claim(), by=SYSTEM)
    db.session.commit()
    return definitions.version("insurance-claim", 1), definitions.version("insurance-claim", 2)


def claims(
    office: Office, assess: int = 2, approve: int = 1, ask: int = 1, pay: int = 1, refuse: int = 1
) -> list[Case]:
    """So many claims at each of these steps, in this order."""
    found = [office.open_claim(claimant=f"Ada Lovelace {number + 1}") for number in range(assess)]
    found += [_assessed(office, f"Grace Hopper {n + 1}", "accept", 40000) for n in range(approve)]
    found += [_assessed(office, f"Emmy Noether {n + 1}", "question", 1200) for n in range(ask)]
    found += [_assessed(office, f"Mary Jackson {n + 1}", "accept", 700) for n in range(pay)]
    found += [_assessed(office, f"Alan Turing {n + 1}", "reject", 1200) for n in range(refuse)]
    return found


def _assessed(office: Office, claimant: str, finding: str, amount: int) -> Case:
    items = [{"item": "Floor", "claimed": amount}]
    case = office.open_claim(claimant=claimant, estimatedAmount=amount, damagedItems=items)
    task = office.task(case)
    more = MORE.get(finding, {})
    if finding == "accept":
        more = {"acceptedItems": [{"item": "Floor", "accepted": amount}]}
    tasks.claim(task, by=office.ben)
    said = {"finding": finding, "assessorNote": "Looked at on the spot, with photos."}
    tasks.complete(task, by=office.ben, submitted={**said, **more})
    db.session.commit()
    return case
