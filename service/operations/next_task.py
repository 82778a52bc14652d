"""Take what comes next, though many do so at once: nobody gets what somebody else got, and nobody waits for long."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import sqlalchemy as sa

from service.db import db
from service.errors import ServiceError
from service.models import Actor, Case, HumanTask
from service.operations import tasks
from service.policy.permissions import Action

_FREE = (
    sa.select(HumanTask.id)
    .join(Case, Case.id == HumanTask.case_id)
    .where(HumanTask.id == sa.bindparam("task"), HumanTask.assignee.is_(None), HumanTask.closed_at.is_(None))
    .with_for_update(skip_locked=True, of=[Case, HumanTask])
)


def take(candidates: Iterable[uuid.UUID], *, by: Actor) -> HumanTask | None:
    """Claim the first of `candidates` that `by` may claim; None when there is none.

    What somebody else is just taking is passed over; only when nothing else is left, it is waited for, one by one:
    whoever waits holds nothing that others wait for.
    """
    passed_over: list[uuid.UUID] = []
    for task_id in candidates:
        task = _claimed(task_id, by, passed_over)
        if task is not None:
            return task
    for task_id in passed_over:
        task = _claimed(task_id, by, None)
        if task is not None:
            return task
    return None


def _claimed(task_id: uuid.UUID, by: Actor, passed_over: list[uuid.UUID] | None) -> HumanTask | None:
    """The task, claimed; None where it may not be, or where somebody else is at it (then it is `passed_over`)."""
    task = db.session.get(HumanTask, task_id, populate_existing=True)
    if task is None:
        return None
    attempt = db.session.begin_nested()  # what was locked in vain is let go
    try:
        tasks.check(task, Action.CLAIM, by=by)
        if passed_over is not None and db.session.execute(_FREE, {"task": task_id}).first() is None:
            passed_over.append(task_id)
        else:
            tasks.claim(task, by=by)
            attempt.commit()
            return task
    except ServiceError:
        pass
    attempt.rollback()
    return None
