"""MIGRATION of one case: `move` it to another version of its definition, and `bring_back`.

The engine's move is pure; here the rows follow by difference, so that who has claimed a task keeps it with what was
written about it. How the case stood before is kept for a while: as long as nothing happened in it since, it returns to
that, byte for byte. What the move sent or began outside is never undone, and then the way back is another move.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from service import audit
from service.db import db, local, new_id, to_json, utcnow
from service.engine.change.move import Moved
from service.engine.change.move import move as move_workflow
from service.engine.change.plan import Plan
from service.engine.definition import ProcessInfo
from service.engine.errors import EngineError, Unmovable
from service.engine.work import OpenWork, What
from service.engine.workflow import Workflow
from service.errors import BadRequest, WrongState
from service.execution import family
from service.execution.definitions import deployed
from service.execution.projection import redraw
from service.execution.running import lock, save
from service.execution.stores import Stores
from service.models import (
    Actor,
    Case,
    CaseMilestone,
    CaseRole,
    HumanTask,
    MigratedCase,
    Migration,
    MigrationState,
    Outcome,
    ProcessDefinition,
    TaskCandidate,
    TaskState,
)
from service.operations import service_tasks
from service.policy.permissions import Action, require

KEPT_FOR = timedelta(days=30)  #: how long it is kept how a case stood before it was moved
EFFECTS = (What.MESSAGE_SENT, What.SIGNAL_SENT, What.CHILD_WANTED, What.STORED, What.COMPLETED)


def move(case: Case, target: ProcessDefinition, plan: Plan, *, by: Actor, reason: str) -> MigratedCase:
    """Let a case go on under another version. Raises `WrongState` where an element of it has no place there."""
    lock(case.id)
    require(by, Action.MIGRATE, case)
    order = Migration(
        id=new_id(),
        source_id=case.definition_id,
        target_id=target.id,
        plan=plan.as_json(),
        chosen={"numbers": [case.number]},
        reason=said(reason),
        state=MigrationState.DONE,
        up_to="",
        created_by=by.name,
        ended_at=utcnow(),
    )
    moved = MigratedCase(migration=order, case_id=case.id)
    carry(case, order, moved, by=by)
    db.session.add_all((order, moved))
    return moved


def bring_back(case: Case, *, by: Actor, reason: str) -> MigratedCase:
    """Let a case stand again as before it was last moved. Raises `WrongState` where that cannot be, and says why."""
    lock(case.id)
    require(by, Action.MIGRATE, case)
    moved = last_of(case.id)
    if moved is None:
        raise WrongState("This case was not moved to another version, or has returned already.")
    before = db.session.get_one(Migration, moved.migration_id)
    order = Migration(
        id=new_id(),
        source_id=before.target_id,
        target_id=before.source_id,
        plan={},
        chosen={"numbers": [case.number]},
        reason=said(reason),
        state=MigrationState.DONE,
        up_to="",
        returns_id=before.id,
        created_by=by.name,
        ended_at=utcnow(),
    )
    returned = MigratedCase(migration=order, case_id=case.id)
    give_back(case, order, moved, returned, by=by)
    db.session.add_all((order, returned))
    return returned


def last_of(case_id: uuid.UUID, migration_id: uuid.UUID | None = None) -> MigratedCase | None:
    """The last move of a case that was not taken back (or its move by one migration), with what is kept of it."""
    wanted = sa.select(MigratedCase).join(Migration).where(Migration.returns_id.is_(None))
    wanted = wanted.where(MigratedCase.case_id == case_id, MigratedCase.outcome == Outcome.MOVED)
    if migration_id is not None:
        wanted = wanted.where(MigratedCase.migration_id == migration_id)
    latest = wanted.order_by(MigratedCase.at.desc(), MigratedCase.migration_id.desc()).limit(1)
    options = (undefer(MigratedCase.snapshot), undefer(MigratedCase.kept))
    return db.session.scalars(latest.options(*options).execution_options(populate_existing=True)).one_or_none()


def carry(case: Case, order: Migration, row: MigratedCase, *, by: Actor) -> None:
    """Move the locked `case` as `order` says, and note in `row` how it stood. Raises `WrongState`; nothing is changed.

    While a case is on hold its clocks stand still, so that what begins to wait in it counts from when that began.
    """
    _require_open(case)
    if case.definition_id == order.target_id:
        raise WrongState("The case is of this version already.")
    source, target = deployed(case.definition_id), deployed(order.target_id)
    plan = Plan.from_json(order.plan)
    workflow = _loaded(case.definition_id, case.snapshot, case)
    try:
        moved = move_workflow(source.definition, target.definition, workflow, plan, now=workflow.now)
    except Unmovable as refusal:
        row.element_id = refusal.element_id
        raise WrongState(str(refusal)) from None
    happened = moved.workflow.run.happenings
    went_on = _went_on(
        moved, {each.what for each in happened}, {e.activity_id for e in happened if e.what == "cancelled"}
    )
    stood = None if went_on else case.snapshot
    kept = _kept(case, moved)
    details = {"from": source.version, "to": target.version, "reason": order.reason, "migration": str(order.id)}
    details |= {"plan": order.plan} if order.plan else {}
    kept |= _switch(case, target.id, plan.elements, by=by)
    details |= _told(case, target.definition.info, moved.before, moved.after)
    audit.record(case, "case:migrated", by=by, details=details)
    save(case, moved.workflow, moved.before, by=by)
    redraw(case, moved.before, moved.after)
    row.outcome, row.at, row.snapshot = Outcome.MOVED, utcnow(), stood
    row.kept = {**kept, "milestones": _milestones_since(case, kept)} if stood else None
    row.stood = digest_of(case) if stood else None


def give_back(case: Case, order: Migration, moved: MigratedCase, row: MigratedCase, *, by: Actor) -> None:
    """Let the locked `case` stand as before `moved`. Raises `WrongState`, which says what to do instead."""
    _require_open(case)
    if moved.snapshot is None or moved.kept is None:
        gone = moved.at is not None and moved.at < utcnow() - KEPT_FOR
        why = "how it stood before is not kept any more" if gone else "it went on as it was moved"
        raise WrongState(f"The case cannot return: {why}. Move it to the former version with a plan.")
    if case.definition_id == order.target_id or moved.stood != digest_of(case):
        raise WrongState(
            "The case cannot return: something has happened in it since it was moved. Move it to the former version"
            " with a plan."
        )
    kept, present = moved.kept, _loaded(case.definition_id, case.snapshot, case)
    former = _loaded(order.target_id, moved.snapshot, case)
    before, after = present.open_work(), former.open_work()
    revived = _revive(kept)
    _restore(case, order.target_id, kept)
    told = _told(case, None, before, after)
    told["tasks"] = told.get("tasks", {}) | {key: _task_told(row_) for key, row_ in revived.items()}
    details: dict[str, Any] = {"from": deployed(order.source_id).version, "to": deployed(order.target_id).version}
    details |= {"reason": order.reason, "migration": str(order.id), **told}
    audit.record(case, "case:returned", by=by, details=details)
    again = tuple(task for task in after.tasks if task.activity_id in revived)
    save(case, former, replace(before, tasks=before.tasks + again), by=by)
    redraw(case, before, after)
    _unbind_added(case, order.source_id, kept)
    _call_again(case, before, after)
    moved.outcome, moved.snapshot, moved.kept = Outcome.RETURNED, None, None
    row.outcome, row.at = Outcome.MOVED, utcnow()


def digest_of(case: Case) -> bytes:
    """By which is known that nothing has happened in the case: what is open in it, and its data."""
    known = hashlib.sha256(case.snapshot or b"")
    known.update(to_json(case.variables).encode())
    return known.digest()


def said(reason: str) -> str:
    """The reason, which is mandatory."""
    if not reason.strip():
        raise BadRequest("Say why the cases are moved.", field="reason")
    return reason.strip()


def _require_open(case: Case) -> None:
    if case.state.is_closed:
        raise WrongState(f"This case is {case.state}.")


def _loaded(definition_id: uuid.UUID, snapshot: bytes | None, case: Case) -> Workflow:
    now = local(case.suspended_at or utcnow())
    try:
        workflow = Workflow.load(deployed(definition_id).definition, snapshot or b"", now=now)
    except EngineError as unfit:
        raise WrongState(f"The case cannot be read: {unfit}") from None
    workflow.stores = Stores()
    return workflow


def _went_on(moved: Moved, what: set[What], cancelled: set[str | None]) -> bool:
    """Whether the move did more than to carry and arm: others know of it, or steps were made."""
    before, after = moved.before, moved.after
    called = {each.activity_id for each in (*before.services, *before.children)}
    calls = {each.activity_id for each in (*after.services, *after.children)} - called
    return bool(what & set(EFFECTS) or calls or {each.activity_id for each in before.children} & cancelled)


# What rows say beside the workflow


def _kept(case: Case, moved: Moved) -> dict[str, Any]:
    """What rows of a case say before it moves, so far as the move changes it and the workflow does not know it."""
    milestones = sa.select(CaseMilestone.milestone).where(CaseMilestone.case_id == case.id)
    roles = sa.select(CaseRole.role).where(CaseRole.case_id == case.id)
    return {
        "stage": case.stage,
        "reached": sorted(db.session.scalars(milestones)),
        "roles": sorted(set(db.session.scalars(roles))),
        "closed": [_open_task(row) for row in _given_up(case, moved)],
    }


def _given_up(case: Case, moved: Moved) -> Iterable[HumanTask]:
    """The open tasks that the move takes away."""
    gone = {task.activity_id for task in moved.before.tasks} - {task.activity_id for task in moved.after.tasks}
    if not gone:
        return ()
    wanted = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.activity_id.in_(gone))
    return db.session.scalars(wanted.where(HumanTask.closed_at.is_(None)).order_by(HumanTask.id)).all()


def _open_task(row: HumanTask) -> dict[str, Any]:
    return {"id": str(row.id), "state": row.state.value, "offered": [each.principal for each in row.candidates]}


def _milestones_since(case: Case, kept: Mapping[str, Any]) -> list[str]:
    db.session.flush()
    now = set(db.session.scalars(sa.select(CaseMilestone.milestone).where(CaseMilestone.case_id == case.id)))
    return sorted(now - set(kept["reached"]))


def _switch(case: Case, definition_id: uuid.UUID, names: Mapping[str, str | None], *, by: Actor) -> dict[str, Any]:
    """Pin the case to another version; what rows say by an element's id, they say by its new one. What they said."""
    info, before = deployed(definition_id).definition.info, deployed(case.definition_id).definition.info
    _repin(case, definition_id)
    kept: dict[str, Any] = {}
    renamed = {old: new for old, new in names.items() if new is not None and new != old and ":" not in old}
    if renamed:
        kept = {"visits": case.visits, "done": _rename_done(case, renamed)}
        case.visits = {renamed.get(name, name): number for name, number in (case.visits or {}).items()}
    known = {role.id for role in before.roles}
    if added := tuple(role for role in info.roles if role.id not in known):
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
    for task_id, element_id in kept.get("done", {}).items():
        db.session.get_one(HumanTask, uuid.UUID(task_id)).element_id = element_id
    milestones = sa.delete(CaseMilestone).where(
        CaseMilestone.case_id == case.id, CaseMilestone.milestone.in_(kept["milestones"])
    )
    db.session.execute(milestones, execution_options={"synchronize_session": False})


