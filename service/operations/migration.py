"""MIGRATION of one case: `move` it to another version of its definition, and `bring_back`.

The engine's move is pure; here the rows follow by difference, so that who has claimed a task keeps it with what was
written about it. How the case stood before is kept for a while: as long as nothing happened in it since, it returns to
that, byte for byte. What the move sent or began outside is never undone, and then the way back is another move.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from service import audit
from service.db import db, local, new_id, to_json, utcnow
from service.engine.change.move import Moved
from service.engine.change.move import move as move_workflow
from service.engine.change.plan import Plan, Verdict
from service.engine.change.steps import Step
from service.engine.definition import ProcessInfo, Role
from service.engine.errors import EngineError, Unmovable
from service.engine.parser import Definition
from service.engine.work import OpenWork, What
from service.engine.workflow import Workflow
from service.errors import BadRequest, WrongState
from service.execution import calendars, facts, family, levels, offers, settling
from service.execution.definitions import deployed
from service.execution.projection import redraw
from service.execution.running import lock, save
from service.execution.stores import Stores
from service.languages import _
from service.models import (
    SYSTEM,
    Actor,
    Case,
    CaseMilestone,
    CaseRole,
    HumanTask,
    Incident,
    MigratedCase,
    Migration,
    MigrationState,
    Outcome,
    ProcessDefinition,
    TaskState,
)
from service.notifications import notify
from service.operations import judging, service_tasks
from service.policy.permissions import Action, require

KEPT_FOR = timedelta(days=30)  #: how long it is kept how a case stood before it was moved
EFFECTS = (What.MESSAGE_SENT, What.SIGNAL_SENT, What.CHILD_WANTED, What.STORED, What.COMPLETED)


@dataclass(frozen=True)
class Way:
    """From which version to which, how and why: what an order says, as plain values."""

    order_id: uuid.UUID
    source_id: uuid.UUID
    target_id: uuid.UUID
    plan: Plan
    reason: str
    returns_id: uuid.UUID | None = None  #: the order that is taken back
    by: Actor = SYSTEM
    up_to: Verdict = Verdict.PERSON  #: the worst verdict of a case that is moved
    steps: tuple[Step, ...] = ()  #: no move, but what is changed by hand (modification.py)


Told = dict[str, Any]  #: what is noted of a case in its `MigratedCase`, by column


def move(case: Case, target: ProcessDefinition, plan: Plan, *, by: Actor, reason: str) -> MigratedCase:
    """Let a case go on under another version. Raises `WrongState` where it has no place there, or could not end."""
    lock(case.id)
    require(by, Action.MIGRATE, case)
    way = Way(new_id(), case.definition_id, target.id, plan, said(reason))
    return _noted(case, way, carry(case, way, by=by), by=by)


def bring_back(case: Case, *, by: Actor, reason: str) -> MigratedCase:
    """Let a case stand again as before it was last moved. Raises `WrongState` where that cannot be, and says why."""
    lock(case.id)
    require(by, Action.MIGRATE, case)
    moved = last_of(case.id)
    if moved is None:
        raise WrongState(_("This case was not moved to another version, or has returned already."))
    before = db.session.get_one(Migration, moved.migration_id)
    way = Way(new_id(), before.target_id, before.source_id, Plan(), said(reason), before.id)
    told = give_back(case, way, moved, by=by)
    return _noted(case, way, told, by=by)


@dataclass(frozen=True)
class WayBack:
    """How a case stood before it was last moved, and would stand again."""

    order: Migration  #: by which it was moved
    elements: Mapping[str, int]  #: where its tokens stood, by element of the version before
    why_not: str  #: why it cannot return; empty where it can


def way_back(case: Case, *, by: Actor) -> WayBack | None:
    """To where the case could be brought back, to be looked at; nothing is changed. None where it was not moved."""
    require(by, Action.MIGRATE, case)
    moved = last_of(case.id)
    if moved is None:
        return None
    order = db.session.get_one(Migration, moved.migration_id)
    way = Way(order.id, order.target_id, order.source_id, Plan(), "", order.id)
    try:
        _require_open(case)
        kept = _require_kept(case, way, moved)
        former = _loaded(way.target_id, moved.snapshot, case, _known_before(case, kept))
    except WrongState as refusal:
        return WayBack(order, {}, str(refusal))
    return WayBack(order, Counter(former.open_work().marked), "")


def _noted(case: Case, way: Way, told: Told, *, by: Actor) -> MigratedCase:
    """An order of one case, which is done already."""
    order = Migration(
        id=way.order_id,
        source_id=way.source_id,
        target_id=way.target_id,
        plan=way.plan.as_json(),
        chosen={"numbers": [case.number]},
        reason=way.reason,
        state=MigrationState.DONE,
        up_to="",
        returns_id=way.returns_id,
        created_by=by.name,
        ended_at=utcnow(),
    )
    row = MigratedCase(migration=order, case_id=case.id, **told)
    db.session.add_all((order, row))
    return row


def last_of(case_id: uuid.UUID, migration_id: uuid.UUID | None = None) -> MigratedCase | None:
    """The last move of a case that was not taken back (or its move by one migration), with what is kept of it."""
    wanted = sa.select(MigratedCase).join(Migration).where(Migration.returns_id.is_(None))
    wanted = wanted.where(MigratedCase.case_id == case_id, MigratedCase.outcome == Outcome.MOVED)
    wanted = wanted.where(Migration.source_id != Migration.target_id)  # else it was changed by hand
    if migration_id is not None:
        wanted = wanted.where(MigratedCase.migration_id == migration_id)
    latest = wanted.order_by(MigratedCase.at.desc(), MigratedCase.migration_id.desc()).limit(1)
    options = (undefer(MigratedCase.snapshot), undefer(MigratedCase.kept))
    return db.session.scalars(latest.options(*options).execution_options(populate_existing=True)).one_or_none()


def carry(case: Case, way: Way, *, by: Actor) -> Told:
    """Move the locked `case`; what to note of it, with how it stood. Raises `WrongState`; then nothing is changed.

    While a case is on hold its clocks stand still, so that what begins to wait in it counts from when that began.
    """
    _require_open(case)
    if case.definition_id == way.target_id:
        raise WrongState(_("The case is of this version already."))
    source, target = deployed(case.definition_id), deployed(way.target_id)
    workflow = _loaded(case.definition_id, case.snapshot, case)
    try:
        moved = move_workflow(source.definition, target.definition, workflow, way.plan, now=workflow.now)
    except Unmovable as refusal:
        raise judging.NoPlace(str(refusal), refusal.element_id) from None
    judging.require(case, workflow, way.target_id, way.plan, way.up_to)
    returns = not _went_on(moved)
    stood, kept = case.snapshot, _kept(case, moved, source.definition.info, target.definition.info)
    details = {"from": source.version, "to": target.version, "reason": way.reason, "migration": str(way.order_id)}
    details |= {"plan": way.plan.as_json()} if way.plan != Plan() else {}
    kept |= _switch(case, target.id, way.plan.elements, by=by)
    stage = _stage_after(case.stage, source.definition, target.definition, way.plan, moved.after)
    details |= _told(case, stage, moved.before, moved.after)
    audit.record(case, "case:migrated", by=by, details=details)
    _leave_word(case, way, by)
    save(case, moved.workflow, moved.before, by=by)
    facts.refill(case)
    redraw(case, moved.before, moved.after)
    _measure(case, source.definition)
    told: Told = {"outcome": Outcome.MOVED, "message": None, "element_id": None, "at": utcnow()}
    if returns:
        kept["milestones"] = sorted(_milestones(case, target.definition.info) - set(kept["milestones"]))
        told |= {"snapshot": stood, "kept": kept, "stood": digest_of(case)}
    return told


def _leave_word(case: Case, way: Way, by: Actor) -> None:
    """Tell those who have a task in it, once for each order."""
    holders = sa.select(HumanTask.assignee).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    key, text = f"moved:{way.order_id}", f"{way.reason} It may be one of several cases that were moved together."
    notify(
        db.session.scalars(holders.where(HumanTask.assignee.is_not(None))), "moved", key, case=case, by=by, text=text
    )


def give_back(case: Case, way: Way, moved: MigratedCase, *, by: Actor) -> Told:
    """Let the locked `case` stand as before `moved`. Raises `WrongState`, which says what to do instead."""
    _require_open(case)
    kept = _require_kept(case, way, moved)
    present = _loaded(case.definition_id, case.snapshot, case)
    former = _loaded(way.target_id, moved.snapshot, case, _known_before(case, kept))
    before, after = present.open_work(), former.open_work()
    revived = _revive(kept)
    _restore(case, way.target_id, kept)
    told = _told(case, kept["stage"], before, after) | {"stage": kept["stage"]}
    told["tasks"] = told.get("tasks", {}) | {key: _task_told(row) for key, row in revived.items()}
    details: dict[str, Any] = {"from": deployed(way.source_id).version, "to": deployed(way.target_id).version}
    details |= {"reason": way.reason, "migration": str(way.order_id), **told}
    audit.record(case, "case:returned", by=by, details=details)
    _leave_word(case, way, by)
    again = tuple(task for task in after.tasks if task.activity_id in revived)
    save(case, former, replace(before, tasks=before.tasks + again), by=by)
    facts.refill(case)
    redraw(case, before, after)
    _measure(case, deployed(way.source_id).definition)
    _unbind_added(case, way.source_id, kept)
    _call_again(case, before, after)
    moved.outcome, moved.snapshot, moved.kept = Outcome.RETURNED, None, None
    return {"outcome": Outcome.MOVED, "message": None, "element_id": None, "at": utcnow()}


def _measure(case: Case, left: Definition) -> None:
    """Measure the case as its new version says, of which no step may have come yet."""
    if left.is_measured or deployed(case.definition_id).definition.is_measured:
        levels.recount(case)


def _require_kept(case: Case, way: Way, moved: MigratedCase) -> Mapping[str, Any]:
    """What rows said before; raises `WrongState` where the case cannot stand so again."""
    if moved.snapshot is None or moved.kept is None:
        gone = moved.at is not None and moved.at < utcnow() - KEPT_FOR
        why = "how it stood before is not kept any more" if gone else "it went on as it was moved"
        raise WrongState(_("The case cannot return: %(why)s. Move it to the former version with a plan.", why=why))
    if case.definition_id == way.target_id or moved.stood != digest_of(case):
        raise WrongState(
            _(
                "The case cannot return: something has happened in it since it was moved. Move it to the "
                "former version with a plan."
            )
        )
    return moved.kept


def digest_of(case: Case) -> bytes:
    """By which is known that nothing has happened in the case: what is open in it, and its data."""
    known = hashlib.sha256(case.snapshot or b"")
    known.update(to_json(case.variables).encode())
    return known.digest()


def said(reason: str) -> str:
    """The reason, which is mandatory."""
    if not reason.strip():
        raise BadRequest(_("Say why the cases are moved."), field="reason")
    return reason.strip()


def _require_open(case: Case) -> None:
    if case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))


def _loaded(
    definition_id: uuid.UUID, snapshot: bytes | None, case: Case, variables: Mapping[str, Any] | None = None
) -> Workflow:
    """The workflow of that version and snapshot, with the case's variables or these."""
    now, known = local(case.suspended_at or utcnow()), case.variables if variables is None else variables
    try:
        workflow = Workflow.load(deployed(definition_id).definition, snapshot or b"", known, now=now)
    except EngineError as unfit:
        raise WrongState(_("The case cannot be read: %(unfit)s", unfit=unfit)) from None
    workflow.stores, workflow.calendars = Stores(), calendars.working_time
    return workflow


