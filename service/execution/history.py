"""WHAT THE ENGINE DID, in the audit: decisions one by one; all else in the entry of the act that led to it, as `then`,
or as an entry `case:advanced` of its own where there is no such entry just before it.

It holds every change of the data, the open tasks, the marks in the diagram and the stage, so that queries/moments.py
can tell how the case stood after any entry. What is left out did not change: also a task that `task:completed` names
anyway, and a task's name where the diagram has it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from service import audit
from service.db import db
from service.engine.work import Happening, OpenWork, What
from service.engine.workflow import Workflow
from service.models import Actor, AuditEntry, Case, HumanTask


def record(
    case: Case, workflow: Workflow, happenings: Sequence[Happening], before: OpenWork, after: OpenWork, *, by: Actor
) -> None:
    """Append what happened to the story of `case`, whose row still says how it stood before."""
    act = audit.unsent(case, by=by)
    for happening in happenings:
        if happening.what in (What.DECIDED, What.ESCALATED):
            act = None
            action = "decision:evaluated" if happening.what is What.DECIDED else "escalation:raised"
            audit.record(case, action, by=by, element=happening.element_id, details=happening.details)
    old, new = case.variables or {}, workflow.variables
    details: dict[str, Any] = {
        "path": [h.element_id for h in happenings if h.what is What.COMPLETED],
        "cancelled": [h.element_id for h in happenings if h.what is What.CANCELLED],
        "set": {name: value for name, value in new.items() if name not in old or old[name] != value},
        "unset": [name for name in old if name not in new],
        **_tasks(workflow, before, after, _completed(act)),
    }
    said = _not_empty(details)
    if sorted(after.marked) != sorted(case.marked or []):
        said["marked"] = sorted(after.marked)
    stages = [_stage(workflow, happening) for happening in happenings if happening.what is What.ENTERED]
    if (entered := [stage for stage in stages if stage]) and entered[-1] != case.stage:
        said["stage"] = entered[-1]
    if said and act is not None:
        audit.add_to(act, case, {"then": said})
    elif said:
        audit.record(case, "case:advanced", by=by, details=said)


def _tasks(workflow: Workflow, before: OpenWork, after: OpenWork, completed: set[str | None]) -> dict[str, Any]:
    known, wanted = {task.activity_id for task in before.tasks}, {task.activity_id for task in after.tasks}
    elements = workflow.definition.elements
    opened = []
    for task in after.tasks:
        if task.activity_id not in known:
            drawn = elements[task.element_id].name if task.element_id in elements else ""
            name = task.name or task.element_id
            said = {"name": "" if name == (drawn or task.element_id) else name, "assignee": task.assignee}
            opened.append({"activity": task.activity_id, "element": task.element_id, **_not_empty(said)})
    return {"opened": opened, "closed": sorted(known - wanted - completed)}


def _not_empty(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value}


def _completed(act: AuditEntry | None) -> set[str | None]:
    """The activity of the task that this entry says was completed."""
    if act is None or act.action != "task:completed":
        return set()
    return {db.session.get_one(HumanTask, uuid.UUID((act.details or {})["task"])).activity_id}


def _stage(workflow: Workflow, happening: Happening) -> str | None:
    element = workflow.definition.elements.get(happening.element_id)
    return element.attributes.get("stage") if element else None
