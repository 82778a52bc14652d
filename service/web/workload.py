"""Whose is what: the work of the team by person, and handing over all that somebody has in one act."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.operations import batches, users
from service.policy.permissions import Action, may, require
from service.queries import definitions, workload
from service.queries import users as user_lists
from service.web import people
from service.web.rendering import go, page

blueprint = Blueprint("workload", __name__)


@blueprint.get("/workload")
@permission(Action.OVERSEE)
def index() -> ResponseReturnValue:
    """Who has how much, who could take more, and what waits for whom."""
    actor = current_actor()
    require(actor, Action.OVERSEE)
    loads, waiting = workload.by_person(actor), workload.waiting(actor)
    called = people.called([each.principal for each in waiting])
    sums = {"tasks": sum(each.tasks for each in loads), "late": sum(each.late for each in loads)}
    return page("workload/index.html", loads=loads, waiting=waiting, called=called, sums=sums)


@blueprint.get("/workload/<name>")
@permission(Action.OVERSEE)
def show(name: str) -> ResponseReturnValue:
    """What somebody has, with `?type=` and `?group=` only some of it, to be handed over together."""
    actor = current_actor()
    require(actor, Action.OVERSEE)
    user = user_lists.user(name)
    case_type, group = request.args.get("type", ""), request.args.get("group", "")
    most = batches.MOST
    found = workload.of_person(actor, name, most=most + 1, case_type=case_type or None, offered_to=group or None)
    types, groups = workload.kinds(actor, name)
    names = {kind.key: kind.name for kind in definitions.case_types()}
    values: dict[str, Any] = {"user": user, "rows": found[:most], "is_more": len(found) > most, "most": most}
    values |= {"types": [(key, names.get(key, key)) for key in types], "case_type": case_type, "type_names": names}
    values |= {"groups": list(people.called(groups).items()), "group": group}
    values |= {"people": people.instead_of(user, groups), "sets": may(actor, Action.MANAGE_USERS)}
    return page("workload/person.html", **values)


@blueprint.post("/workload/<name>/abilities")
@permission(Action.MANAGE_USERS)
def set_abilities(name: str) -> ResponseReturnValue:
    """Say how many tasks at most somebody is to have (empty: nothing is said), and what they can do."""
    given = request.form.get("capacity", "").strip()
    if given and not (given.isascii() and given.isdigit() and len(given) <= 4):
        raise BadRequest(
            _(
                "A capacity is a number from 0 to %(LARGEST_CAPACITY)s, or empty.",
                LARGEST_CAPACITY=users.LARGEST_CAPACITY,
            ),
            field="capacity",
        )
    user = user_lists.user(name)
    users.set_capacity(user, int(given) if given else None, by=current_actor())
    named = re.split(r"[,\s]+", request.form.get("skills", ""))
    users.set_skills(user, filter(None, named), by=current_actor())
    db.session.commit()
    return go(url_for(".show", name=name), _("It is saved."))
