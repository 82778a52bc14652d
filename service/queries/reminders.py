"""The reminders that somebody has to come, as far as they still may see what these are about."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from service.db import db
from service.errors import NotFound
from service.models import Actor, Case, HumanTask, Reminder
from service.queries.visibility import of_a_case, readable, readable_task

LISTED = 200
_CASE, _TASK = aliased(Case), aliased(HumanTask)  #: beside those of which it is asked who may see them


@dataclass(frozen=True)
class Coming:
    """A reminder with what it is about."""

    id: uuid.UUID
    due_at: datetime
    text: str
    case_id: uuid.UUID
    number: str
    title: str
    task_id: uuid.UUID | None
    task_name: str | None


def coming(
    actor: Actor,
    *,
    task_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    between: tuple[datetime, datetime] | None = None,
) -> Sequence[Coming]:
    """The open reminders of `actor`, the next one first: all, or of one task, one case, or some span of time."""
    of_a_task = sa.select(HumanTask.id).where(HumanTask.id == Reminder.task_id, readable_task(actor))
    seen = of_a_case(Reminder.case_id, readable(actor)), of_a_task.limit(1).scalar_subquery().is_not(None)
    chosen = (
        sa.select(
            Reminder.id, Reminder.due_at, Reminder.text, Reminder.case_id, _CASE.number, _CASE.title,
            Reminder.task_id, _TASK.name,
        )
        .join(_CASE, _CASE.id == Reminder.case_id)
        .outerjoin(_TASK, _TASK.id == Reminder.task_id)
        .where(Reminder.person == actor.name, Reminder.closed_at.is_(None), sa.or_(*seen))
    )  # fmt: skip
    if task_id is not None:
        chosen = chosen.where(Reminder.task_id == task_id)
    if case_id is not None:
        chosen = chosen.where(Reminder.case_id == case_id)
    if between is not None:
        chosen = chosen.where(Reminder.due_at >= between[0], Reminder.due_at < between[1])
    rows = db.session.execute(chosen.order_by(Reminder.due_at, Reminder.id).limit(LISTED))
    return [Coming(*row) for row in rows]


def get(reminder_id: uuid.UUID, *, by: Actor) -> Reminder:
    """One of one's own, open or not. Raises `NotFound`."""
    found = db.session.scalar(sa.select(Reminder).where(Reminder.id == reminder_id, Reminder.person == by.name))
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found
