"""The case types that benchmarks run: two user tasks with a form and a gateway between them; and ad hoc work."""

from __future__ import annotations

import json
from typing import Any

_BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="bench" targetNamespace="urn:bench">
  <bpmn:process id="bench" name="Bench" isExecutable="true" case:numberPrefix="BEN" case:title="Bench {customer}"
      case:candidateStarterGroups="clerks">
    <bpmn:startEvent id="Begin" case:formKey="bench-start"/>
    <bpmn:userTask id="Assess" name="Assess" case:candidateGroups="clerks" case:formKey="bench-assess"/>
    <bpmn:exclusiveGateway id="Large" default="f4"/>
    <bpmn:userTask id="Approve" name="Approve" case:candidateGroups="clerks" case:formKey="bench-assess"/>
    <bpmn:endEvent id="Done"/><bpmn:endEvent id="Refused"/>
    <bpmn:sequenceFlow id="f1" sourceRef="Begin" targetRef="Assess"/>
    <bpmn:sequenceFlow id="f2" sourceRef="Assess" targetRef="Large"/>
    <bpmn:sequenceFlow id="f3" sourceRef="Large" targetRef="Approve">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">= amount &gt; 100 and sound</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f4" sourceRef="Large" targetRef="Refused"/>
    <bpmn:sequenceFlow id="f5" sourceRef="Approve" targetRef="Done"/>
  </bpmn:process>
</bpmn:definitions>
"""
_CARE = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    id="care" targetNamespace="urn:bench">
  <bpmn:process id="bench-care" name="Bench care" isExecutable="true" case:numberPrefix="BCA"
      case:candidateStarterGroups="clerks">
    <bpmn:startEvent id="Begin"/>
    <bpmn:adHocSubProcess id="Care" name="Care">
      <bpmn:userTask id="Session" name="Session" case:candidateGroups="clerks"/>
    </bpmn:adHocSubProcess>
    <bpmn:endEvent id="Done"/>
    <bpmn:sequenceFlow id="f1" sourceRef="Begin" targetRef="Care"/>
    <bpmn:sequenceFlow id="f2" sourceRef="Care" targetRef="Done"/>
  </bpmn:process>
</bpmn:definitions>
"""


def _form(key: str, *components: dict[str, Any]) -> bytes:
    schema = {"type": "default", "id": key, "schemaVersion": 19, "components": list(components)}
    return json.dumps(schema).encode()


FILES = {
    "bench.bpmn": _BPMN.encode(),
    "bench-care.bpmn": _CARE.encode(),
    "bench-start.form": _form(
        "bench-start",
        {"id": "c", "type": "textfield", "key": "customer", "label": "Customer", "validate": {"required": True}},
        {"id": "a", "type": "number", "key": "amount", "label": "Amount", "validate": {"required": True, "min": 1}},
    ),
    "bench-assess.form": _form(
        "bench-assess",
        {"id": "s", "type": "checkbox", "key": "sound", "label": "Sound"},
        {"id": "n", "type": "textarea", "key": "note", "label": "Note"},
    ),
}
CARE = {"case_type": "bench-care", "data": {}}
#: About a megabyte, as one variable.
LARGE = {"variables": {"story": [f"entry {number} of a long story, told by somebody" for number in range(20_000)]}}
ASSESSED = {"data": {"sound": True, "note": "All papers are here and in order."}}


def start(number: int) -> dict[str, Any]:
    """The body that opens a case."""
    return {"case_type": "bench", "data": {"customer": f"Customer {number}", "amount": 500 + number}}
