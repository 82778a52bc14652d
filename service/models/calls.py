"""Calls of service tasks that failed and are tried again by themselves."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Key
from service.models.cases import Case


class PendingCall(Base):
    """A service task's call that failed and waits for its next try. Gone as soon as nobody waits for it.

    A call that succeeds at once never has a row: one is written with its first failure.
    """

    __tablename__ = "pending_call"
    __table_args__ = (sa.UniqueConstraint("case_id", "activity_id"), sa.Index(None, "next_at"))

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    activity_id: Mapped[str]
    element_id: Mapped[str]
    job_id: Mapped[str]  #: of the next try, as the queue has it
    attempts: Mapped[int]  #: that have failed
    since: Mapped[datetime]  #: when the first failed
    failed_at: Mapped[datetime]  #: when the latest did
    next_at: Mapped[datetime]
    code: Mapped[str]  #: the BPMN error that the latest failure is
    message: Mapped[str]
    data: Mapped[dict[str, Any] | None]  #: what a boundary event that catches it learns

    case: Mapped[Case] = relationship(lazy="select")
