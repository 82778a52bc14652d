"""Notes on a case: read, written with a preview and mentions, edited, withdrawn; and the notes that mention me."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest
from service.http import markdown, rate_limits
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import SYSTEM, Actor, Case, HumanTask, Note, NoteVisibility
from service.operations import notes as operations
from service.policy.permissions import Action, may, require
from service.queries import access
from service.queries import cases as case_lists
from service.queries import notes as lists
from service.queries import tasks as task_lists
from service.web import people
from service.web.rendering import go, names_of, page, wants_part

blueprint = Blueprint("notes", __name__)
LISTED, NEWEST = 20, 3  #: notes on a page of their own, and on the case's
SUGGESTED = 8
VISIBILITIES = {NoteVisibility.TEAM: later("The team"), NoteVisibility.EVERYBODY: later("Everybody who sees the case")}


@dataclass(frozen=True)
class Shown:
    """A note as it stands on a page; `html` is safe."""

    id: UUID
    author: str
    html: str
    for_team: bool
    at: datetime
    edited_at: datetime | None
    withdrawn: bool
    mine: bool
    case: Case
    task_id: UUID | None
    asked: str  #: what whom it asks is called
    to_me: bool  #: it asks me
    answered: bool


@dataclass(frozen=True)
class Before:
    """What a note said before."""

    html: str
    for_team: bool
    until: datetime


def shown(notes: Sequence[Note], actor: Actor) -> list[Shown]:
    """`notes` for a page that `actor` looks at."""
    names, mentions = names_of(name for note in notes for name in (note.author, note.asked)), lists.mentioned(notes)
    names = {**names, SYSTEM.name: SYSTEM.display_name}
    return [
        Shown(
            note.id,
            names.get(note.author, note.author),
            markdown.render(note.text, mentions[note.id]),
            note.visibility is NoteVisibility.TEAM,
            note.created_at,
            note.edited_at,
            note.withdrawn_at is not None,
            note.author == actor.name,
            note.case,
            note.task_id,
            names.get(note.asked or "", note.asked or ""),
            note.asked == actor.name,
            note.answered_at is not None,
        )
        for note in notes
    ]


def newest(case: Case, actor: Actor) -> dict[str, Any]:
    """What the case's own page says of its notes."""
    found = lists.newest(case, actor=actor, most=NEWEST + 1)
    writes = may(actor, Action.WRITE_NOTE, case)
    return {
        "notes": shown(found[:NEWEST], actor),
        "more_notes": len(found) > NEWEST,
        "writes": writes,
        "visibilities": VISIBILITIES,
    }


@blueprint.get("/cases/<number>/notes")
@permission(Action.READ_CASE)
def index(number: str) -> ResponseReturnValue:
    """All notes on a case that I may see, the newest first."""
    case, actor = _case(number)
    return page("notes/page.html", **_about(case, actor))


def _about(case: Case, actor: Actor) -> dict[str, Any]:
    found = lists.of_case(case, actor=actor, limit=LISTED, cursor=request.args.get("after"))
    writes = may(actor, Action.WRITE_NOTE, case)
    return {"case": case, "notes": shown(found.rows, actor), "next": found.next, "writes": writes, **_typed()}


def _typed(note: Note | None = None) -> dict[str, Any]:
    """What stands in the form: what was typed, else the note as it is."""
    text = request.form.get("text", note.text if note else "")
    visibility = request.form.get("visibility", note.visibility.value if note else NoteVisibility.TEAM.value)
    return {"text": text, "visibility": visibility, "visibilities": VISIBILITIES}


@blueprint.post("/cases/<number>/notes")
@permission(Action.WRITE_NOTE)
def write(number: str) -> ResponseReturnValue:
    """Write a note."""
    case, actor = _case(number)
    about = _about_what(actor)
    note = operations.write(case, request.form.get("text", ""), by=actor, visibility=_visibility(), about=about)
    db.session.commit()
    if about.task is not None:
        return go(url_for("tasks.show", task_id=about.task.id), _("The comment is written."))
    where = url_for("cases.show" if request.form.get("from") == "case" else ".index", number=number)
    return go(f"{where}#note-{note.id}", _("The note is written."))


@blueprint.post("/cases/<number>/notes/preview")
@permission(Action.WRITE_NOTE)
def preview(number: str) -> ResponseReturnValue:
    """How the note will look; without scripts the whole page with what was typed. `note`: the one that is edited."""
    rate_limits.spend("evaluation", current_actor())
    case, actor = _case(number)
    require(actor, Action.WRITE_NOTE, case)
    text = request.form.get("text", "")
    known = {seer.name: seer.display_name for seer in access.who(case, actor=actor)} if "@" in text else {}
    values: Mapping[str, Any] = {"preview": markdown.render(text, known) if text.strip() else ""}
    if wants_part():
        return page("notes/preview.html", **values)
    if request.form.get("note"):
        note = _note(UUID(request.form["note"]))[0]
        return page("notes/edit.html", case=note.case, note=note, **_typed(note), **values)
    return page("notes/page.html", **_about(case, actor), **values)


