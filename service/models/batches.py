"""The same thing done to many tasks in one act: what was asked for, and what became of each task."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier, Key, utcnow
from service.models.users import User


class BatchAction(StrEnum):
    """What is done to each task."""

    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    DUE = "due"
    PRIORITY = "priority"
    COMPLETE = "complete"


class ItemOutcome(StrEnum):
    """What became of one task."""

    DONE = "done"
    ALREADY = "already"  #: it was so before
    REFUSED = "refused"  #: the message says why
    UNDONE = "undone"
    KEPT = "kept"  #: done, and could not be undone; the message says why


class TaskBatch(Base):
    """One act on many tasks; its id is given by who sends it, so that sending it again begins nothing anew."""

    __tablename__ = "task_batch"
    __table_args__ = (sa.Index(None, "user_id"), sa.Index(None, "created_at"))

    id: Mapped[Key]
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
    action: Mapped[BatchAction] = mapped_column(
        sa.Enum(BatchAction, native_enum=False, values_callable=lambda e: list(e))
    )
    #: what it is done with: `to`, `due_at`, `priority`, `data` (until all is done)
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    undone_at: Mapped[datetime | None]  #: when it began to be undone


class BatchItem(Base):
    """One task of a batch."""

    __tablename__ = "task_batch_item"

    batch_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(TaskBatch.id, ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[uuid.UUID]  #: as it was sent; whether there is such a task is seen as it is done
    outcome: Mapped[ItemOutcome | None] = mapped_column(  #: None: still to be done
        sa.Enum(ItemOutcome, native_enum=False, values_callable=lambda e: list(e))
    )
    message: Mapped[str | None]  #: a sentence for who sent the batch
    before: Mapped[dict[str, Any] | None]  #: what undoing puts back
    version: Mapped[int | None]  #: the task's, once it was done: it is undone only while that is still so
