"""What somebody's calendar shows of their work: when their tasks and cases are due, and are to be taken up again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from service.db import db
from service.models import Actor, Case, HumanTask
from service.queries import reminders
from service.queries.visibility import readable

MOST = 500  #: entries of a kind, those that are due first


@dataclass(frozen=True)
class Entry:
    """A moment in a calendar, about a task or a case."""

    key: str  #: the same whenever the feed is read, so that a calendar moves it instead of doubling it
    at: datetime
    what: str  #: `due`, `take up` or `reminder`
    name: str  #: of the task; empty for a case
    number: str
    title: str
    task_id: uuid.UUID | None


def entries(actor: Actor) -> Iterator[Entry]:
    """The open tasks that `actor` has, the open cases that are theirs, as far as they have dates, and reminders."""
    mine = sa.select(HumanTask.id, HumanTask.name, HumanTask.due_at, HumanTask.follow_up_at, Case.number, Case.title)
    mine = mine.join(Case, Case.id == HumanTask.case_id)
    mine = mine.where(HumanTask.assignee == actor.name, HumanTask.closed_at.is_(None))
    for kind, column in (("due", HumanTask.due_at), ("take up", HumanTask.follow_up_at)):
        dated = mine.where(column.is_not(None)).order_by(column, HumanTask.id).limit(MOST)
        for row in db.session.execute(dated):
            at = row.due_at if kind == "due" else row.follow_up_at
            yield Entry(f"{row.id}-{kind.split()[0]}", at, kind, row.name, row.number, row.title, row.id)
    owned = sa.select(Case.id, Case.due_at, Case.number, Case.title).where(
        Case.owner_id == actor.id, Case.closed_at.is_(None), Case.due_at.is_not(None), readable(actor)
    )
    for case_id, due_at, number, title in db.session.execute(owned.order_by(Case.due_at, Case.id).limit(MOST)):
        if due_at is not None:  # which the statement has seen to
            yield Entry(f"{case_id}-due", due_at, "due", "", number, title, None)
    for each in reminders.coming(actor):
        about = each.text or each.title
        yield Entry(
            f"{each.id}-reminder", each.due_at, "reminder", each.task_name or "", each.number, about, each.task_id
        )
