"""Cases that move to another version: what was ordered, and what became of each case, with how it stood before."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow, where
from service.models.cases import Case
from service.models.definitions import ProcessDefinition


class MigrationState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"  #: by hand, after the trial, or since too many cases could not move
    STOPPED = "stopped"  #: for good; what was moved stays moved
    DONE = "done"

    @property
    def is_over(self) -> bool:
        return self in (MigrationState.STOPPED, MigrationState.DONE)


class Outcome(StrEnum):
    """What became of one case of a migration."""

    WAITING = "waiting"
    MOVED = "moved"
    UNTOUCHED = "untouched"  #: it could not move; the message says why
    RETURNED = "returned"  #: moved, and brought back


class Migration(Base):
    """The order to move cases from one version to another, or (`returns`) to bring those of another order back."""

    __tablename__ = "migration"
    __table_args__ = (sa.Index(None, "source_id"),)

    id: Mapped[Key]
    source_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(ProcessDefinition.id))
    target_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(ProcessDefinition.id))
    plan: Mapped[dict[str, Any]]  #: the engine's Plan as JSON
    chosen: Mapped[dict[str, Any]]  #: which cases: operations/migrations.py's Chosen as JSON
    reason: Mapped[str]
    state: Mapped[MigrationState] = mapped_column(
        sa.Enum(MigrationState, native_enum=False, values_callable=lambda e: list(e)), default=MigrationState.RUNNING
    )
    note: Mapped[str | None]  #: why it is paused
    trial: Mapped[int | None]  #: after so many cases it is paused
    most_untouched: Mapped[int | None]  #: beyond so many it is paused
    up_to: Mapped[str]  #: the worst verdict of a case that is moved
    returns_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("migration.id"))  #: the order that is undone
    created_by: Mapped[str]  #: user name
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    source: Mapped[ProcessDefinition] = relationship(lazy="select", foreign_keys=[source_id])
    target: Mapped[ProcessDefinition] = relationship(lazy="select", foreign_keys=[target_id])

    __mapper_args__ = {"version_id_col": version}


class MigratedCase(Base):
    """One case of a migration. Its snapshot of before is kept for a while, so that it can return."""

    __tablename__ = "migrated_case"
    __table_args__ = (
        sa.Index(None, "case_id"),
        sa.Index("ix_migrated_case_waiting", "migration_id", "case_id", **where("outcome = 'waiting'")),
        sa.Index("ix_migrated_case_kept", "at", **where("snapshot IS NOT NULL")),
    )

    migration_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Migration.id), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id), primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(
        sa.Enum(Outcome, native_enum=False, values_callable=lambda e: list(e)), default=Outcome.WAITING
    )
    message: Mapped[str | None]  #: why it is untouched, a sentence
    element_id: Mapped[str | None]  #: at which element
    at: Mapped[datetime | None]  #: when that was decided
    snapshot: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)  #: the engine's, of before
    kept: Mapped[dict[str, Any] | None] = mapped_column(
        sa.JSON(none_as_null=True), deferred=True
    )  #: and what rows said
    stood: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))  #: digest of how it stood after the move

    migration: Mapped[Migration] = relationship(lazy="raise")  #: so that it is inserted after it
    case: Mapped[Case] = relationship(lazy="raise")