def _went_on(moved: Moved) -> bool:
    """Whether the move did more than to carry and arm: others know of it, or steps were made."""
    before, after, happened = moved.before, moved.after, moved.workflow.run.happenings
    called = {each.activity_id for each in (*before.services, *before.children)}
    calls = {each.activity_id for each in (*after.services, *after.children)} - called
    cancelled = {each.activity_id for each in happened if each.what is What.CANCELLED}
    children = {each.activity_id for each in before.children}
    return bool({each.what for each in happened} & set(EFFECTS) or calls or children & cancelled)


# What rows say beside the workflow


def _kept(case: Case, moved: Moved, before: ProcessInfo, after: ProcessInfo) -> dict[str, Any]:
    """What rows of a case say before it moves, so far as the move changes it and the workflow does not know it."""
    held: set[str] = set()
    if _added_roles(before, after):
        held = set(db.session.scalars(sa.select(CaseRole.role).where(CaseRole.case_id == case.id)))
    return {
        "stage": case.stage,
        "milestones": sorted(_milestones(case, after)),
        "roles": sorted(held),
        "closed": [_open_task(row) for row in _given_up(case, moved)],
        "variables": _variables_before(case.variables, moved.workflow.variables),
    }


def _variables_before(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the move changes of the variables: how all of them were called, and the values that are no more."""
    gone = {name: value for name, value in before.items() if name not in after or after[name] is not value}
    return {"names": list(before), "values": gone} if gone or list(before) != list(after) else None


def _known_before(case: Case, kept: Mapping[str, Any]) -> dict[str, Any]:
    changed = kept["variables"]
    if changed is None:
        return case.variables
    known = {**case.variables, **changed["values"]}
    return {name: known[name] for name in changed["names"]}


def _added_roles(before: ProcessInfo, after: ProcessInfo) -> tuple[Role, ...]:
    known = {role.id for role in before.roles}
    return tuple(role for role in after.roles if role.id not in known)


def _milestones(case: Case, info: ProcessInfo) -> set[str]:
    """Those that the case has reached, where the version has any."""
    if not info.milestones:
        return set()
    db.session.flush()
    return set(db.session.scalars(sa.select(CaseMilestone.milestone).where(CaseMilestone.case_id == case.id)))


def _given_up(case: Case, moved: Moved) -> Iterable[HumanTask]:
    """The open tasks that the move takes away."""
    gone = {task.activity_id for task in moved.before.tasks} - {task.activity_id for task in moved.after.tasks}
    if not gone:
        return ()
    wanted = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.activity_id.in_(gone))
    return db.session.scalars(wanted.where(HumanTask.closed_at.is_(None)).order_by(HumanTask.id)).all()


def _open_task(row: HumanTask) -> dict[str, Any]:
    return {"id": str(row.id), "state": row.state.value, "offered": [each.principal for each in row.candidates]}


def _switch(case: Case, definition_id: uuid.UUID, names: Mapping[str, str | None], *, by: Actor) -> dict[str, Any]:
    """Pin the case to another version; what rows say by an element's id, they say by its new one. What they said."""
    info, before = deployed(definition_id).definition.info, deployed(case.definition_id).definition.info
    _repin(case, definition_id)
    kept: dict[str, Any] = {}
    renamed = {old: new for old, new in names.items() if new is not None and new != old and ":" not in old}
    if renamed:
        done = renamed.keys() & (case.visits or {}).keys()
        kept = {"visits": case.visits, "done": _rename_done(case, renamed) if done else {}}
        kept["incidents"] = settling.rename(case, renamed)
        case.visits = {renamed.get(name, name): number for name, number in (case.visits or {}).items()}
    if added := _added_roles(before, info):
        family.bind(case, replace(info, roles=added), (), by=by)
        db.session.flush()
    return kept


def _repin(case: Case, definition_id: uuid.UUID) -> None:
    case.definition_id = definition_id
    db.session.expire(case, ["definition"])


def _rename_done(case: Case, renamed: Mapping[str, str]) -> dict[str, str]:
    """Four eyes: who did a step is known by the step's id. How the tasks were called, by their ids."""
    wanted = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.element_id.in_(renamed))
    rows = db.session.scalars(wanted.where(HumanTask.closed_at.is_not(None))).all()
    before = {str(row.id): row.element_id for row in rows}
    for row in rows:
        row.element_id = renamed[row.element_id]
    return before


