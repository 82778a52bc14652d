"""What was done to many tasks in one act: for who did it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service.db import db
from service.errors import NotFound
from service.models import Actor, BatchAction, BatchItem, HumanTask, ItemOutcome, TaskBatch
from service.queries import tasks


@dataclass(frozen=True)
class Told:
    """A batch, what became of each task, and those of the tasks that may be seen now."""

    batch: TaskBatch
    items: Sequence[BatchItem]
    tasks: Mapping[uuid.UUID, HumanTask]

    @property
    def numbers(self) -> Mapping[ItemOutcome | None, int]:
        return Counter(item.outcome for item in self.items)

    @property
    def left(self) -> int:
        """How many are still to be done, or to be undone."""
        return self.numbers[None if self.batch.undone_at is None else ItemOutcome.DONE]

    @property
    def may_be_undone(self) -> bool:
        done = bool(self.numbers[ItemOutcome.DONE])
        return done and self.batch.undone_at is None and self.batch.action is not BatchAction.COMPLETE


def get(batch_id: uuid.UUID, *, by: Actor) -> Told:
    """The batch with what became of each task. Raises `NotFound`, also for somebody else's."""
    batch = db.session.get(TaskBatch, batch_id)
    if batch is None or batch.user_id != by.id:
        raise NotFound(NotFound.__doc__)
    chosen = sa.select(BatchItem).where(BatchItem.batch_id == batch_id).order_by(BatchItem.place)
    items = db.session.scalars(chosen.execution_options(populate_existing=True)).all()
    return Told(batch, items, tasks.some([item.task_id for item in items], by))
