"""Roles of one case: who is its manager, specialist, client, … as the case type names them."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db import Base, Identifier, utcnow
from .case import Case


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
