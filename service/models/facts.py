"""The facts of cases that their case types declare searchable (`case:searchable`), each a row that indexes find."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, where
from service.models.cases import Case

#: Texts are compared sign by sign on both databases, so that an index finds how they begin.
Plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")


class CaseVariable(Base):
    """One searchable fact of a case, in the one column that its kind has; written by execution/facts.py."""

    __tablename__ = "case_variable"
    __table_args__ = (
        sa.Index("ix_case_variable_text", "name", "text", "case_id", **where("text IS NOT NULL")),
        sa.Index("ix_case_variable_number", "name", "number", "case_id", **where("number IS NOT NULL")),
        sa.Index("ix_case_variable_date", "name", "date", "case_id", **where("date IS NOT NULL")),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Plain, primary_key=True)  #: `amount`, or `claimant.city`
    text: Mapped[str | None] = mapped_column(Plain)  #: folded (execution/search.py); `true` or `false` of a boolean
    number: Mapped[float | None] = mapped_column(sa.Double)
    date: Mapped[datetime | None]  #: of a day its first moment, in the zone of the installation
    shown: Mapped[str]  #: as lists show it

    case: Mapped[Case] = relationship(lazy="raise")  #: so that it is inserted after it
