"""Documents of a case: what is kept, its versions, and the content in pieces where the database keeps it."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow, where
from service.models.cases import Case
from service.models.notes import NoteVisibility


class StoredContent(Base):
    """The content of a file. Until `kept_at` it is nobody's, and is removed when nobody takes it."""

    __tablename__ = "stored_content"
    __table_args__ = (sa.Index("ix_stored_content_unkept", "began_at", **where("kept_at IS NULL")),)

    id: Mapped[Key]
    store: Mapped[str]  #: where it is: `database`, or an address of files or objects
    size: Mapped[int] = mapped_column(sa.BigInteger)  #: bytes
    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    media_type: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(default=utcnow)
    kept_at: Mapped[datetime | None]


class ContentPiece(Base):
    """A piece of a content that the database keeps."""

    __tablename__ = "content_piece"

    content_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(StoredContent.id, ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: from 0
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Document(Base):
    """A document of a case. What it contains are its versions; `newest` is the number of the last."""

    __tablename__ = "document"
    __table_args__ = (sa.Index(None, "case_id", "id"),)

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    task_id: Mapped[uuid.UUID | None]  #: of the task of this case with which it came
    name: Mapped[str]  #: of the file, of its newest version
    description: Mapped[str] = mapped_column(default="")
    tags: Mapped[str] = mapped_column(default="")  #: words, commas between
    visibility: Mapped[NoteVisibility] = mapped_column(
        sa.Enum(NoteVisibility, native_enum=False, values_callable=lambda e: list(e))
    )
    newest: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str]  #: user name
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    held_by: Mapped[str | None]  #: user name of who works on it; nobody else adds a version meanwhile
    held_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)

    case: Mapped[Case] = relationship(lazy="select")

    __mapper_args__ = {"version_id_col": version}


class DocumentVersion(Base):
    """What a document contained from some time on."""

    __tablename__ = "document_version"
    __table_args__ = (sa.Index(None, "content_id"),)

    document_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Document.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: from 1
    content_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(StoredContent.id))
    name: Mapped[str]  #: of the file
    comment: Mapped[str] = mapped_column(default="")
    by: Mapped[str]  #: user name
    at: Mapped[datetime] = mapped_column(default=utcnow)

    content: Mapped[StoredContent] = relationship(lazy="joined", innerjoin=True)
    document: Mapped[Document] = relationship(lazy="raise")
