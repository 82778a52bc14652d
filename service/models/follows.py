"""Tasks that somebody follows: what others do there, or say of it, is news to them."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier, utcnow
from service.models.tasks import HumanTask
from service.models.users import User


class FollowedTask(Base):
    """One person follows one task, and saw it last at `seen_at`."""

    __tablename__ = "followed_task"
    __table_args__ = (sa.Index(None, "task_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    task_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(HumanTask.id, ondelete="CASCADE"), primary_key=True
    )
    followed_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