def _restore(case: Case, definition_id: uuid.UUID, kept: Mapping[str, Any]) -> None:
    """Let the rows say what they said."""
    _repin(case, definition_id)
    case.stage, case.visits = kept["stage"], kept.get("visits", case.visits)
    for incident_id, element_id in kept.get("incidents", {}).items():
        if (row := db.session.get(Incident, uuid.UUID(incident_id))) is not None:
            row.element_id = element_id
    for task_id, element_id in kept.get("done", {}).items():
        db.session.get_one(HumanTask, uuid.UUID(task_id)).element_id = element_id
    if kept["milestones"]:
        reached = CaseMilestone.case_id == case.id, CaseMilestone.milestone.in_(kept["milestones"])
        db.session.execute(sa.delete(CaseMilestone).where(*reached), execution_options={"synchronize_session": False})


def _unbind_added(case: Case, left: uuid.UUID, kept: Mapping[str, Any]) -> None:
    """Take the roles away that the case has only because it was of the version that it has `left`."""
    here, there = (deployed(each).definition.info for each in (case.definition_id, left))
    added = {role.id for role in _added_roles(here, there)} - set(kept["roles"])
    if not added:
        return
    bound = sa.delete(CaseRole).where(CaseRole.case_id == case.id, CaseRole.role.in_(sorted(added)))
    db.session.execute(bound, execution_options={"synchronize_session": False})


