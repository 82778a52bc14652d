"""What somebody is told in the page. Who may no longer see what it is about is not told of it, in lists and numbers."""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any

import sqlalchemy as sa

from service.db import db, utcnow
from service.models import Actor, HumanTask, Note, Notification
from service.notifications import KINDS
from service.policy.asking import Asker, asked_by, asker
from service.queries import notes
from service.queries.pages import LIMIT, Page, Sort, page
from service.queries.visibility import of_a_case, readable, readable_task

NEWEST = (Sort(Notification.id, uuid.UUID, descending=True),)
OF_NOTES = sorted(name for name, kind in KINDS.items() if kind.is_note)  #: counted among the mentions


def visible(actor: Asker) -> sa.ColumnElement[bool]:
    """Which rows of `notification` may be told to `actor`: what these are about is there, and open to them."""
    of_a_task = sa.select(HumanTask.id).where(HumanTask.id == Notification.task_id, readable_task(actor))
    note = sa.select(Note.id).where(Note.id == Notification.note_id, Note.withdrawn_at.is_(None), notes.visible(actor))
    about = sa.or_(Notification.case_id.is_(None), _there(of_a_task), of_a_case(Notification.case_id, readable(actor)))
    return sa.and_(about, sa.or_(Notification.note_id.is_(None), _there(note)))


def of(actor: Actor, *, limit: int = LIMIT, cursor: str | None = None) -> Page[Notification]:
    """What `actor` was told, the newest first."""
    mine = Notification.person == actor.name
    return page(Notification, mine, visible(actor), sorts=NEWEST, limit=limit, cursor=cursor)


def unseen(actor: Actor, *, most: int) -> int:
    """How much of it they have not looked at, but for what is counted among the mentions; counting stops at `most`."""
    return db.session.scalar(_unseen(asker(actor), most), asked_by(actor)) or 0


def waiting(actor: Actor, *, most: int) -> tuple[int, int]:
    """`unseen`, and how many new mentions there are (`notes.unseen`), at once: every page asks."""
    row = db.session.execute(_waiting(asker(actor), most), asked_by(actor)).one()
    return row[0] or 0, row[1] or 0


@cache
def _waiting(who: Asker, most: int) -> sa.Select[int, int]:
    return sa.select(_unseen(who, most).scalar_subquery(), notes.unseen_by(who, most).scalar_subquery())


@cache
def _unseen(who: Asker, most: int) -> sa.Select[int]:
    mine = Notification.person == who.name, Notification.seen_at.is_(None), Notification.kind.not_in(OF_NOTES)
    found = sa.select(Notification.id).where(*mine, visible(who)).limit(most)
    return sa.select(sa.func.count()).select_from(found.subquery())


def saw(actor: Actor, until: uuid.UUID) -> None:
    """Remember that `actor` looked at all that is not newer than the notification `until`."""
    mine = Notification.person == actor.name, Notification.seen_at.is_(None), Notification.id <= until
    db.session.execute(
        sa.update(Notification).where(*mine).values(seen_at=utcnow()), execution_options={"synchronize_session": False}
    )


def _there(rows: sa.Select[Any]) -> sa.ColumnElement[bool]:
    return rows.limit(1).scalar_subquery().is_not(None)
