"""Armed timers. Our row is the truth; the delayed job that wakes us is only a hint (DECISIONS.md, Jobs)."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Key
from service.models.cases import Case
from service.models.definitions import ProcessDefinition


class Timer(Base):
    """Something that a case does at `due_at`. The row goes with it; the audit keeps the story."""

    __tablename__ = "timer"
    __table_args__ = (sa.UniqueConstraint("case_id", "timer_id"), sa.Index(None, "due_at"))

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    timer_id: Mapped[str]  #: the engine's name for it
    element_id: Mapped[str]
    due_at: Mapped[datetime]
    cycles_left: Mapped[int | None]
    seq: Mapped[int] = mapped_column(default=1)  #: grows with each change of due_at; older wake-ups do nothing

    case: Mapped[Case] = relationship(lazy="select")


class StartTimer(Base):
    """The next time that a timer start event opens a case. Only the newest version of a process has such rows."""

    __tablename__ = "start_timer"
    __table_args__ = (sa.Index(None, "definition_id"),)

    id: Mapped[Key]
    definition_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(ProcessDefinition.id))
    element_id: Mapped[str]
    cycle: Mapped[str]  #: ISO 8601, such as R3/PT10M, or cron; empty: it happens once
    due_at: Mapped[datetime]
    cycles_left: Mapped[int | None]  #: this one among them; None: without end
    seq: Mapped[int] = mapped_column(default=1)  #: as a timer's

    definition: Mapped[ProcessDefinition] = relationship(lazy="select")