def _unbind_added(case: Case, left: uuid.UUID, kept: Mapping[str, Any]) -> None:
    """Take the roles away that the case has only because it was of the version that it has `left`."""
    there, here = ({role.id for role in deployed(each).definition.info.roles} for each in (left, case.definition_id))
    added = there - here - set(kept["roles"])
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
        db.session.add_all(TaskCandidate(task_id=row.id, principal=each) for each in said_["offered"])
        found[row.activity_id] = row
    return found


def _call_again(case: Case, before: OpenWork, after: OpenWork) -> None:
    """Calls that the plan took away are wanted again."""
    known = {each.activity_id for each in before.services}
    if again := tuple(each for each in after.services if each.activity_id not in known):
        service_tasks.call_again(case, OpenWork(services=again))


# What the story says of it


def _told(case: Case, info: ProcessInfo | None, before: OpenWork, after: OpenWork) -> dict[str, Any]:
    """How open tasks are called after, and in which stage the case is; queries/moments.py reads it."""
    known = {task.activity_id: task for task in before.tasks}
    tasks = {
        new.activity_id: {"element": new.element_id, "name": new.name or new.element_id}
        for new in after.tasks
        if (old := known.get(new.activity_id)) and (old.element_id, old.name) != (new.element_id, new.name)
    }
    details: dict[str, Any] = {"tasks": tasks} if tasks else {}
    if info is None:
        details["stage"] = case.stage
    elif case.stage is not None and case.stage not in {stage.id for stage in info.stages}:
        case.stage = details["stage"] = _stage(case, after)
    return details


def _stage(case: Case, after: OpenWork) -> str | None:
    """The stage of what is open, where the version after does not know the one that the case was in."""
    elements = deployed(case.definition_id).definition.elements
    stages = (elements[name].attributes.get("stage") for name in after.marked if name in elements)
    return next((stage for stage in stages if stage), None)


def _task_told(row: HumanTask) -> dict[str, Any]:
    return {"element": row.element_id, "name": row.name, "assignee": row.assignee}
