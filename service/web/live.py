"""What has changed since a page of tasks was made: it asks now and then, and says so without disturbing anybody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, request

from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import signed_in
from service.languages import _
from service.models import Actor, ListName
from service.models.arrangements import sorts_of
from service.operations import presence
from service.queries import live
from service.web import filters, navigation, tasks
from service.web.rendering import names_of

blueprint = Blueprint("live", __name__)


@blueprint.get("/tasks/live")
@signed_in
def changes() -> Response:
    """The rows of the list that the page shows with their versions, the menu's numbers, and the task beside it.

    Asked as the list is (`view`, `sort`, `q`, `aside`, `after`), and with the `task` that is shown; `at=1`: it was
    opened, and who asks is seen to be there.
    """
    actor = current_actor()
    answer: dict[str, Any] = {"rows": _rows(actor), "full": tasks.LISTED, "menu": navigation.numbers(actor)}
    if wanted := request.args.get("task"):
        answer["task"] = _task(wanted, actor)
    body = json.dumps(answer, separators=(",", ":"))
    etag = hashlib.blake2b(body.encode(), digest_size=12).hexdigest()
    if request.if_none_match.contains_weak(etag):
        response = make_response("", 304)
    else:
        response = make_response(body, 200, {"Content-Type": "application/json"})
    response.set_etag(etag)
    return response


def _rows(actor: Actor) -> Mapping[str, int]:
    """Id -> version of the rows that the list shows now."""
    view = ListName.TEAM if request.args.get("view") == "team" else ListName.MINE
    text, after = request.args.get("q", "").strip(), request.args.get("after")
    aside, sort = request.args.get("aside") == "1", request.args.get("sort", "urgency")
    if sort not in sorts_of(view):
        raise BadRequest(_("`sort` has to be one of %(view)s.", view=", ".join(sorts_of(view))))
    found = None if text or after or aside else live.first(view, actor, sort, most=tasks.LISTED)
    if found is not None:
        return {str(task_id): version for task_id, version in found.items()}
    box = filters.box(text, of="tasks")
    shown = tasks.listed(view, actor, box, aside=aside, after=after, sort=sort)[0]
    return {str(task.id): task.version for task in shown.rows}


def _task(wanted: str, actor: Actor) -> Mapping[str, Any] | None:
    """The task beside the list, who else looks at it, and in words how it stands; None where it is not to be seen."""
    try:
        task_id = UUID(wanted)
    except ValueError as error:
        raise BadRequest(_("`task` has to be the id of a task.")) from error
    task = live.task(task_id, actor)
    if task is None:
        return None
    if request.args.get("at") == "1" and not task.known and task.closed_at is None:
        presence.here(task_id, by=actor)
    return {"version": task.version, "said": _said(task, actor), "here": _here(task.others)}


def _said(task: live.Task, actor: Actor) -> str:
    """How the task stands now, to somebody whose page shows how it stood before."""
    who = task.closed_by or task.assignee
    name = names_of([who]).get(who, who) if who and who != actor.name else None
    if task.closed_at is not None:
        done = _("%(name)s was faster: this is done.", name=name) if name else _("You have completed this.")
        return done if task.closed_by else _("This is no longer needed; the case went on without it.")
    if task.assignee is None:
        return _("Nobody has this now.")
    return _("%(name)s has this now.", name=name) if name else _("This is yours, and has changed.")


def _here(others: Sequence[str]) -> str:
    """`Ada is here`, `Ada and Ben are here`."""
    if not others:
        return ""
    *first, last = others
    return (
        _("%(first)s and %(last)s are here", first=", ".join(first), last=last)
        if first
        else _("%(last)s is here", last=last)
    )
