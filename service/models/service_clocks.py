"""Service levels as they are measured: a clock for each level of a case, of a stage while it lasts, and of a task."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Key, where
from service.models.cases import Case
from service.models.tasks import HumanTask


class ClockState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"  #: on hold, or only somebody outside is waited for
    ENDED = "ended"  #: what it measures was done; whether in time, its `due_at` says
    CANCELLED = "cancelled"  #: what it measured came to nothing

    @property
    def is_open(self) -> bool:
        return self in (ClockState.RUNNING, ClockState.STOPPED)


_GOES_ON = where("NOT over")
_OPEN = where("ended_at IS NULL")


class ServiceClock(Base):
    """One service level at work. All but `history`, `told` and `leads` is worked out of these anew at each step."""

    __tablename__ = "service_clock"
    __table_args__ = (
        sa.Index("ix_service_clock_of_case", "case_id", **_GOES_ON),
        sa.Index(None, "case_id"),
        sa.Index("ix_service_clock_of_task", "task_id", **where("task_id IS NOT NULL")),
        sa.Index("ix_service_clock_calendar", "calendar", "id", **_OPEN),
        sa.Index("ix_service_clock_due", "due_at", "case_id", **_OPEN),
        sa.Index("ix_service_clock_warned", "warn_at", "case_id", **_OPEN),
    )

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    task_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(HumanTask.id))
    stage: Mapped[str | None]  #: id of the stage; neither this nor a task: it measures the case
    kind: Mapped[str]  #: response or resolution
    declared: Mapped[dict[str, Any]]  #: as the diagram says it: engine/definition.py ServiceLevel
    state: Mapped[ClockState] = mapped_column(sa.Enum(ClockState, native_enum=False, values_callable=lambda e: list(e)))
    calendar: Mapped[str | None]  #: by which it counts now, or did last; empty: all time
    history: Mapped[list[Any]]  #: [moment, calendar or null where it stands, why], one for each turn
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    over: Mapped[bool] = mapped_column(default=False)  #: the case or task is closed, or the stage left
    allowance: Mapped[float] = mapped_column(sa.Double)  #: seconds that may be counted
    counted: Mapped[float] = mapped_column(sa.Double)  #: seconds, as of its last turn; all of them once it has ended
    warn_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  #: when it is, or was, breached; None: not while it stands
    told: Mapped[int] = mapped_column(default=0)  #: how far it was escalated: 1 warned, 2 breached
    leads: Mapped[bool] = mapped_column(default=False)  #: its task, or case, is due when it is
    seq: Mapped[int] = mapped_column(default=0)  #: grows with each change of what the worker waits for

    case: Mapped[Case] = relationship(lazy="select")
    task: Mapped[HumanTask | None] = relationship(lazy="select")
