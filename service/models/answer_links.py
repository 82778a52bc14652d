"""Links by which somebody without an account answers the form of one task."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Key, utcnow
from service.models.tasks import HumanTask


class AnswerLink(Base):
    """A way to one form, for once. Its address holds a random token, we its SHA-256."""

    __tablename__ = "answer_link"
    __table_args__ = (sa.Index(None, "task_id"),)

    id: Mapped[Key]
    task_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(HumanTask.id, ondelete="CASCADE"))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    recipient: Mapped[str]  #: whom it was made for, as the maker calls them
    message: Mapped[str | None]  #: what the maker tells them
    language: Mapped[str]  #: of the page around the form: `en`, `de`, …
    made_by: Mapped[str]  #: user name
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]  #: user name

    task: Mapped[HumanTask] = relationship(lazy="select")
