"""Notes over REST."""

from __future__ import annotations

from uuid import UUID

from service.api import schemas, shapes
from service.api.representations import all_of, etag, listed, moment
from service.api.routes import Answer, Routes
from service.db import db
from service.http import markdown
from service.http.auth import current_actor
from service.http.protection import SIGNED_IN
from service.models import Actor, Note, NoteRevision
from service.operations import notes as operations
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import notes
from service.queries import tasks as task_lists
from service.queries import users as user_lists

routes = Routes("notes")


@routes.get("/cases/{case_id}/notes", Action.READ_CASE, query=schemas.Paged, gives=list[shapes.NoteShape])
def list_notes(case_id: UUID, query: schemas.Paged) -> Answer:
    """The notes on a case that you may see, the newest first."""
    actor = current_actor()
    return Answer(listed(notes.of_case(case_lists.get(case_id, by=actor), actor=actor, **dict(query)), _shape))


@routes.get("/notes", SIGNED_IN, query=schemas.Paged, gives=list[shapes.NoteShape])
def list_mentions(query: schemas.Paged) -> Answer:
    """The notes that mention you, the newest first."""
    return Answer(listed(notes.mentioning(current_actor(), **dict(query)), _shape))


@routes.post("/cases/{case_id}/notes", Action.WRITE_NOTE, body=schemas.WriteNote, gives=shapes.NoteShape, status=201)
def write(case_id: UUID, body: schemas.WriteNote) -> Answer:
    """Write a note; `@name` mentions somebody."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    return _answer(
        operations.write(case, body.text, by=actor, visibility=body.visibility, about=_about(body, actor)), actor
    )


@routes.get("/questions", SIGNED_IN, query=schemas.Paged, gives=list[shapes.NoteShape])
def list_questions(query: schemas.Paged) -> Answer:
    """The notes that ask you something and wait for your answer, the newest first."""
    return Answer(listed(notes.asked_of(current_actor(), **dict(query)), _shape))


@routes.post("/notes/{note_id}/answer", Action.ANSWER, body=schemas.AnswerQuestion, gives=shapes.NoteShape, status=201)
def answer(note_id: UUID, body: schemas.AnswerQuestion) -> Answer:
    """Answer a note that asks you something; whoever asked is mentioned by it."""
    actor = current_actor()
    return _answer(operations.answer(notes.get(note_id, by=actor), body.text, by=actor), actor)


@routes.put("/notes/{note_id}", Action.EDIT_NOTE, body=schemas.WriteNote, gives=shapes.NoteShape)
def edit(note_id: UUID, body: schemas.WriteNote) -> Answer:
    """Change your own note; what it said before stays in its history."""
    actor = current_actor()
    note = notes.get(note_id, by=actor)
    operations.edit(note, body.text, by=actor, visibility=body.visibility)
    return _answer(note, actor)


@routes.post("/notes/{note_id}/withdraw", Action.EDIT_NOTE, gives=shapes.NoteShape)
def withdraw(note_id: UUID) -> Answer:
    """Take your own note back."""
    actor = current_actor()
    note = notes.get(note_id, by=actor)
    operations.withdraw(note, by=actor)
    return _answer(note, actor)


@routes.get("/notes/{note_id}/history", Action.READ_CASE, gives=list[shapes.RevisionShape])
def get_history(note_id: UUID) -> Answer:
    """What a note said before, the oldest first."""
    actor = current_actor()
    return Answer(all_of(notes.history(notes.get(note_id, by=actor), actor=actor), _revision))


def _about(body: schemas.WriteNote, actor: Actor) -> operations.About:
    task = task_lists.get(body.task, by=actor) if body.task is not None else None
    return operations.About(task, user_lists.user(body.asks) if body.asks is not None else None)


def _answer(note: Note, actor: Actor) -> Answer:
    db.session.flush()  # the version is counted up as it is written
    return Answer(_shape(note), etag=etag(actor, note.version))


def _shape(note: Note) -> shapes.NoteShape:
    return {
        "id": str(note.id),
        "case_id": str(note.case_id),
        "author": note.author,
        "text": note.text,
        "html": markdown.render(note.text),
        "visibility": note.visibility.value,
        "task_id": str(note.task_id) if note.task_id else None,
        "asks": note.asked,
        "answered_at": moment(note.answered_at),
        "answers": str(note.answers) if note.answers else None,
        "created_at": moment(note.created_at) or "",
        "edited_at": moment(note.edited_at),
        "withdrawn_at": moment(note.withdrawn_at),
        "version": note.version,
    }


def _revision(revision: NoteRevision) -> shapes.RevisionShape:
    return {
        "number": revision.number,
        "text": revision.text,
        "visibility": revision.visibility,
        "until": moment(revision.until) or "",
    }
