"""Writes that were answered, so that a repeated one gets the same answer (DECISIONS.md, rule 10)."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier, utcnow


class IdempotencyKey(Base):
    """A request that carried `Idempotency-Key`, and what it was answered."""

    __tablename__ = "idempotency_key"
    __table_args__ = (sa.Index(None, "created_at"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary(32))  #: SHA-256 over method, path and body
    status: Mapped[int]
    location: Mapped[str | None]
    etag: Mapped[str | None]
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    case_id: Mapped[uuid.UUID | None]  #: what it tells of, where the person could read it then
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
