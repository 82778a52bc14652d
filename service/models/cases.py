"""The case: one row that says what it is, what it knows and where it stands; and who has which role in it."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from service.db import Base, Identifier, Key, Packed, utcnow, where
from service.models.definitions import ProcessDefinition
from service.models.users import User


class CaseState(StrEnum):
    """CMMN 1.1 §8.4.1, as the pages name them."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    FAILED = "failed"

    @property
    def is_closed(self) -> bool:
        return self in (CaseState.COMPLETED, CaseState.TERMINATED)


#: What is not due comes last (queries/pages.py).
_DUE = sa.text("(due_at IS NULL)"), "due_at", "id"
_PRIORITY = sa.text("priority DESC"), *_DUE


class Case(Base):
    """One instance of a case type. Its row is the lock for everything that belongs to it."""

    __tablename__ = "case"
    __table_args__ = (
        sa.Index(None, "case_type", "state", "id"),
        sa.Index("ix_case_open", "state", "id", **where("closed_at IS NULL")),
        sa.Index("ix_case_closed", "state", "id", **where("closed_at IS NOT NULL")),
        sa.Index("ix_case_open_of_definition", "definition_id", "id", **where("closed_at IS NULL")),
        sa.Index("ix_case_open_signature", "definition_id", "signature", "id", **where("closed_at IS NULL")),
        sa.Index("ix_case_open_stage", "case_type", "stage", *_DUE, **where("closed_at IS NULL")),  #: of the board
        sa.Index("ix_case_open_no_stage", "case_type", *_DUE, **where("closed_at IS NULL AND stage IS NULL")),
        sa.Index("ix_case_open_of_type", "case_type", *_DUE, **where("closed_at IS NULL")),
        sa.Index("ix_case_due", *_DUE),
        sa.Index("ix_case_open_due", "state", *_DUE, **where("closed_at IS NULL")),
        sa.Index("ix_case_priority", *_PRIORITY),
        sa.Index("ix_case_open_priority", "state", *_PRIORITY, **where("closed_at IS NULL")),
        sa.Index(None, "owner_id", "state"),
        sa.Index(None, "created_by"),
        sa.Index(None, "definition_id"),
        sa.UniqueConstraint("parent_id", "parent_activity"),  #: also finds the children of a case
        sa.Index("ix_case_restricted", "id", **where("restricted")),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(unique=True)  #: readable, such as CLM-2026-00042
    case_type: Mapped[str]  #: the process definition's key
    definition_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(ProcessDefinition.id))
    title: Mapped[str]
    search_text: Mapped[str] = mapped_column(default="", server_default="", deferred=True)  #: execution/search.py
    state: Mapped[CaseState] = mapped_column(sa.Enum(CaseState, native_enum=False, values_callable=lambda e: list(e)))
    stage: Mapped[str | None]  #: id of the stage it is in
    priority: Mapped[int] = mapped_column(default=50)  #: 0 to 100, higher first
    due_at: Mapped[datetime | None]
    owner_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(User.id))
    created_by: Mapped[str]  #: user name of who opened it
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    closed_at: Mapped[datetime | None]
    reason: Mapped[str | None]  #: why it was cancelled, suspended, or failed
    parent_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("case.id"))
    root_id: Mapped[uuid.UUID]  #: itself, when it has no parent
    parent_activity: Mapped[str | None]  #: the parent's call activity that opened it
    fragment: Mapped[bool] = mapped_column(default=False)  #: a plan fragment, shown inside its parent
    blocking: Mapped[bool] = mapped_column(default=False)  #: its parent may not close before it
    on_parent_cancel: Mapped[str] = mapped_column(default="keep")  #: cancel or keep
    returned_at: Mapped[datetime | None]  #: when its parent took note of its end
    restricted: Mapped[bool] = mapped_column(default=False)  #: only its owner and its roles may see it
    outcome: Mapped[str | None]  #: how it was closed: an outcome's id in the diagram
    summary: Mapped[str | None]  #: what was written about it as it was closed
    held_open: Mapped[bool] = mapped_column(default=False)  #: reopened: it ends only when somebody closes it
    suspended_at: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]
    inline: Mapped[dict[str, Any]] = mapped_column("variables")  #: null where a variable stands beside this row
    apart: Mapped[dict[str, Any] | None]  #: those: name -> [id of its `LargeVariable`, characters]
    marked: Mapped[list[str]] = mapped_column(default=list)  #: element ids where it stands
    visits: Mapped[dict[str, Any]] = mapped_column(default=dict)  #: element or flow id -> how often completed
    snapshot: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)  #: opaque outside engine/
    signature: Mapped[str | None] = mapped_column(sa.String(24), deferred=True)  #: execution/signing.py
    audit_seq: Mapped[int] = mapped_column(default=0)  #: number of its last audit entry
    audit_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), default=b"")  #: the seal over that entry's hash
    version: Mapped[int] = mapped_column(default=1)

    definition: Mapped[ProcessDefinition] = relationship(lazy="select")
    owner: Mapped[User | None] = relationship(lazy="select")
    role_holders: Mapped[list[CaseRole]] = relationship(viewonly=True, lazy="raise")  #: for lists, all cases' at once

    __mapper_args__ = {"version_id_col": version}

    @property
    def variables(self) -> dict[str, Any]:
        """All that the case knows, by name; not to be changed in place: `execution/variables.py keep` writes it."""
        if not self.apart:
            return self.inline or {}
        self._read_large()
        return {**self.inline, **{name: self.large[row_id] for name, (row_id, _size) in self.apart.items()}}

    @property
    def large(self) -> dict[str, Any]:
        """The large variables that were read, by the id of their row: such a row never changes."""
        read: dict[str, Any] = self.__dict__.setdefault("large variables", {})
        return read

    def _read_large(self) -> None:
        session = object_session(self)
        while missing := {row_id for row_id, _size in (self.apart or {}).values()} - self.large.keys():
            assert session is not None
            ids = [uuid.UUID(row_id) for row_id in missing]
            wanted = sa.select(LargeVariable.id, LargeVariable.value).where(LargeVariable.id.in_(ids))
            found = {str(row_id): value for row_id, value in session.execute(wanted)}
            self.large.update(found)
            if missing - found.keys():  # another transaction has changed them since this row was read
                known = self.apart
                session.refresh(self, ["inline", "apart"])
                if known == self.apart:
                    raise LookupError(f"Variables of the case {self.number} are gone.")


class LargeVariable(Base):
    """A variable that is too large for its case's row, which names it. Never changed: a new value is a new row."""

    __tablename__ = "large_variable"
    __table_args__ = (sa.Index(None, "case_id"),)

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id, ondelete="CASCADE"))
    value: Mapped[Any] = mapped_column(Packed)

    case: Mapped[Case] = relationship(lazy="raise")  #: so that it is inserted after it


class CaseRole(Base):
    """Somebody in a role of one case; `principal` is `user:NAME` or `group:NAME`."""

    __tablename__ = "case_role"
    __table_args__ = (sa.Index(None, "principal", "access"),)

    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)  #: the role's id in the diagram
    principal: Mapped[str] = mapped_column(primary_key=True)
    access: Mapped[str]  #: read, work or steer, as the diagram said when it was bound
    bound_by: Mapped[str]  #: user name
    bound_at: Mapped[datetime] = mapped_column(default=utcnow)

    case: Mapped[Case] = relationship(lazy="raise")  #: so that it is inserted after it


class NumberSequence(Base):
    """The last number given to a case of one prefix in one year."""

    __tablename__ = "number_sequence"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
