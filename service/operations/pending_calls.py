"""Calls of service tasks that failed and wait for their next try: let one be made now, or give it up.

Both are for who steers the case and for operations. Neither waits for the other side: the worker does.
"""

from __future__ import annotations

from service import audit, jobs
from service.connectors import CallFailed
from service.db import db, utcnow
from service.errors import NotFound, WrongState
from service.execution.running import lock
from service.languages import _, later
from service.models import Actor, Case, CaseState, PendingCall
from service.operations import incidents, service_tasks
from service.policy.permissions import Action, may, require

UNDER_WAY = later("It is being tried right now; look again in a moment.")


def try_now(call: PendingCall, *, by: Actor) -> None:
    """Let the next try be made now. It counts as one of the tries, so that the last one is followed by an incident.

    Raises `WrongState` when it is under way, or the case does not wait for it now.
    """
    case = _to_change(call, Action.TRY_CALL, by)
    if not jobs.hurry(call.job_id):
        raise WrongState(UNDER_WAY)
    call.next_at = utcnow()
    audit.record(case, "call:hurried", by=by, element=call.element_id, details={"attempts": call.attempts})


def give_up(call: PendingCall, *, by: Actor) -> None:
    """Try no more: let the diagram catch the latest failure, as after the last try, or else make it an incident.

    Raises `WrongState` when a try is under way, or the case does not wait for it now.
    """
    case = _to_change(call, Action.GIVE_UP_CALL, by)
    if not jobs.cancel(call.job_id):
        raise WrongState(UNDER_WAY)
    audit.record(case, "call:given-up", by=by, element=call.element_id, details={"attempts": call.attempts})
    failed = CallFailed(call.message, code=call.code, data=call.data)
    activity, case_id = call.activity_id, case.id
    if not service_tasks.fail(case_id, activity, failed, by=by):
        job = {"name": "call_service", "arguments": {"case": str(case_id), "activity": activity}}
        incidents.record(str(failed), case_id=case_id, job=job, activity_id=activity)


def _to_change(call: PendingCall, action: Action, by: Actor) -> Case:
    """The call's case, locked, for whoever may; operations need not be able to read it."""
    call_id, case = call.id, lock(call.case_id)
    if not may(by, Action.RESOLVE_INCIDENT):
        require(by, action, case)
    if db.session.get(PendingCall, call_id) is None:
        raise NotFound(_("Nobody waits for this call any more."))
    if case.state is not CaseState.ACTIVE:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    return case
