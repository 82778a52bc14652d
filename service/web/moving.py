"""One case moves to another version, or returns: what that would mean for it, on both diagrams, before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import WrongState
from service.execution.definitions import deployed
from service.http.auth import current_actor
from service.http.protection import permission
from service.models import Actor, Case, ProcessDefinition
from service.operations import migration as operations
from service.policy.permissions import Action, may, require
from service.queries import cases as case_lists
from service.queries import definitions
from service.web.rendering import go, page

blueprint = Blueprint("moving", __name__)


@blueprint.get("/cases/<number>/return")
@permission(Action.MIGRATE)
def returning(number: str) -> ResponseReturnValue:
    """How the case would stand if it were brought back; nothing is changed."""
    case, actor = _case(number)
    back = operations.way_back(case, by=actor)
    if back is None:
        raise WrongState("This case was not moved to another version, or has returned already.")
    now, then = definitions.get(case.definition_id), definitions.get(back.order.source_id)
    return page(
        "moving/return.html",
        case=case,
        back=back,
        may_read=may(actor, Action.READ_CASE, case),
        sides=[side(now, Counter(case.marked or ()), "Now"), side(then, back.elements, "As before")],
    )


@blueprint.post("/cases/<number>/return")
@permission(Action.MIGRATE)
def bring_back(number: str) -> ResponseReturnValue:
    """Let the case stand as before it was last moved; says why."""
    case, actor = _case(number)
    made = operations.bring_back(case, by=actor, reason=request.form.get("reason", ""))
    version = definitions.get(case.definition_id).version
    return _done(case, actor, made.migration.id, f"{case.number} stands as before, in version {version}.")


def side(definition: ProcessDefinition, marked: Mapping[str, int], label: str) -> dict[str, Any]:
    """One of two diagrams that stand beside each other: what it is of, and where a case stands on it, in words too."""
    elements = deployed(definition.id).definition.elements
    places = [(_called(elements, name), number) for name, number in marked.items()]
    state = {name: {"state": "active", "count": number} for name, number in marked.items()}
    return {
        "label": label,
        "definition": definition,
        "state": {"activities": state, "flows": []},
        "places": places,
    }


def _called(elements: Mapping[str, Any], name: str) -> str:
    return (elements[name].name if name in elements else "") or name


def _case(number: str) -> tuple[Case, Actor]:
    """The case, also for who may not read it but moves cases: they are shown where it stands, and nothing it holds."""
    actor = current_actor()
    case = case_lists.numbered_to_move(number, by=actor)
    require(actor, Action.MIGRATE, case)
    return case, actor


def _done(case: Case, actor: Actor, order_id: Any, message: str) -> ResponseReturnValue:
    """To the case, or to what was done for who may not read it."""
    readable, number = may(actor, Action.READ_CASE, case), case.number
    db.session.commit()
    where = url_for("cases.show", number=number) if readable else url_for("migrations.show", migration_id=order_id)
    return go(where, message)
