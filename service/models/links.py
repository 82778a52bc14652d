"""Typed links between cases. Each is kept once and read from both ends."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Key, utcnow
from service.models.cases import Case


class LinkKind(StrEnum):
    RELATED = "related"
    DUPLICATE = "duplicate"  #: the source is a duplicate of the target
    BLOCKS = "blocks"  #: the target may not close before the source
    MERGED = "merged"  #: the source was merged into the target
    SPLIT = "split"  #: the source was split off from the target


class CaseLink(Base):
    """A link from one case to another."""

    __tablename__ = "case_link"
    __table_args__ = (sa.UniqueConstraint("source_id", "target_id", "kind"), sa.Index(None, "target_id", "kind"))

    id: Mapped[Key]
    source_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    target_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    kind: Mapped[LinkKind] = mapped_column(sa.Enum(LinkKind, native_enum=False, values_callable=lambda e: list(e)))
    created_by: Mapped[str]  #: user name
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    source: Mapped[Case] = relationship(foreign_keys=[source_id], lazy="select")
    target: Mapped[Case] = relationship(foreign_keys=[target_id], lazy="select")
