"""Reminders, which everybody sets for themselves: `remind`, `call_off`, and `tell`, when the moment has come."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from service import jobs
from service.db import db, new_id, utcnow
from service.errors import BadRequest, NotFound, WrongState
from service.languages import _
from service.models import Actor, Case, HumanTask, Reminder
from service.notifications import LONGEST, notify
from service.policy.permissions import Action, require

AHEAD = timedelta(days=5 * 366)
MOST = 200  #: open reminders of one person


def remind(case: Case, at: datetime, text: str = "", *, task: HumanTask | None = None, by: Actor) -> Reminder:
    """Tell `by` of the case, or of a task of it, at that moment. Nothing of the case changes, and its story is silent.

    Raises `BadRequest` for a moment that is over or too far away, `WrongState` where there are too many.
    """
    require(by, Action.REMIND)
    if task is not None:
        require(by, Action.READ_TASK, task)
    else:
        require(by, Action.READ_CASE, case)
    said = text.strip()
    if len(said) > LONGEST:
        raise BadRequest(_("A reminder has at most %(LONGEST)s characters.", LONGEST=f"{LONGEST:,}"), field="text")
    if at <= utcnow():
        raise BadRequest(_("That moment is over; name one to come."), field="at")
    if at > utcnow() + AHEAD:
        raise BadRequest(_("That is more than five years from now."), field="at")
    if (db.session.scalar(sa.select(sa.func.count()).where(*_open(by))) or 0) >= MOST:
        raise WrongState(_("You have %(MOST)s reminders to come; call one off first.", MOST=MOST))
    reminder = Reminder(
        id=new_id(), person=by.name, case_id=case.id, task_id=task.id if task else None, text=said, due_at=at
    )
    db.session.add(reminder)
    partition, arguments = str(case.root_id), {"reminder": str(reminder.id)}
    jobs.enqueue_at(at, "tell_reminder", arguments, partition=partition, key=_key(reminder))
    return reminder


def call_off(reminder: Reminder, *, by: Actor) -> None:
    """Let it be. Raises `NotFound` for those of others."""
    require(by, Action.REMIND)
    if reminder.person != by.name:
        raise NotFound(NotFound.__doc__)
    db.session.refresh(reminder, with_for_update=True)
    if reminder.closed_at is not None:
        raise WrongState(_("This reminder is over."))
    reminder.closed_at = utcnow()
    jobs.cancel(_key(reminder))


def tell(reminder_id: uuid.UUID) -> None:
    """The moment has come, by the database's clock: leave word, once."""
    wanted = sa.select(Reminder).where(Reminder.id == reminder_id).with_for_update()
    reminder = db.session.scalar(wanted)
    if reminder is None or reminder.closed_at is not None:
        return
    reminder.closed_at = utcnow()
    case = db.session.get(Case, reminder.case_id)
    task = db.session.get(HumanTask, reminder.task_id) if reminder.task_id else None
    said = reminder.text or None
    notify([reminder.person], "reminder", _key(reminder), case=case, task=task, at=reminder.due_at, text=said)


def _open(by: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    return Reminder.person == by.name, Reminder.closed_at.is_(None)


def _key(reminder: Reminder) -> str:
    return f"reminder:{reminder.id}"
