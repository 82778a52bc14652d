"""At any moment: a case's data, open tasks, stage and marks as they stood after one of its audit entries."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.engine.definition import Element
from service.errors import NotFound
from service.execution.definitions import deployed
from service.languages import _
from service.models import Actor, AuditEntry, Case, CaseState, HumanTask, ProcessDefinition
from service.models.audit import said_then
from service.policy.permissions import Action, require

Entry = AuditEntry | sa.Row[Any]
Details = Mapping[str, Any]
Activities = Mapping[str, str]
MOVES = ("case:migrated", "case:returned")


@dataclass
class TaskThen:
    """A task that was open then."""

    name: str
    element_id: str
    assignee: str | None


@dataclass
class Moment:
    """How a case stood."""

    seq: int
    at: datetime
    state: CaseState = CaseState.ACTIVE
    stage: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    marked: Mapping[str, int] = field(default_factory=dict)  #: element id -> how many tokens stood there
    tasks: dict[str, TaskThen] = field(default_factory=dict)  #: by activity, or the id of a task that nobody drew


def at(case: Case, seq: int, *, actor: Actor) -> Moment:
    """How a case that `actor` may read stood after its entry `seq`. Raises `NotFound` when there is no such entry."""
    require(actor, Action.READ_CASE, case)
    entries = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.seq <= seq).order_by(AuditEntry.seq)
    ).all()
    if not entries or entries[-1].seq != seq:
        raise NotFound(_("This case has no entry %(seq)s.", seq=seq))
    rows = db.session.execute(sa.select(HumanTask.id, HumanTask.activity_id).where(HumanTask.case_id == case.id))
    activities = {str(row.id): row.activity_id or str(row.id) for row in rows}
    return replay(entries, _definition_after(case, seq), activities)


def _definition_after(case: Case, seq: int) -> uuid.UUID:
    """The version of which the case was after its entry `seq`."""
    later = sa.select(AuditEntry.details).where(
        AuditEntry.case_id == case.id, AuditEntry.seq > seq, AuditEntry.action.in_(MOVES)
    )
    details = db.session.scalars(later.order_by(AuditEntry.seq).limit(1)).one_or_none()
    return case.definition_id if details is None else _version(case.case_type, details["from"]) or case.definition_id


def replay(entries: Sequence[Entry], definition_id: uuid.UUID, activities: Activities) -> Moment:
    """How a case stood after all of these `entries`, its first ones. `definition_id`: the version that it has then;
    `activities`: of its tasks, by the task's id."""
    moment = Moment(entries[-1].seq, entries[-1].at)
    elements = _elements_at_first(entries, definition_id)
    for entry in entries:
        if entry.action in MOVES:
            elements = elements_of(definition_id, (entry.details or {})["to"])
        go_on(moment, entry, elements, activities)
    return moment


def go_on(moment: Moment, entry: Entry, elements: Mapping[str, Element], activities: Activities) -> None:
    """Let `moment` be how the case stood after its next entry."""
    moment.seq, moment.at = entry.seq, entry.at
    step = _REPLAY.get(entry.action)
    if step is not None:
        step(moment, entry, entry.details or {}, activities)
    _advance(moment, said_then(entry.action, entry.details), elements)
    if entry.action == "adhoc:activated":
        _given_at_once(moment, entry)
    elif entry.action in MOVES:
        _moved(moment, entry.details or {})


def _elements_at_first(entries: Sequence[Entry], definition_id: uuid.UUID) -> Mapping[str, Element]:
    """The elements of the version that the case began with: the story of a move tells which one it was before."""
    before = next(((entry.details or {})["from"] for entry in entries if entry.action in MOVES), None)
    return elements_of(definition_id, before)


def elements_of(definition_id: uuid.UUID, version: int | None) -> Mapping[str, Element]:
    """The elements of this version of the process of which `definition_id` is one; None: of that one."""
    found = deployed(definition_id)
    if version is not None and version != found.version:
        found = deployed(_version(found.key, version) or definition_id)
    return found.definition.elements


def _version(key: str, version: int) -> uuid.UUID | None:
    chosen = sa.select(ProcessDefinition.id).where(ProcessDefinition.key == key, ProcessDefinition.version == version)
    return db.session.scalar(chosen)


