"""LOCK, LOAD, RUN, SAVE.

The rule to know: inside `running(case)` the case row is locked and everything read before is read again; when the
block ends, what the engine waits for is compared with what it waited for before, and only the difference is written.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import audit, logs
from service.db import db, local, rows, utcnow
from service.engine.work import OpenWork, WorkflowState
from service.engine.workflow import Workflow
from service.errors import NotFound, WrongState
from service.execution import calendars, drafts, family, history, levels, milestones, settling, stores
from service.execution.definitions import deployed
from service.execution.outbox import send
from service.execution.projection import write_calls, write_case, write_subscriptions, write_tasks, write_timers
from service.languages import _
from service.models import (
    Actor,
    Case,
    CaseState,
    HumanTask,
    Incident,
    TaskCandidate,
)

_WHOLE = rows.Query([Case], lambda select: select.where(Case.id == sa.bindparam("case_id")).with_for_update())
_READ_AT = "version of the case with which it was read"


def lock(case_id: uuid.UUID, task: HumanTask | None = None) -> Case:
    """Wait for our turn at the case; what was read before may be stale, so all of it is read again.

    Except `task`, where it was read together with its case (`read_at`) whose version is still the same: every change
    of a task changes its case.
    """
    db.session.flush()
    seen, kept = _kept(task) if task is not None else (None, [])
    _expire_all_but(kept)
    found = _WHOLE.one_or_none(db.session(), case_id=case_id)
    case: Case | None = found[0] if found else None
    if case is None or case.version != seen:
        for row in kept:
            db.session.expire(row)
    if case is None:
        raise NotFound(_("This case is gone."))
    logs.about(case.number)
    return case


def _kept(task: HumanTask) -> tuple[int | None, list[Any]]:
    """At which version of its case the task was read, and what need not be read again if it still has that version."""
    seen = sa.inspect(task).info.pop(_READ_AT, None)
    candidates = [row for row in task.__dict__.get("candidates", ()) if isinstance(row, TaskCandidate)]
    return seen, [] if seen is None else [task, *candidates]


def _expire_all_but(kept: Sequence[Any]) -> None:
    if not kept:
        db.session.expire_all()
        return
    for row in list(db.session):
        if not any(row is each for each in kept):
            db.session.expire(row)


def read_at(task: HumanTask, version: int) -> None:
    """Note that `task` was read in the very statement that read its case at `version`."""
    sa.inspect(task).info[_READ_AT] = version


@contextmanager
def running(
    case_id: uuid.UUID,
    *,
    by: Actor,
    allowed: Callable[[Case], None] | None = None,
    task: HumanTask | None = None,
    now: datetime | None = None,
) -> Iterator[Workflow]:
    """The case's workflow, locked and loaded; what the block does with it is saved and projected when the block ends.

    `allowed` raises for who may not do this, before anything is said of the case's state. Raises `WrongState` when the
    case is not active. `task`: as `lock` has it. `now`: the workflow's time, where that is
    not for this process's clock to say.
    """
    case = lock(case_id, task)
    if allowed is not None:
        allowed(case)
    if case.state is not CaseState.ACTIVE:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    workflow = load(case, now=now)
    workflow.stores = stores.Stores()
    before = workflow.open_work()
    workflow.take_happenings()
    yield workflow
    save(case, workflow, before, by=by)


def load(case: Case, *, now: datetime | None = None) -> Workflow:
    """The workflow of `case` as it stands in its row. `now`: as `running` has it. Raises `Unfit`."""
    definition = deployed(case.definition_id).definition
    workflow = Workflow.load(definition, case.snapshot or b"", case.variables, now=local(now or utcnow()))
    workflow.calendars = calendars.working_time
    return workflow


def save(case: Case, workflow: Workflow, before: OpenWork, *, by: Actor) -> None:
    """Write what became of `workflow` into `case` and its rows."""
    stood = case.state
    happenings = workflow.take_happenings()
    after = workflow.open_work()
    history.record(case, workflow, happenings, before, after, by=by)
    milestones.reach(case, workflow, happenings, by=by)
    write_case(case, workflow, happenings, after)
    closed = write_tasks(case, before.tasks, after.tasks, by=by)
    write_calls(case, before.services, after.services)
    write_timers(case, before.timers, after.timers, by=by)
    write_subscriptions(case, before.subscriptions, after.subscriptions)
    send(case, happenings, before, after)
    stores.keep(case, happenings)
    settling.settle(case, happenings, after, by=by)
    if workflow.state is WorkflowState.FAILED and stood is not CaseState.FAILED:
        _fail(case, workflow, by)
    elif case.state.is_closed:
        case.closed_at = utcnow()
        audit.record(case, f"case:{case.state}", by=by)
    if case.state not in (CaseState.ACTIVE, stood):
        family.ended(case)
    drafts.drop(closed)
    levels.keep(case)


def _fail(case: Case, workflow: Workflow, by: Actor) -> None:
    failure = workflow.failure
    message = failure.message if failure else "The case cannot go on."
    element = failure.element_id if failure else None
    case.reason = message
    db.session.add(
        Incident(
            case_id=case.id,
            element_id=element,
            activity_id=failure.activity_id if failure else None,
            message=message,
        )
    )
    audit.record(case, "case:failed", by=by, element=element, details={"reason": message})
