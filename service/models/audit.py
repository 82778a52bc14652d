"""What happened, for ever: append-only, each entry's hash covering the one before it in its case."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db import Base, Identifier
from .case import Case


class AuditEntry(Base):
    """One thing that happened in one case."""

    __tablename__ = "audit_entry"

    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: 1, 2, 3 … without gaps in each case
    at: Mapped[datetime]
    actor: Mapped[str]  #: user name, or `system`
    action: Mapped[str]  #: such as `task:completed`
    element_id: Mapped[str | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))

    case: Mapped[Case] = relationship(lazy="raise")  #: so that it is inserted after it
