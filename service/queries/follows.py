"""The tasks that somebody follows, as far as they may see them, and whether something happened there since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from service.db import db
from service.models import Actor, AuditEntry, Case, FollowedTask, HumanTask, Note, TaskState
from service.queries.notes import visible
from service.queries.visibility import readable_task

SHOWN = 20
LOOKED_AT = 2000  #: entries and comments that are looked at for news


@dataclass(frozen=True)
class Followed:
    """A task that somebody follows; `news`: somebody else did something there since they looked."""

    id: uuid.UUID
    name: str
    state: TaskState
    number: str
    title: str
    news: bool


def is_following(task: HumanTask, actor: Actor) -> bool:
    mine = FollowedTask.user_id == actor.id, FollowedTask.task_id == task.id
    return db.session.scalar(sa.select(FollowedTask.task_id).where(*mine)) is not None


def followed(actor: Actor, *, limit: int = SHOWN) -> Sequence[Followed]:
    """The tasks that `actor` follows, the last one first."""
    chosen = (
        sa.select(HumanTask.id, HumanTask.name, HumanTask.state, HumanTask.case_id, FollowedTask.seen_at)
        .join(FollowedTask, FollowedTask.task_id == HumanTask.id)
        .where(FollowedTask.user_id == actor.id, readable_task(actor))
        .order_by(FollowedTask.followed_at.desc(), HumanTask.id)
    )
    rows = db.session.execute(chosen.limit(limit)).all()
    if not rows:
        return ()
    since, cases = min(row.seen_at for row in rows), {row.case_id for row in rows}
    numbered = sa.select(Case.id, Case.number, Case.title).where(Case.id.in_(cases))
    called = {case_id: (number, title) for case_id, number, title in db.session.execute(numbered)}
    last = {**_changed(actor, cases, since)}
    for task_id, at in _commented(actor, [row.id for row in rows], since).items():
        last[task_id] = max(at, last.get(task_id, at))
    return [
        Followed(row.id, row.name, row.state, *called[row.case_id], row.id in last and last[row.id] > row.seen_at)
        for row in rows
    ]


def _changed(actor: Actor, cases: set[uuid.UUID], since: datetime) -> Mapping[uuid.UUID, datetime]:
    """When somebody else last did something to a task, of the cases' tasks."""
    entries = sa.select(AuditEntry.at, AuditEntry.details).where(
        AuditEntry.case_id.in_(cases),
        AuditEntry.action.like("task:%"),
        AuditEntry.at > since,
        AuditEntry.actor != actor.name,
    )
    found: dict[uuid.UUID, datetime] = {}
    for at, details in db.session.execute(entries.order_by(AuditEntry.at.desc()).limit(LOOKED_AT)):
        if named := (details or {}).get("task"):
            found.setdefault(uuid.UUID(named), at)
    return found


def _commented(actor: Actor, tasks: Sequence[uuid.UUID], since: datetime) -> Mapping[uuid.UUID, datetime]:
    """When somebody else last wrote a comment on a task that `actor` may read."""
    written = sa.func.max(sa.func.coalesce(Note.edited_at, Note.created_at), type_=Note.created_at.type)
    comments = sa.select(Note.task_id, written).where(
        Note.task_id.in_(tasks),
        Note.author != actor.name,
        sa.func.coalesce(Note.edited_at, Note.created_at) > since,
        visible(actor),
    )
    return {task_id: at for task_id, at in db.session.execute(comments.group_by(Note.task_id)) if task_id}


def subtasks(task: HumanTask, actor: Actor) -> Sequence[HumanTask]:
    """The subtasks of a task that `actor` may see, the oldest first."""
    found = sa.select(HumanTask).where(HumanTask.parent_id == task.id, readable_task(actor)).order_by(HumanTask.id)
    return db.session.scalars(found).all() if task.subtasks is not None else ()
