"""What somebody typed into a form and has not sent."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Key, utcnow
from service.models.tasks import HumanTask
from service.models.users import User


class FormDraft(Base):
    """One person's draft of one form: of a task, or the one by which a case of some type is opened. Nobody else's.

    A task's is gone when the task is closed. An emptied one stays, so that its version counts on.
    """

    __tablename__ = "form_draft"
    __table_args__ = (
        sa.UniqueConstraint("task_id", "user_id"),
        sa.UniqueConstraint("user_id", "case_type"),
        sa.Index(None, "saved_at"),
    )

    id: Mapped[Key]
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
    task_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(HumanTask.id, ondelete="CASCADE"))
    case_type: Mapped[str | None]  #: the process definition's key
    typed: Mapped[dict[str, Any]]  #: by variable, as far as it differs from what the form was shown with
    was: Mapped[dict[str, Any]]  #: what the form was shown with, for the same variables; what was empty is left out
    saved_at: Mapped[datetime] = mapped_column(default=utcnow)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
