"""Case types with child cases: a customer file whose claims are opened by its diagram or by hand."""

from __future__ import annotations

from itertools import pairwise

from service.models import Actor, Case, HumanTask
from service.operations import tasks

_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="{key}-file" targetNamespace="urn:tests">'
)
_FLOW = '<sequenceFlow id="{0}-{1}" sourceRef="{0}" targetRef="{1}"/>'


def diagram(key: str, prefix: str, elements: str, *flows: str, attributes: str = "", extensions: str = "") -> bytes:
    """A case type that clerks open and heads manage; `flows` are paths such as `"Begin Work End"`."""
    drawn = ""
    for path in flows:
        names = path.split()
        drawn += "".join(_FLOW.format(a, b) for a, b in pairwise(names))
    return (
        f"{_HEAD.format(key=key)}<error id='lost-error' errorCode='lost'/>"
        f'<process id="{key}" name="{key}" isExecutable="true"'
        f' case:numberPrefix="{prefix}" case:title="{key} {{item}}" case:candidateStarterGroups="clerks"'
        f' case:managerGroups="heads" {attributes}>'
        f"<extensionElements>{extensions}</extensionElements>"
        f'<startEvent id="Begin"/><endEvent id="End"/>{elements}{drawn}</process></definitions>'
    ).encode()


CLAIM = diagram(
    "claim", "CLA", '<userTask id="Settle" name="Settle" case:candidateGroups="clerks"/>', "Begin Settle End"
)
_MAPPED = (
    '<extensionElements><case:ioMapping><case:input source="= each" target="item"/>'
    '<case:output source="= paid" target="paid"/></case:ioMapping></extensionElements>'
)


def customer(contract: str = "", inner: str = "", elements: str = "", *flows: str) -> bytes:
    """A customer file that opens one claim, and then has a talk."""
    return diagram(
        "customer",
        "CUS",
        f'<callActivity id="Claim" name="Claim" calledElement="claim" case:childCase="true" {contract}>'
        f'<extensionElements><case:ioMapping><case:input source="= what" target="item"/>'
        f'<case:output source="= paid" target="total"/></case:ioMapping></extensionElements>{inner}</callActivity>'
        f'<userTask id="Talk" name="Talk" case:candidateGroups="clerks"/>{elements}',
        "Begin Claim Talk End",
        *flows,
    )


MANY = diagram(
    "many",
    "MNY",
    f'<callActivity id="Claims" name="Claims" calledElement="claim" case:childCase="true">{_MAPPED}'
    '<multiInstanceLoopCharacteristics case:outputElement="= paid"><loopDataInputRef>items</loopDataInputRef>'
    '<loopDataOutputRef>payments</loopDataOutputRef><inputDataItem id="each"/></multiInstanceLoopCharacteristics>'
    '</callActivity><userTask id="Talk" name="Talk" case:candidateGroups="clerks"/>',
    "Begin Claims Talk End",
)


def finish(task: HumanTask, by: Actor, **data: object) -> Case:
    """Claim and complete."""
    tasks.claim(task, by=by)
    tasks.complete(task, by=by, submitted=data)
    return task.case