def _revive(kept: Mapping[str, Any]) -> dict[str, HumanTask]:
    """Open the tasks again that the plan took away; by activity."""
    found = {}
    for said_ in kept["closed"]:
        row = db.session.get(HumanTask, uuid.UUID(said_["id"]))
        if row is None or row.activity_id is None:
            continue
        row.state, row.closed_at = TaskState(said_["state"]), None
        offers.offer(row, said_["offered"])
        found[row.activity_id] = row
    return found


def _call_again(case: Case, before: OpenWork, after: OpenWork) -> None:
    """Calls that the plan took away are wanted again."""
    known = {each.activity_id for each in before.services}
    if again := tuple(each for each in after.services if each.activity_id not in known):
        service_tasks.call_again(case, OpenWork(services=again))


# What the story says of it


def _told(case: Case, stage: str | None, before: OpenWork, after: OpenWork) -> dict[str, Any]:
    """How open tasks are called after, and in which stage the case is; queries/moments.py reads it."""
    known = {task.activity_id: task for task in before.tasks}
    tasks = {
        new.activity_id: {"element": new.element_id, "name": new.name or new.element_id}
        for new in after.tasks
        if (old := known.get(new.activity_id)) and (old.element_id, old.name) != (new.element_id, new.name)
    }
    details: dict[str, Any] = {"tasks": tasks} if tasks else {}
    if stage != case.stage:
        case.stage = details["stage"] = stage
    return details


def _stage_after(stage: str | None, source: Definition, target: Definition, plan: Plan, after: OpenWork) -> str | None:
    """In which stage a case is that was in `stage`: another one where the move brings a token to an element of another
    one, or where the version after does not know it."""
    former = {new: old for old, new in plan.elements.items() if new is not None}
    there = [(_stage_of(target, name), _stage_of(source, former.get(name, name))) for name in after.marked]
    if changed := [new for new, old in there if new and new != old]:
        return changed[-1]
    if stage is None or stage in {each.id for each in target.info.stages}:
        return stage
    return next((new for new, _ in there if new), None)


def _stage_of(definition: Definition, name: str) -> str | None:
    element = definition.elements.get(name)
    return element.attributes.get("stage") if element else None


def _task_told(row: HumanTask) -> dict[str, Any]:
    return {"element": row.element_id, "name": row.name, "assignee": row.assignee}
