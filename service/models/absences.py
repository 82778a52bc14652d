"""Who is away when, and who does their work meanwhile."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow


class Absence(Base):
    """Somebody is away, from the beginning of one day to the end of another, by the clock of their zone."""

    __tablename__ = "absence"
    __table_args__ = (sa.Index(None, "person", "ends_at"), sa.Index(None, "ends_at"))

    id: Mapped[Key]
    person: Mapped[str]  #: user name
    first_day: Mapped[date] = mapped_column(sa.Date)
    last_day: Mapped[date] = mapped_column(sa.Date)
    zone: Mapped[str]  #: of the IANA database
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_by: Mapped[str]  #: user name
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    substitutes: Mapped[list[Substitution]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="Substitution.number"
    )


class Substitution(Base):
    """Somebody who may do the tasks of who is away: all, or those of one case type, or that one group is offered."""

    __tablename__ = "substitution"
    __table_args__ = (sa.Index(None, "substitute"),)

    absence_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(Absence.id, ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    substitute: Mapped[str]  #: user name
    case_type: Mapped[str | None]  #: the process definition's key
    principal: Mapped[str | None]  #: `group:NAME`
