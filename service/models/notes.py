"""Notes on a case: Markdown, who may see them, whom they mention, and what they said before."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow, where
from service.models.cases import Case

MENTION = re.compile(r"(?<![\w@./])@([A-Za-z0-9][A-Za-z0-9._+-]{0,99})")  #: `@name` of somebody who can sign in


class NoteVisibility(StrEnum):
    TEAM = "team"  #: those who work on the case or steer it
    EVERYBODY = "everybody"  #: everybody who may read the case


class Note(Base):
    """What somebody wrote about a case."""

    __tablename__ = "note"
    __table_args__ = (
        sa.Index(None, "case_id", "id"),
        sa.Index("ix_note_open_question", "asked", **where("asked IS NOT NULL AND answered_at IS NULL")),
    )

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    task_id: Mapped[uuid.UUID | None]  #: of the task of this case that it is about
    asked: Mapped[str | None]  #: user name of whom it asks something
    answered_at: Mapped[datetime | None]
    answers: Mapped[uuid.UUID | None]  #: id of the note that asked
    author: Mapped[str]  #: user name
    text: Mapped[str]  #: Markdown; empty when it was withdrawn
    visibility: Mapped[NoteVisibility] = mapped_column(
        sa.Enum(NoteVisibility, native_enum=False, values_callable=lambda e: list(e))
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    edited_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    case: Mapped[Case] = relationship(lazy="select")

    __mapper_args__ = {"version_id_col": version}


def mentioned_in(text: str) -> set[str]:
    """The names that `text` mentions, whether or not there are such people."""
    return {name.rstrip(".-+") for name in MENTION.findall(text)}


class NoteRevision(Base):
    """What a note said before it was edited or withdrawn."""

    __tablename__ = "note_revision"

    note_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Note.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  #: the note's version that it was
    text: Mapped[str]
    visibility: Mapped[str]
    until: Mapped[datetime]  #: when it was replaced

    note: Mapped[Note] = relationship(lazy="raise")


class NoteMention(Base):
    """Somebody whom a note mentions with `@name`."""

    __tablename__ = "note_mention"
    __table_args__ = (sa.Index(None, "name", "note_id"),)

    note_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(Note.id), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)  #: user name

    note: Mapped[Note] = relationship(lazy="raise")
