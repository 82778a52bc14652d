"""Notes that the actor may see: of a case, where they are mentioned, and what a note said before."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import db
from service.errors import NotFound
from service.models import Actor, Case, Note, NoteMention, NoteRevision, NoteVisibility, User
from service.policy.permissions import Action, may, require
from service.queries.cases import readable
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(Note.id, uuid.UUID, descending=True),)


def of_case(case: Case, *, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[Note]:
    """The notes on a case that `actor` may see, the newest first."""
    require(actor, Action.READ_CASE, case)
    conditions = [Note.case_id == case.id]
    if not may(actor, Action.WRITE_NOTE, case):
        conditions.append(_for(actor))
    return page(Note, *conditions, sorts=NEWEST, limit=limit, cursor=cursor)


def get(note_id: uuid.UUID, *, by: Actor) -> Note:
    """The note. Raises `NotFound` also for one that `by` may not see."""
    note = db.session.get(Note, note_id, options=[joinedload(Note.case)])
    if note is None:
        raise NotFound(NotFound.__doc__)
    require(by, Action.READ_CASE, note.case)
    shared = note.visibility is NoteVisibility.EVERYBODY or note.author == by.name
    if not shared and not may(by, Action.WRITE_NOTE, note.case):
        raise NotFound(NotFound.__doc__)
    return note


def history(note: Note, *, actor: Actor) -> Sequence[NoteRevision]:
    """What a note said before, the oldest first. Of a time when it was for the team, only the team learns."""
    get(note.id, by=actor)
    found = sa.select(NoteRevision).where(NoteRevision.note_id == note.id).order_by(NoteRevision.number)
    if not may(actor, Action.WRITE_NOTE, note.case) and note.author != actor.name:
        found = found.where(NoteRevision.visibility == NoteVisibility.EVERYBODY.value)
    return db.session.scalars(found).all()


def mentioning(actor: Actor, *, limit: int = LIMIT, cursor: str | None = None) -> Page[Note]:
    """The notes that mention `actor`, in cases that they may read, the newest first."""
    mine = sa.select(NoteMention.note_id).where(NoteMention.name == actor.name)
    cases = sa.select(Case.id).where(readable(actor))
    return page(Note, Note.id.in_(mine), Note.case_id.in_(cases), sorts=NEWEST, limit=limit, cursor=cursor)


def _for(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.or_(Note.visibility == NoteVisibility.EVERYBODY, Note.author == actor.name)


def mentioned(notes: Iterable[Note]) -> Mapping[uuid.UUID, Mapping[str, str]]:
    """Whom each of `notes` mentions: user name -> what they are called."""
    found: dict[uuid.UUID, dict[str, str]] = {note.id: {} for note in notes}
    if found:
        rows = db.session.execute(
            sa.select(NoteMention.note_id, User.name, User.display_name)
            .join(User, User.name == NoteMention.name)
            .where(NoteMention.note_id.in_(found))
        )
        for note_id, name, display_name in rows:
            found[note_id][name] = display_name
    return found