def _advance(moment: Moment, then: Details, elements: Mapping[str, Element]) -> None:
    """What the engine did, as execution/history.py wrote it."""
    moment.variables.update(then.get("set", {}))
    for name in then.get("unset", ()):
        moment.variables.pop(name, None)
    for activity in then.get("closed", ()):
        moment.tasks.pop(activity, None)
    for task in then.get("opened", ()):
        drawn = elements[task["element"]].name if task["element"] in elements else ""
        name = task.get("name") or drawn or task["element"]
        moment.tasks[task["activity"]] = TaskThen(name, task["element"], task.get("assignee"))
    if "marked" in then:
        moment.marked = dict(Counter(then["marked"]))
    moment.stage = then.get("stage", moment.stage)


def _moved(moment: Moment, details: Details) -> None:
    """The case goes on under another version: what is open may be called otherwise, and stand in another stage."""
    for activity, said in details.get("tasks", {}).items():
        known = moment.tasks.get(activity)
        assignee = said.get("assignee", known.assignee if known else None)
        moment.tasks[activity] = TaskThen(said["name"], said["element"], assignee)
    if "stage" in details and "stage" not in details.get("then", {}):
        moment.stage = details["stage"]


def _state(state: CaseState) -> Callable[[Moment, Entry, Details, Activities], None]:
    def replay(moment: Moment, _entry: Entry, _details: Details, _activities: Activities) -> None:
        moment.state = state
        if state.is_closed:
            moment.tasks, moment.marked = {}, {}

    return replay


def _added(moment: Moment, _entry: Entry, details: Details, _activities: Activities) -> None:
    moment.tasks[details["task"]] = TaskThen(details["name"], "", details.get("to"))


def _gone(moment: Moment, _entry: Entry, details: Details, activities: Activities) -> None:
    moment.tasks.pop(activities.get(details.get("task", ""), ""), None)


def _given(moment: Moment, entry: Entry, details: Details, activities: Activities) -> None:
    task = moment.tasks.get(activities.get(details.get("task", ""), ""))
    if task is not None:
        task.assignee = entry.actor if entry.action == "task:claimed" else details.get("to")


def _given_at_once(moment: Moment, entry: Entry) -> None:
    """Ad hoc work that was started for somebody: the task is theirs as it begins."""
    begun = {task["activity"] for task in said_then(entry.action, entry.details).get("opened", ())}
    for activity in begun & moment.tasks.keys():
        task = moment.tasks[activity]
        if task.element_id == entry.element_id and "to" in (entry.details or {}):
            task.assignee = (entry.details or {})["to"]


def _retried(moment: Moment, _entry: Entry, _details: Details, _activities: Activities) -> None:
    """A failed case goes on; a job that is tried again says nothing of its case's state."""
    if moment.state is CaseState.FAILED:
        moment.state = CaseState.ACTIVE


def _modified(moment: Moment, _entry: Entry, details: Details, _activities: Activities) -> None:
    """Changed by hand: a failed case may go on by that, or stay where it failed."""
    if details.get("goes_on"):
        moment.state = CaseState.ACTIVE


def _handed_over(moment: Moment, _entry: Entry, details: Details, activities: Activities) -> None:
    released = {activities.get(task, "") for task in details.get("released", ())}
    for activity, task in moment.tasks.items():
        if task.assignee == details["from"]:
            task.assignee = None if activity in released else details["to"]


_REPLAY: Mapping[str, Callable[[Moment, Entry, Details, Activities], None]] = {
    "case:suspended": _state(CaseState.SUSPENDED),
    "case:resumed": _state(CaseState.ACTIVE),
    "case:reopened": _state(CaseState.ACTIVE),
    "case:failed": _state(CaseState.FAILED),
    "incident:retried": _retried,
    "case:modified": _modified,
    "case:completed": _state(CaseState.COMPLETED),
    "case:terminated": _state(CaseState.TERMINATED),
    "task:added": _added,
    "task:completed": _gone,
    "task:withdrawn": _gone,
    "task:claimed": _given,
    "task:released": _given,
    "task:assigned": _given,
    "task:unassigned": _given,
    "task:given": _given,
    "task:delegated": _given,
    "task:handed-back": _given,
    "task:sent-back": _given,
    "role:handed-over": _handed_over,
}
