"""Moving running cases to another version: the orders, how far each is, what became of each case, and bringing back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.models import MigratedCase, Migration, Outcome
from service.operations import migrations as operations
from service.policy.permissions import Action
from service.queries import migrations as lists
from service.queries.pages import Page
from service.web import orders, words
from service.web.rendering import go, names_of, page, wants_part

blueprint = Blueprint("migrations", __name__)
SHOWN = ("all", *orders.OUTCOMES)  #: by which outcomes the cases of an order are filtered


@blueprint.get("/migrations")
@permission(Action.MIGRATE_CASES)
def index() -> Response:
    """The orders, the newest first; `?type=loan` only those of one case type."""
    case_type = request.args.get("type", "").strip()
    found = lists.listed(case_type=case_type or None, cursor=request.args.get("after"))
    values: dict[str, Any] = {
        "orders": orders.told(found.rows),
        "next": found.next,
        "case_type": case_type,
        "names": names_of([each.created_by for each in found.rows]),
    }
    return page("migrations/rows.html" if wants_part() else "migrations/index.html", **values)


@blueprint.get("/migrations/<uuid:migration_id>")
@permission(Action.MIGRATE_CASES)
def show(migration_id: UUID) -> Response:
    """One order: how far it is, and with `?outcome=untouched` those of its cases that came to that."""
    order = lists.get(migration_id)
    wanted = request.args.get("outcome", "all")
    outcome = wanted if wanted in SHOWN else "all"
    found = _cases(order, outcome)
    returned = lists.returns_of(order)
    values: dict[str, Any] = {
        "order": orders.told([order])[0],
        "shown": outcome,
        "outcomes": [("all", _("All")), *((each, orders.chip(order, each).text) for each in orders.OUTCOMES)],
        "cases": orders.cases(order, found.rows, current_actor()),
        "next": found.next,
        "reasons": lists.reasons(order),
        "element_name": lambda element_id: orders.element_name(order, element_id),
        "terms": orders.terms(order),
        "plan": orders.plan(order),
        "before": lists.get(order.returns_id) if order.returns_id else None,
        "returned": orders.told(returned),
        "names": names_of([order.created_by]),
    }
    return page("migrations/part.html" if wants_part() else "migrations/page.html", **values)


def _cases(order: Migration, outcome: str) -> Page[MigratedCase]:
    wanted = Outcome(outcome) if outcome != "all" else None
    return lists.cases_of(order, outcome=wanted, cursor=request.args.get("after"))


@blueprint.post("/migrations/<uuid:migration_id>/pause")
@permission(Action.MIGRATE_CASES)
def pause(migration_id: UUID) -> ResponseReturnValue:
    """Move no further case until somebody goes on."""
    order = lists.get(migration_id)
    operations.pause(order, by=current_actor())
    return _done(order, _("Paused: no further case moves."))


@blueprint.post("/migrations/<uuid:migration_id>/resume")
@permission(Action.MIGRATE_CASES)
def resume(migration_id: UUID) -> ResponseReturnValue:
    """Go on, after a pause or the trial."""
    order = lists.get(migration_id)
    operations.resume(order, by=current_actor())
    return _done(order, _("It goes on."))


@blueprint.post("/migrations/<uuid:migration_id>/stop")
@permission(Action.MIGRATE_CASES)
def stop(migration_id: UUID) -> ResponseReturnValue:
    """End it for good."""
    order = lists.get(migration_id)
    operations.stop(order, by=current_actor())
    return _done(order, _("Stopped. What has moved stays moved."))


@blueprint.post("/migrations/<uuid:migration_id>/return")
@permission(Action.MIGRATE_CASES)
def return_all(migration_id: UUID) -> ResponseReturnValue:
    """Bring all back that it has moved, by an order of its own."""
    order = lists.get(migration_id)
    made = operations.order_return(order, by=current_actor(), reason=request.form.get("reason", ""))
    number = operations.counts(made.id).all
    return _done(made, _("%(number)s will be brought back.", number=words.counted(number, "case")))


def _done(order: Migration, message: str) -> ResponseReturnValue:
    where = url_for(".show", migration_id=order.id)
    db.session.commit()
    return go(where, message)
