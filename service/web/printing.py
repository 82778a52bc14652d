"""A case on paper: a page made to be printed, that opens only for who has it written down that they print it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db, utcnow
from service.http.auth import current_actor
from service.http.protection import permission
from service.models import Actor, AuditEntry, Case
from service.operations import cases as operations
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import timeline
from service.web import cases, history, story
from service.web.rendering import go, names_of, page

blueprint = Blueprint("printing", __name__)
OPEN_FOR = timedelta(hours=1)  #: how long the page can be loaded again after it was written down


@blueprint.post("/cases/<number>/print")
@permission(Action.READ_CASE)
def record(number: str) -> ResponseReturnValue:
    """Write down who prints the case, and lead to the page that is printed."""
    actor = current_actor()
    entry = operations.printed(case_lists.by_number(number, by=actor), by=actor)
    db.session.commit()
    return go(url_for(".show", number=number, entry=entry.seq))


@blueprint.get("/cases/<number>/print")
@permission(Action.READ_CASE)
def show(number: str) -> ResponseReturnValue:
    """The case for paper. Notes for the team are left out: paper goes further than the team."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    entry = _entry(case, request.args.get("entry", 0, type=int), actor)
    if entry is None:
        return redirect(url_for("cases.show", number=number), 303)
    values = cases.about(case, actor)
    known = {**values["names"], actor.name: actor.display_name}  # on paper nobody knows who “you” is
    notes = [note for note in values["notes"] if not (note.for_team or note.withdrawn)]
    values["notes"] = [replace(note, author=actor.display_name) if note.mine else note for note in notes]
    entries = timeline.newest(case, actor=actor, most=history.ALL_TOLD)
    names = {**names_of(story.people(entries)), **known}
    values |= {"names": names, "told": history.told(case, entries, names)}
    return page("cases/print.html", printed_at=entry.at, **values)


def _entry(case: Case, seq: int, actor: Actor) -> AuditEntry | None:
    """The entry of the story that says that `actor` prints the case, while it is fresh."""
    chosen = sa.select(AuditEntry).where(
        AuditEntry.case_id == case.id,
        AuditEntry.seq == seq,
        AuditEntry.action == "case:printed",
        AuditEntry.actor == actor.name,
        AuditEntry.at > utcnow() - OPEN_FOR,
    )
    return db.session.scalar(chosen)
