"""The case types that benchmarks run: two user tasks with a form, a gateway decided by data between them; two tasks
without a form, for cases of much data; and free work."""

from __future__ import annotations

import json
from typing import Any

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="bench" targetNamespace="urn:bench">
"""
_BPMN = f"""{_HEAD}
  <bpmn:process id="bench" name="Bench" isExecutable="true" case:numberPrefix="BEN" case:title="Bench {{customer}}"
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


_LARGE = f"""{_HEAD}
  <bpmn:process id="large" isExecutable="true" case:numberPrefix="LRG" case:candidateStarterGroups="clerks">
    <bpmn:startEvent id="Begin"/><bpmn:endEvent id="Done"/>
    <bpmn:userTask id="Look" name="Look" case:candidateGroups="clerks"/>
    <bpmn:userTask id="Sign" name="Sign" case:candidateGroups="clerks"/>
    <bpmn:sequenceFlow id="f1" sourceRef="Begin" targetRef="Look"/>
    <bpmn:sequenceFlow id="f2" sourceRef="Look" targetRef="Sign"/>
    <bpmn:sequenceFlow id="f3" sourceRef="Sign" targetRef="Done"/>
  </bpmn:process>
</bpmn:definitions>
"""
_FREE = f"""{_HEAD}
  <bpmn:process id="free" isExecutable="true" case:numberPrefix="FRE" case:candidateStarterGroups="clerks">
    <bpmn:startEvent id="Begin"/><bpmn:endEvent id="Done"/>
    <bpmn:adHocSubProcess id="Any" name="Any"><bpmn:userTask id="Call" name="Call" case:candidateGroups="clerks"/>
    </bpmn:adHocSubProcess>
    <bpmn:sequenceFlow id="f1" sourceRef="Begin" targetRef="Any"/>
    <bpmn:sequenceFlow id="f2" sourceRef="Any" targetRef="Done"/>
  </bpmn:process>
</bpmn:definitions>
"""


def _form(key: str, *components: dict[str, Any]) -> bytes:
    schema = {"type": "default", "id": key, "schemaVersion": 19, "components": list(components)}
    return json.dumps(schema).encode()


FILES = {
    "bench.bpmn": _BPMN.encode(),
    "large.bpmn": _LARGE.encode(),
    "free.bpmn": _FREE.encode(),
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
ASSESSED = {"data": {"sound": True, "note": "All papers are here and in order."}}


def start(number: int) -> dict[str, Any]:
    """The body that opens a case."""
    return {"case_type": "bench", "data": {"customer": f"Customer {number}", "amount": 500 + number}}
