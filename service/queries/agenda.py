"""What the calendar page shows of somebody's work: dates of tasks and cases, reminders, and who of the team is away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.models import Absence, Actor, Case, HumanTask
from service.queries import absences, reminders
from service.queries.visibility import readable

MOST = 500  #: entries of a kind


@dataclass(frozen=True)
class Entry:
    """A moment in the calendar, about a task or a case."""

    at: datetime
    kind: str  #: `due`, `take up` or `reminder`
    name: str  #: of the task, or of the case
    number: str
    task_id: uuid.UUID | None
    text: str = ""  #: of a reminder


def entries(actor: Actor, since: datetime, until: datetime) -> Sequence[Entry]:
    """What is from `since` on, and before `until`, in the order of time."""
    found = [*_of_tasks(actor, since, until), *_of_cases(actor, since, until), *_reminders(actor, since, until)]
    return sorted(found, key=lambda entry: (entry.at, entry.name))


def away(actor: Actor, since: datetime, until: datetime) -> Sequence[Absence]:
    """Who is away meanwhile, of those of whom `actor` is to know."""
    return [each for each in absences.listed(actor) if each.begins_at < until and each.ends_at > since]


def _of_tasks(actor: Actor, since: datetime, until: datetime) -> Iterator[Entry]:
    columns: tuple[tuple[str, Any], ...] = (("due", HumanTask.due_at), ("take up", HumanTask.follow_up_at))
    for kind, column in columns:
        chosen = sa.select(column, HumanTask.name, Case.number, HumanTask.id).join(Case, Case.id == HumanTask.case_id)
        chosen = chosen.where(HumanTask.assignee == actor.name, HumanTask.closed_at.is_(None))
        chosen = chosen.where(column >= since, column < until).order_by(column, HumanTask.id).limit(MOST)
        for at, name, number, task_id in db.session.execute(chosen):
            yield Entry(at, kind, name, number, task_id)


def _of_cases(actor: Actor, since: datetime, until: datetime) -> Iterator[Entry]:
    owned = sa.select(Case.due_at, Case.title, Case.number).where(
        Case.owner_id == actor.id, Case.closed_at.is_(None), Case.due_at >= since, Case.due_at < until, readable(actor)
    )
    for at, title, number in db.session.execute(owned.order_by(Case.due_at, Case.id).limit(MOST)):
        yield Entry(at, "due", title or number, number, None)  # type: ignore[arg-type]  # asked for in the statement


def _reminders(actor: Actor, since: datetime, until: datetime) -> Iterator[Entry]:
    for each in reminders.coming(actor, between=(since, until)):
        yield Entry(
            each.due_at, "reminder", each.task_name or each.title or each.number, each.number, each.task_id, each.text
        )
