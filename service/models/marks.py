"""Cases that somebody comes back to: those they have starred, and those they looked at last."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier, utcnow
from service.models.cases import Case
from service.models.users import User


class StarredCase(Base):
    """A case that somebody wants at hand."""

    __tablename__ = "starred_case"
    __table_args__ = (sa.Index(None, "case_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True)
    starred_at: Mapped[datetime] = mapped_column(default=utcnow)


class VisitedCase(Base):
    """A case whose page somebody has looked at; of one person the last few are kept (operations/marks.py)."""

    __tablename__ = "visited_case"
    __table_args__ = (sa.Index(None, "case_id"), sa.Index(None, "user_id", "seen_at"))

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
