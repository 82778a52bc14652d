"""How far a case is: its stages, and the state of each element, for the diagram and for the list that says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.engine.definition import Element
from service.execution.definitions import deployed
from service.languages import _, later
from service.models import Case, CaseState

#: BPMN types that a person takes for a step; the others only lead from one to the next
STEPS = {
    "userTask": later("Task"),
    "manualTask": later("Task"),
    "serviceTask": later("Service"),
    "sendTask": later("Message"),
    "receiveTask": later("Wait"),
    "scriptTask": later("Script"),
    "businessRuleTask": later("Decision"),
    "task": later("Step"),
    "callActivity": later("Process"),
    "subProcess": later("Part"),
    "adHocSubProcess": later("Free part"),
    "startEvent": later("Start"),
    "endEvent": later("End"),
    "intermediateCatchEvent": later("Wait"),
    "boundaryEvent": later("Event"),
}
REACHED = {CaseState.COMPLETED: "done", CaseState.FAILED: "failed", CaseState.TERMINATED: "skipped"}
STATE_WORDS = {
    "done": later("done"),
    "active": later("now here"),
    "failed": later("failed"),
    "waiting": later("not yet"),
}


@dataclass(frozen=True)
class StageStep:
    """One stage of the bar: `state` is done, now, later, failed or skipped."""

    name: str
    state: str


@dataclass(frozen=True)
class Step:
    """One element in words."""

    id: str
    name: str
    kind: str
    state: str  #: done, active, failed or waiting
    count: int

    @property
    def said(self) -> str:
        """Its state in words."""
        times = _(", %(count)s times", count=self.count) if self.count > 1 else ""
        if self.state == "active" and self.count:
            return _(
                "now here, done %(once)s before",
                once=_("once") if self.count == 1 else _("%(count)s times", count=self.count),
            )
        return STATE_WORDS[self.state] + times


def stages(case: Case) -> list[StageStep]:
    """The stage bar: those before the present stage are done; in a closed case none is present."""
    info = deployed(case.definition_id).definition.info
    ids = [stage.id for stage in info.stages]
    at = ids.index(case.stage) if case.stage in ids else -1
    bar = []
    for place, stage in enumerate(info.stages):
        state = "done" if place < at else "later"
        if place == at:
            state = REACHED.get(case.state, "now")
        bar.append(StageStep(stage.name, state))
    return bar


def stage_name(case: Case, stage: str | None = None) -> str | None:
    """The name of `stage`, or of the case's own."""
    wanted = stage or case.stage
    info = deployed(case.definition_id).definition.info
    return next((known.name for known in info.stages if known.id == wanted), None)


def diagram_state(case: Case, failed: Sequence[str] = ()) -> dict[str, Any]:
    """What the diagram is told, as diagram.js describes it; `failed` are elements with an open incident."""
    elements = deployed(case.definition_id).definition.elements
    marked, visits = Counter(case.marked or ()), case.visits or {}
    activities: dict[str, dict[str, Any]] = {}
    for element_id, count in visits.items():
        if element_id in elements and elements[element_id].type != "sequenceFlow":
            activities[element_id] = {"state": "done", "count": count}
    for element_id, count in marked.items():
        activities[element_id] = {"state": "active", "count": count}
    for element_id in failed:
        activities[element_id] = {"state": "failed", "count": 1}
    flows = [element_id for element_id in visits if element_id not in activities]
    return {"activities": activities, "flows": flows}


def steps(case: Case, failed: Sequence[str] = ()) -> list[Step]:
    """The same state as an ordered list: what the diagram shows to those who see it."""
    elements = deployed(case.definition_id).definition.elements
    activities = diagram_state(case, failed)["activities"]
    visits: Mapping[str, int] = case.visits or {}
    listed = [element for element in elements.values() if _is_step(element, activities)]
    return [
        Step(
            element.id,
            element.name or element.id,
            STEPS.get(element.type, "Step"),
            activities[element.id]["state"] if element.id in activities else "waiting",
            visits.get(element.id, 0),
        )
        for element in listed
    ]


def _is_step(element: Element, activities: Mapping[str, Any]) -> bool:
    if element.type not in STEPS:
        return False
    return bool(element.name) or element.id in activities


def element_name(case: Case, element_id: str) -> str:
    """What the diagram calls an element; its id when it has no name."""
    element = deployed(case.definition_id).definition.elements.get(element_id)
    return (element.name if element else "") or element_id
