"""The story of a case on pages of its own: filtered, whole, each entry with an address, and the case at any moment."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import NotFound
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.models import AuditEntry, Case, HumanTask
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import moments, timeline
from service.web import facts, progress, story
from service.web.rendering import names_of, page, wants_part, zone

blueprint = Blueprint("history", __name__)
TOLD = 40  #: timeline entries before “show all”
READ = 3 * TOLD  #: audit entries that are read for them; some are told together
ALL_TOLD = 2000
NEAR = 20  #: entries before one that are read to tell it


def told(case: Case, entries: Sequence[AuditEntry], names: Mapping[str, str]) -> list[story.Entry]:
    """The entries in words, newest first, with the values that the first of them found there."""
    before = timeline.values_before(case, entries[0], story.variables(entries)) if entries else {}
    telling = story.Telling(case.definition_id, names, zone(), _tasks(entries, case.definition_id))
    found = story.tell(entries, telling, before)
    return found[:-1] if entries and entries[0].seq > 1 else found  # the first one may be the end of an act


def _tasks(entries: Sequence[AuditEntry], definition_id: uuid.UUID) -> dict[str, str]:
    """What the tasks in the entries are called, with what tells each from others of the same activity."""
    ids = story.tasks(entries)
    if not ids:
        return {}
    rows = db.session.execute(sa.select(HumanTask.id, HumanTask.name, HumanTask.local).where(HumanTask.id.in_(ids)))
    return {str(row.id): " · ".join(filter(None, (row.name, facts.instance(definition_id, row.local)))) for row in rows}


@blueprint.get("/cases/<number>/timeline")
@permission(Action.READ_CASE)
def index(number: str) -> ResponseReturnValue:
    """What happened in the case, the newest first; `?show=notes` narrows it, `&all=1` shows it from the beginning."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    wanted = request.args.get("show", "all")
    show = wanted if wanted in story.SHOWN else "all"
    whole = "all" in request.args
    entries = timeline.newest(case, actor=actor, most=ALL_TOLD if whole or show != "all" else READ)
    found = story.narrowed(told(case, entries, names_of(story.people(entries))), show)
    shown = found if whole else found[:TOLD]
    more = len(found) > len(shown) or (not whole and show == "all" and bool(entries) and entries[0].seq > 1)
    template = "history/part.html" if wants_part() else "history/page.html"
    return page(template, case=case, told=shown, untold=more, show=show, **filters())


def filters() -> dict[str, Any]:
    """What the timeline can be narrowed to."""
    return {"shows": {name: label for name, (label, _actions) in story.SHOWN.items()}}


@blueprint.get("/cases/<number>/timeline/<int:seq>")
@permission(Action.READ_CASE)
def moment(number: str, seq: int) -> ResponseReturnValue:
    """One entry of the story, and how the case stood after it: data, open tasks, stage and diagram."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    if not 0 < seq <= case.audit_seq:
        raise NotFound(_("This case has no entry %(seq)s.", seq=seq))
    then = moments.at(case, seq, actor=actor)
    near = sa.select(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.seq.between(seq - NEAR, seq))
    entries = db.session.scalars(near.order_by(AuditEntry.seq)).all()
    names = names_of([*story.people(entries), *(task.assignee for task in then.tasks.values())])
    elements = {name: {"state": "active", "count": count} for name, count in then.marked.items()}
    return page(
        "history/moment.html",
        case=case,
        then=then,
        told=told(case, entries, names)[:1],
        names=names,
        stage=progress.stage_name(case, then.stage) if then.stage else None,
        facts=facts.facts(case.definition_id, then.variables),
        diagram={"activities": elements, "flows": []},
        places=[progress.element_name(case, name) for name in then.marked],
        earlier=seq - 1,
        later=seq + 1 if seq < case.audit_seq else None,
    )
