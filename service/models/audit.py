"""What happened, for ever: append-only, each entry's keyed hash covering the one before it (audit/)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier
from service.models.cases import Case


class AuditEntry(Base):
    """One thing that happened in one case."""

    __tablename__ = "audit_entry"
    __table_args__ = {"sqlite_with_rowid": False}  # kept in the order of its key, without another index

    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id), primary_key=True)
    at: Mapped[datetime]
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: 1, 2, 3 … without gaps in each case
    actor: Mapped[str]  #: user name, or `system`
    action: Mapped[str]  #: such as `task:completed`
    element_id: Mapped[str | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))

    case: Mapped[Case] = relationship(lazy="raise")  #: so that it is inserted after it

    @property
    def then(self) -> Mapping[str, Any]:
        """What the engine did because of it (execution/history.py says how); empty when it did nothing."""
        return said_then(self.action, self.details)


class InstallationEntry(Base):
    """One thing that was done to the installation rather than to a case: people, rights, tokens, deployments."""

    __tablename__ = "installation_entry"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: 1, 2, 3 … without gaps
    at: Mapped[datetime]
    actor: Mapped[str]  #: user name, or `system`
    action: Mapped[str]  #: such as `user:added`
    subject: Mapped[str | None]  #: whom or what it was done to
    details: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))


class InstallationSeal(Base):
    """The one row that closes the installation's chain, and by which a wrong key is known."""

    __tablename__ = "installation_seal"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]  #: number of the last entry
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))  #: the seal over its hash
    key: Mapped[str]  #: the mark of the key that all chains are made with
    numbers: Mapped[dict[str, int]] = mapped_column(sa.JSON)  #: up to which number cases were opened, as last noted
    numbers_signed: Mapped[bytes] = mapped_column(sa.LargeBinary(32))


def said_then(action: str, details: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """`AuditEntry.then` of an entry with these details."""
    said = details or {}
    return said if action == "case:advanced" else said.get("then", {})