@blueprint.get("/cases/<number>/notes/people")
@permission(Action.WRITE_NOTE)
def suggest(number: str) -> Response:
    """Whom a note can mention, `?q=` in their name: those who can see the case."""
    rate_limits.spend("search", current_actor())
    case, actor = _case(number)
    require(actor, Action.WRITE_NOTE, case)
    text = request.args.get("q", "").casefold()
    found = [s for s in access.who(case, actor=actor) if text in s.name.casefold() or text in s.display_name.casefold()]
    return jsonify([{"value": s.name, "label": s.display_name, "about": s.name} for s in found[:SUGGESTED]])


@blueprint.get("/notes")
@signed_in
def mentions() -> ResponseReturnValue:
    """The notes that mention me, the newest first."""
    actor = current_actor()
    found = lists.mentioning(actor, limit=LISTED, cursor=request.args.get("after"))
    if lists.unseen(actor, most=1):
        lists.saw(actor)
    asked = shown(lists.asked_of(actor, limit=LISTED).rows, actor)
    return page("notes/mentions.html", notes=shown(found.rows, actor), next=found.next, asked=asked)


@blueprint.post("/notes/<uuid:note_id>/answer")
@permission(Action.ANSWER)
def answer(note_id: UUID) -> ResponseReturnValue:
    """Answer what a note asks of me."""
    note, actor = _note(note_id)
    operations.answer(note, request.form.get("text", ""), by=actor)
    db.session.commit()
    return go(url_for(".mentions"), _("Your answer is written."))


@blueprint.get("/notes/<uuid:note_id>/edit")
@permission(Action.EDIT_NOTE)
def edit(note_id: UUID) -> ResponseReturnValue:
    """The form for one's own note."""
    note, actor = _note(note_id)
    require(actor, Action.EDIT_NOTE, note)
    return page("notes/edit.html", case=note.case, note=note, **_typed(note))


@blueprint.post("/notes/<uuid:note_id>/edit")
@permission(Action.EDIT_NOTE)
def change(note_id: UUID) -> ResponseReturnValue:
    """Change one's own note."""
    note, actor = _note(note_id)
    operations.edit(note, request.form.get("text", ""), by=actor, visibility=_visibility())
    return _done(note, _("The note is changed."))


@blueprint.post("/notes/<uuid:note_id>/withdraw")
@permission(Action.EDIT_NOTE)
def withdraw(note_id: UUID) -> ResponseReturnValue:
    """Take one's own note back."""
    note, actor = _note(note_id)
    operations.withdraw(note, by=actor)
    return _done(note, _("The note is withdrawn."))


@blueprint.get("/notes/<uuid:note_id>/history")
@permission(Action.READ_CASE)
def history(note_id: UUID) -> ResponseReturnValue:
    """What a note said before, the newest first."""
    note, actor = _note(note_id)
    found = lists.history(note, actor=actor)
    before = [
        Before(markdown.render(each.text), each.visibility == NoteVisibility.TEAM.value, each.until) for each in found
    ]
    return page("notes/history.html", case=note.case, now=shown([note], actor)[0], before=before[::-1])


def _case(number: str) -> tuple[Case, Actor]:
    actor = current_actor()
    return case_lists.by_number(number, by=actor), actor


def _note(note_id: UUID) -> tuple[Note, Actor]:
    actor = current_actor()
    return lists.get(note_id, by=actor), actor


def _about_what(actor: Actor) -> operations.About:
    """The task that the note is about, and whom it asks. Raises `BadRequest` for nobody or somebody unknown."""
    given, asks = request.form.get("task"), request.form.get("asks", "").strip()
    try:
        task = task_lists.get(UUID(given), by=actor) if given else None
    except ValueError as error:
        raise BadRequest(_("There is no such task."), field="task") from error
    whom = people.named(asks) if asks else None
    if asks and whom is None:
        raise BadRequest(_("Nobody has that name; pick somebody who is suggested."), field="asks")
    return operations.About(task, whom)


def on_task(task: HumanTask, actor: Actor) -> dict[str, Any]:
    """What the task's page says of its comments."""
    found = lists.about_task(task, actor=actor, most=LISTED)
    return {
        "notes": shown(found, actor),
        "writes": may(actor, Action.WRITE_NOTE, task.case),
        "visibilities": VISIBILITIES,
    }


def _visibility() -> NoteVisibility:
    try:
        return NoteVisibility(request.form.get("visibility", NoteVisibility.TEAM.value))
    except ValueError as error:
        raise BadRequest(_("Pick who may read the note.")) from error


def _done(note: Note, message: str) -> ResponseReturnValue:
    where = url_for(".index", number=note.case.number)
    db.session.commit()
    return go(f"{where}#note-{note.id}", message)
