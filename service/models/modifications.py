"""What somebody changed by hand about where a case stands; under four eyes, first what they propose."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow
from service.models.cases import Case


class ModificationState(StrEnum):
    PROPOSED = "proposed"  #: waits for a second person
    APPLIED = "applied"
    REFUSED = "refused"  #: by a second person, or since the case had gone on; `answer` says why
    WITHDRAWN = "withdrawn"  #: by who proposed it


class Modification(Base):
    """Steps that change where one case stands, and what became of them."""

    __tablename__ = "modification"
    __table_args__ = (sa.Index(None, "case_id", "id"),)

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Case.id))
    steps: Mapped[list[Any]]  #: the engine's `Step`s as JSON
    reason: Mapped[str]
    state: Mapped[ModificationState] = mapped_column(
        sa.Enum(ModificationState, native_enum=False, values_callable=lambda e: list(e))
    )
    revision: Mapped[int]  #: the case's, for which they were said
    created_by: Mapped[str]  #: user name
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    decided_by: Mapped[str | None]  #: user name of the second person
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None]  #: why it was refused
    version: Mapped[int] = mapped_column(default=1)

    case: Mapped[Case] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}
