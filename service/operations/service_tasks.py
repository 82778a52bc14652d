"""Service tasks: what one `wanted`, and what came of it: `finish`, `fail`, or `put_off` until it is tried again. The
call between is worker/job_types.py's.

A call is made outside of any transaction and may be repeated; its effect on the case is taken once. What comes back for
a task that no longer waits is dropped; a case that was on hold calls again when it goes on, with the same key.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from service import audit, jobs
from service.connectors import Call, CallFailed
from service.db import db, to_json, utcnow
from service.engine.errors import EngineError, NotReady
from service.engine.work import OpenService, OpenWork
from service.engine.workflow import Workflow
from service.errors import WrongState
from service.execution.running import load, lock, running
from service.languages import _
from service.models import SYSTEM, Actor, Case, CaseState, PendingCall

log = logging.getLogger(__name__)
KEPT = 65_536  #: characters of JSON that are kept of the answer to a call that is tried again


def wanted(case_id: uuid.UUID, activity_id: str) -> Call | None:
    """The call that the task waits for; None when nobody waits for it now."""
    case = _case(case_id)
    if case is None or case.state is not CaseState.ACTIVE:
        return None
    task = _open(case, activity_id)
    return Call(task.kind, dict(task.inputs), f"{case_id}:{activity_id}") if task else None


def finish(case_id: uuid.UUID, activity_id: str, result: Mapping[str, Any]) -> None:
    """The call succeeded: write its result where the diagram says, and run the case on."""
    try:
        with running(case_id, by=SYSTEM) as workflow:
            task = _of(workflow, activity_id)
            audit.record(db.session.get_one(Case, case_id), "service:completed", by=SYSTEM, element=task.element_id)
            try:
                workflow.complete(activity_id, result if task.wants_result else {})
            except NotReady:
                raise
            except EngineError as unfit:
                raise CallFailed(_("The answer cannot be kept: %(unfit)s", unfit=unfit)) from None
    except (NotReady, WrongState) as late:
        log.info("case %s: what came back is dropped: %s", case_id, late)


def fail(case_id: uuid.UUID, activity_id: str, failed: CallFailed, *, by: Actor = SYSTEM) -> bool:
    """The call failed for good: let the diagram catch it. False when it does not, and somebody has to see to it."""
    try:
        with running(case_id, by=by) as workflow:
            task = _of(workflow, activity_id)
            case = db.session.get_one(Case, case_id)
            details = {"code": failed.code, "message": str(failed), **_so_far(_pending(case_id, activity_id))}
            audit.record(case, "service:failed", by=by, element=task.element_id, details=details)
            caught = workflow.catches_error(activity_id, failed.code)
            if caught:
                workflow.throw_error(activity_id, failed.code, str(failed), failed.data)
            return caught
    except (NotReady, WrongState) as late:
        log.info("case %s: a failure that came back is dropped: %s", case_id, late)
        return True


def put_off(case_id: uuid.UUID, activity_id: str, failed: Exception, following: jobs.NextTry) -> None:
    """The call failed and is tried again: let everybody see why, how often and when. Nothing where nobody waits."""
    case = lock(case_id)
    task = _open(case, activity_id) if case.state is CaseState.ACTIVE else None
    if task is None:
        return
    row = _pending(case_id, activity_id)
    if row is None:
        row = PendingCall(case_id=case_id, activity_id=activity_id, element_id=task.element_id, since=utcnow())
        db.session.add(row)
    row.job_id, row.attempts, row.next_at, row.failed_at = following.job_id, following.after, following.at, utcnow()
    if isinstance(failed, CallFailed):
        row.code, row.message, row.data = failed.code, str(failed)[:2000], _kept(failed.data)
    else:
        row.code, row.message, row.data = "CONNECTOR_FAILED", f"{type(failed).__name__}: {failed}"[:2000], None


def count(case_id: uuid.UUID, activity_id: str, attempts: int) -> None:
    """Note how often the call has failed by now, where it failed before."""
    if row := _pending(case_id, activity_id):
        row.attempts = attempts


def history_of(case_id: uuid.UUID, activity_id: str) -> str:
    """How often the call failed until now and since when, as a sentence; empty where it is not known to have failed.

    It is forgotten here: what is told is told.
    """
    row = _pending(case_id, activity_id)
    if row is None:
        return ""
    db.session.delete(row)
    times = "once" if row.attempts == 1 else f"{row.attempts} times"
    return f" It was tried {times} since {row.since:%Y-%m-%d %H:%M} UTC."


def call_again(case: Case, work: OpenWork) -> None:
    """Repeat the calls that the case waits for: it stood still, so that their answers may have been dropped."""
    for row in db.session.scalars(sa.select(PendingCall).where(PendingCall.case_id == case.id)):
        jobs.cancel(row.job_id)
        db.session.delete(row)
    for task in work.services:
        arguments = {"case": str(case.id), "activity": task.activity_id}
        jobs.enqueue("call_service", arguments, partition=str(case.root_id))


def element_of(case_id: uuid.UUID, activity_id: str) -> str | None:
    """The id of the element that this open service task stands for."""
    case = _case(case_id)
    task = _open(case, activity_id) if case is not None and not case.state.is_closed else None
    return task.element_id if task else None


def _pending(case_id: uuid.UUID, activity_id: str) -> PendingCall | None:
    wanted = sa.select(PendingCall).where(PendingCall.case_id == case_id, PendingCall.activity_id == activity_id)
    return db.session.scalar(wanted)


def _so_far(row: PendingCall | None) -> dict[str, Any]:
    return {"attempts": row.attempts, "since": row.since.isoformat()} if row else {}


def _kept(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a boundary event learns of the failure, unless that is a whole file."""
    return dict(data) if len(to_json(data)) <= KEPT else None


def _case(case_id: uuid.UUID) -> Case | None:
    return db.session.scalars(sa.select(Case).options(undefer(Case.snapshot)).where(Case.id == case_id)).one_or_none()


def _open(case: Case, activity_id: str) -> OpenService | None:
    workflow = load(case)
    return next((task for task in workflow.open_work().services if task.activity_id == activity_id), None)


def _of(workflow: Workflow, activity_id: str) -> OpenService:
    found = next((task for task in workflow.open_work().services if task.activity_id == activity_id), None)
    if found is None:
        raise NotReady(_("The service task %(activity_id)s no longer waits.", activity_id=activity_id))
    return found
