"""Case types that are being drawn: drafts of designers, with every revision of their files."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier, Key, utcnow


class DesignDraft(Base):
    """One case type at work: its diagrams, decisions and forms, saved as often as one likes before they go live."""

    __tablename__ = "design_draft"
    __table_args__ = (sa.Index(None, "changed_at"),)

    id: Mapped[Key]
    key: Mapped[str]  #: the case type's, which names its folder when it is exported
    title: Mapped[str]
    owner: Mapped[str]  #: who began it
    base: Mapped[str | None]  #: what it was made from, in a line
    revision: Mapped[int] = mapped_column(default=0)  #: the newest; counts on with each save
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class DesignRevision(Base):
    """One file of a draft as somebody saved it; the newest of its name is the file."""

    __tablename__ = "design_revision"
    __table_args__ = (sa.Index(None, "draft_id", "name", "number"),)

    draft_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(DesignDraft.id, ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)  #: None: removed
    hash: Mapped[str | None] = mapped_column(sa.String(64))
    saved_by: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(default=utcnow)
    said: Mapped[str | None]  #: what was changed, in the words of who saved it
