"""What somebody wants to be reminded of."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Key, utcnow, where


class Reminder(Base):
    """A moment at which one person is told of a case or a task again. Nobody else sees it."""

    __tablename__ = "reminder"
    __table_args__ = (sa.Index("ix_reminder_open", "person", "due_at", **where("closed_at IS NULL")),)

    id: Mapped[Key]
    person: Mapped[str]  #: user name
    case_id: Mapped[uuid.UUID]
    task_id: Mapped[uuid.UUID | None]  #: of the task of this case that it is about
    text: Mapped[str]  #: what it says; may be empty
    due_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    closed_at: Mapped[datetime | None]  #: when it was told, or called off
