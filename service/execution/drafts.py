"""Drafts of forms end with their tasks, in the transaction that closes these."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import sqlalchemy as sa

from service.db import Base, Statement, db
from service.models import FormDraft, HumanTask

_DRAFTS = Base.metadata.tables[FormDraft.__tablename__]
_DROP = Statement(sa.delete(_DRAFTS).where(_DRAFTS.c.task_id == sa.bindparam("task")))


def drop(closed: Iterable[uuid.UUID]) -> None:
    """Delete the drafts of tasks that were closed.

    Only after the tasks are written: then whoever saves one at this moment waits for us, and finds the task closed.
    """
    tasks = list(closed)
    if tasks:
        db.session.flush()
    for task_id in tasks:
        _DROP.run(db.session.connection(), {"task": task_id})


def drop_all(case_id: uuid.UUID) -> None:
    """Delete the drafts of all tasks of a case, which are closed and written."""
    of_case = sa.select(HumanTask.id).where(HumanTask.case_id == case_id)
    db.session.execute(sa.delete(FormDraft).where(FormDraft.task_id.in_(of_case)))
