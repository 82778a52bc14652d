"""Milestones (CMMN 1.1 §5.4.7) that a case has reached."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, utcnow
from service.models.cases import Case


class CaseMilestone(Base):
    """A milestone that stands as reached; going back takes the row away, the audit keeps the story."""

    __tablename__ = "case_milestone"

    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id), primary_key=True)
    milestone: Mapped[str] = mapped_column(primary_key=True)  #: its id in the diagram, or its name
    reached_at: Mapped[datetime] = mapped_column(default=utcnow)

    case: Mapped[Case] = relationship(lazy="raise")  #: so that it is inserted after it
