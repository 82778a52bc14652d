"""What went wrong and waits for operations."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Key, utcnow
from service.models.cases import Case


class IncidentState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class Incident(Base):
    """A job out of attempts, a case that cannot go on, or something that ails the installation."""

    __tablename__ = "incident"
    __table_args__ = (sa.Index(None, "state", "id"), sa.Index(None, "case_id"))

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(Case.id))
    state: Mapped[IncidentState] = mapped_column(
        sa.Enum(IncidentState, native_enum=False, values_callable=lambda e: list(e)), default=IncidentState.OPEN
    )
    element_id: Mapped[str | None]
    activity_id: Mapped[str | None]
    message: Mapped[str]
    about: Mapped[str | None]  #: what of the installation ails, such as `worker:berlin-1`; of one thing, one is open
    job: Mapped[dict[str, Any] | None]  #: name and arguments of the job that is out of attempts
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]

    case: Mapped[Case | None] = relationship(lazy="select")
