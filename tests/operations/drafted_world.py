"""A case type with forms to type into: one field of each kind that a draft may or may not have."""

from __future__ import annotations

import json
from typing import Any

VISIT = """
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    id="visits" targetNamespace="urn:tests">
  <process id="visit" name="Visit" isExecutable="true" case:numberPrefix="VIS" case:title="Visit {place}"
      case:candidateStarterGroups="clerks" case:managerGroups="managers" case:readerGroups="auditors">
    <startEvent id="Begin" case:formKey="visit-start"/>
    <userTask id="Report" name="Write the report" case:candidateGroups="clerks" case:formKey="visit-report"/>
    <endEvent id="End"/>
    <sequenceFlow id="f1" sourceRef="Begin" targetRef="Report"/>
    <sequenceFlow id="f2" sourceRef="Report" targetRef="End"/>
  </process>
</definitions>
""".strip()


def field(kind: str, key: str, label: str, **more: Any) -> dict[str, Any]:
    """A component of a form."""
    return {"type": kind, "id": f"Field_{key}", "key": key, "label": label, **more}


REPORT = [
    field("textfield", "place", "Place"),
    field("textarea", "found", "What was found"),
    field("select", "mood", "Mood", values=[{"label": "Calm", "value": "calm"}, {"label": "Angry", "value": "angry"}]),
    field("textfield", "shown", "Shown", readonly=True),
    field("textfield", "secret", "Closed", disabled=True),
    {"type": "expression", "id": "Field_total", "key": "total", "expression": "=1 + 1", "computeOn": "change"},
]
START = [field("textfield", "place", "Place"), field("textarea", "wish", "What is wished")]


def form(form_id: str, components: list[dict[str, Any]]) -> bytes:
    """A form file."""
    return json.dumps({"type": "default", "id": form_id, "schemaVersion": 19, "components": components}).encode()


FILES = {
    "visit.bpmn": VISIT.encode(),
    "visit-report.form": form("visit-report", REPORT),
    "visit-start.form": form("visit-start", START),
}


def without(key: str) -> dict[str, bytes]:
    """The same case type, whose report no longer asks for this."""
    fewer = [each for each in REPORT if each["key"] != key]
    title = VISIT.replace('name="Visit"', 'name="Visit, shorter"')
    return {**FILES, "visit.bpmn": title.encode(), "visit-report.form": form("visit-report", fewer)}
