"""Follow a task: what others do there, or say of it, is then news; nobody else sees who follows what."""

from __future__ import annotations

import uuid
from datetime import timedelta

import sqlalchemy as sa

from service.db import db, if_free, utcnow
from service.errors import WrongState
from service.languages import _
from service.models import Actor, FollowedTask, HumanTask
from service.operations.marks import insert
from service.policy.permissions import Action, require

MOST = 200  #: tasks that one person follows
EXACTLY = timedelta(seconds=10)  #: how exactly it is remembered when they looked


def follow(task: HumanTask, *, by: Actor) -> None:
    """Follow the task from now on. Raises `WrongState` where there are too many."""
    require(by, Action.READ_TASK, task)
    mine = db.session.scalars(sa.select(FollowedTask.task_id).where(FollowedTask.user_id == by.id)).all()
    if task.id in mine:
        return
    if len(mine) >= MOST:
        raise WrongState(_("You follow %(MOST)s tasks; leave one before you follow another.", MOST=MOST))
    now = utcnow()
    row = insert(FollowedTask).values(user_id=by.id, task_id=task.id, followed_at=now, seen_at=now)
    db.session.execute(row.on_conflict_do_nothing())


def leave(task: HumanTask, *, by: Actor) -> None:
    """Follow it no longer."""
    require(by, Action.READ_TASK, task)
    mine = FollowedTask.user_id == by.id, FollowedTask.task_id == task.id
    db.session.execute(sa.delete(FollowedTask).where(*mine))


def saw(task_id: uuid.UUID, *, by: Actor) -> None:
    """Remember that `by` looks at a task that they follow: no change of it, and nobody waits for it."""
    now = utcnow()
    mine = FollowedTask.user_id == by.id, FollowedTask.task_id == task_id, FollowedTask.seen_at < now - EXACTLY
    if_free(sa.update(FollowedTask).where(*mine).values(seen_at=now).returning(FollowedTask.task_id))
