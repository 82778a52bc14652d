"""WHAT THE ENGINE DID, as audit entries: decisions one by one, all else as one entry `case:advanced`.

That entry's details hold every change of the data, the open tasks, the marks in the diagram and the stage, so that
queries/moments.py can tell how the case stood after any entry. What is left out did not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import audit
from .engine.work import Happening, OpenWork, What
from .engine.workflow import Workflow
from .models import Case
from .permissions import Actor


def record(
    case: Case, workflow: Workflow, happenings: Sequence[Happening], before: OpenWork, after: OpenWork, *, by: Actor
) -> None:
    """Append what happened to the story of `case`, whose row still says how it stood before."""
    for happening in happenings:
        if happening.what in (What.DECIDED, What.ESCALATED):
            action = "decision:evaluated" if happening.what is What.DECIDED else "escalation:raised"
            audit.record(case, action, by=by, element=happening.element_id, details=happening.details)
    old, new = case.variables or {}, workflow.variables
    details: dict[str, Any] = {
        "path": [h.element_id for h in happenings if h.what is What.COMPLETED],
        "cancelled": [h.element_id for h in happenings if h.what is What.CANCELLED],
        "set": {name: value for name, value in new.items() if name not in old or old[name] != value},
        "unset": [name for name in old if name not in new],
        **_tasks(before, after),
    }
    said = {name: value for name, value in details.items() if value}
    if sorted(after.marked) != sorted(case.marked or []):
        said["marked"] = sorted(after.marked)
    stages = [_stage(workflow, happening) for happening in happenings if happening.what is What.ENTERED]
    if (entered := [stage for stage in stages if stage]) and entered[-1] != case.stage:
        said["stage"] = entered[-1]
    if said:
        audit.record(case, "case:advanced", by=by, details=said)


def _tasks(before: OpenWork, after: OpenWork) -> dict[str, Any]:
    known, wanted = {task.activity_id for task in before.tasks}, {task.activity_id for task in after.tasks}
    opened = [
        {"activity": task.activity_id, "element": task.element_id, "name": task.name or task.element_id}
        | ({"assignee": task.assignee} if task.assignee else {})
        for task in after.tasks
        if task.activity_id not in known
    ]
    return {"opened": opened, "closed": sorted(known - wanted)}


def _stage(workflow: Workflow, happening: Happening) -> str | None:
    element = workflow.definition.elements.get(happening.element_id)
    return element.attributes.get("stage") if element else None
