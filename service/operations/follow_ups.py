"""Follow-up dates: `put_off` takes a task out of the lists until then; it comes back by itself, or by `take_up`."""

from __future__ import annotations

from datetime import datetime, timedelta

from service import audit
from service.db import utcnow
from service.errors import BadRequest, WrongState
from service.execution import offers
from service.execution.running import lock
from service.languages import _
from service.models import Actor, CaseState, HumanTask
from service.policy.permissions import Action, require

AHEAD = timedelta(days=2 * 366)


def put_off(task: HumanTask, until: datetime, *, by: Actor) -> None:
    """Have the task out of sight until that moment; what is late comes back all the same, and nothing is due later.

    Raises `BadRequest` for a moment that is over or too far away.
    """
    _to_change(task, by)
    if until <= utcnow():
        raise BadRequest(_("That moment is over; name one to come."), field="until")
    if until > utcnow() + AHEAD:
        raise BadRequest(_("That is more than two years from now."), field="until")
    _set(task, until, "task:put-off", by)


def take_up(task: HumanTask, *, by: Actor) -> None:
    """Have the task back in the lists now. Raises `WrongState` where it is not put off."""
    _to_change(task, by)
    if task.follow_up_at is None or task.follow_up_at <= utcnow():
        raise WrongState(_("This task is not put off."))
    _set(task, None, "task:taken-up", by)


def _to_change(task: HumanTask, by: Actor) -> None:
    case = lock(task.case_id, task)
    require(by, Action.PUT_OFF, task)
    if case.state is not CaseState.ACTIVE:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    if not task.state.is_open:
        raise WrongState(_("This task is %(state)s.", state=_(task.state)))


def _set(task: HumanTask, until: datetime | None, action: str, by: Actor) -> None:
    task.follow_up_at = until
    offers.keep(task)
    details = {"task": str(task.id), **({"until": until.isoformat()} if until else {})}
    said = {"name": task.name} if task.activity_id is None else {}
    audit.record(task.case, action, by=by, element=task.element_id or None, details={**details, **said})
