"""Notes on a case: `write`, `edit` and `withdraw`. What a note said before is kept."""

from __future__ import annotations

import sqlalchemy as sa

from service import audit
from service.db import db, new_id, utcnow
from service.errors import BadRequest, WrongState
from service.execution.running import lock
from service.models import Actor, Case, Note, NoteMention, NoteRevision, NoteVisibility, User
from service.models.notes import mentioned_in
from service.policy.permissions import Action, require

LONGEST = 20_000  #: characters


def write(case: Case, text: str, *, by: Actor, visibility: NoteVisibility = NoteVisibility.TEAM) -> Note:
    """Add a note in Markdown; `@name` mentions somebody. Notes can be written on closed cases too."""
    lock(case.id)
    require(by, Action.WRITE_NOTE, case)
    note = Note(id=new_id(), case_id=case.id, author=by.name, text=_checked(text), visibility=visibility)
    db.session.add(note)
    mentioned = _mention(note)
    audit.record(case, "note:written", by=by, details=_about(note) | ({"mentions": mentioned} if mentioned else {}))
    return note


def edit(note: Note, text: str, *, by: Actor, visibility: NoteVisibility | None = None) -> None:
    """Change one's own note; what it said before stays readable in its history."""
    _to_change(note, by=by)
    checked = _checked(text)
    _keep(note)
    note.text, note.edited_at = checked, utcnow()
    note.visibility = visibility or note.visibility
    db.session.execute(sa.delete(NoteMention).where(NoteMention.note_id == note.id))
    mentioned = _mention(note)
    details = _about(note) | ({"mentions": mentioned} if mentioned else {})
    audit.record(note.case, "note:edited", by=by, details=details)


def withdraw(note: Note, *, by: Actor) -> None:
    """Take one's own note back: its text goes out of sight, that there was one does not."""
    _to_change(note, by=by)
    _keep(note)
    note.text, note.withdrawn_at = "", utcnow()
    db.session.execute(sa.delete(NoteMention).where(NoteMention.note_id == note.id))
    audit.record(note.case, "note:withdrawn", by=by, details=_about(note))


def _to_change(note: Note, *, by: Actor) -> None:
    lock(note.case_id)
    require(by, Action.READ_CASE, note.case)
    require(by, Action.EDIT_NOTE, note)
    if note.withdrawn_at is not None:
        raise WrongState("This note was withdrawn.")


def _keep(note: Note) -> None:
    revision = NoteRevision(
        note_id=note.id, number=note.version, text=note.text, visibility=note.visibility.value, until=utcnow()
    )
    db.session.add(revision)


def _mention(note: Note) -> list[str]:
    """Remember whom the note mentions, of those who can sign in."""
    said = mentioned_in(note.text)
    known = sorted(db.session.scalars(sa.select(User.name).where(User.name.in_(said), User.active))) if said else []
    db.session.add_all(NoteMention(note_id=note.id, name=name) for name in known)
    return known


def _checked(text: str) -> str:
    if not text.strip():
        raise BadRequest("Write something.")
    if len(text) > LONGEST:
        raise BadRequest(f"A note has at most {LONGEST:,} characters; this one has {len(text):,}.")
    return text.strip()


def _about(note: Note) -> dict[str, str]:
    said = audit.digest_of(note.text)  # so that a changed text is found; the text itself is not for everybody
    return {"note": str(note.id), "visibility": note.visibility.value, "text": said}
