"""Links to forms: those of a task for who may make them, and the one that an address names."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import db, utcnow
from service.errors import NotFound
from service.models import Actor, AnswerLink, HumanTask
from service.policy.credentials import digest
from service.policy.permissions import Action, require

MOST = 100  #: links of a task that are listed


def of_task(task: HumanTask, *, by: Actor) -> Sequence[AnswerLink]:
    """The links to the task's form, the newest first."""
    require(by, Action.SEND_LINK, task)
    found = sa.select(AnswerLink).where(AnswerLink.task_id == task.id).order_by(AnswerLink.id.desc()).limit(MOST)
    return db.session.scalars(found).all()


def one(link_id: uuid.UUID, task: HumanTask, *, by: Actor) -> AnswerLink:
    """A link of the task. Raises `NotFound`."""
    require(by, Action.SEND_LINK, task)
    link = db.session.scalar(sa.select(AnswerLink).where(AnswerLink.id == link_id, AnswerLink.task_id == task.id))
    if link is None:
        raise NotFound(NotFound.__doc__)
    return link


def recipients(task: HumanTask) -> Sequence[str]:
    """For whom links to the task's form are open."""
    held = AnswerLink.task_id == task.id, AnswerLink.used_at.is_(None), AnswerLink.revoked_at.is_(None)
    found = sa.select(AnswerLink.recipient).where(*held, AnswerLink.expires_at > utcnow())
    return db.session.scalars(found.order_by(AnswerLink.id).limit(MOST)).all()


def by_token(token: str) -> AnswerLink | None:
    """The link whose address has this token, however it stands; for nobody in particular, so show only its form."""
    found = sa.select(AnswerLink).where(AnswerLink.hash == digest(token))
    return db.session.scalar(found.options(joinedload(AnswerLink.task).joinedload(HumanTask.case)))
