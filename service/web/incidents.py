"""What is stuck, for those who run the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later
from service.models import Actor, IncidentState, ProcessDefinition
from service.operations import incidents as operations
from service.policy.permissions import Action
from service.queries import definitions, incidents, pending_calls
from service.web import mends, progress
from service.web.pending_calls import shown
from service.web.rendering import go, page

blueprint = Blueprint("incidents", __name__)
STATES = {"open": later("Open"), "resolved": later("Resolved"), "all": later("All")}


@blueprint.get("/incidents")
@permission(Action.READ_INCIDENTS)
def index() -> Response:
    """Incidents, the newest first."""
    state = request.args.get("state", "open")
    wanted = IncidentState(state) if state in ("open", "resolved") else None
    found = incidents.listed(current_actor(), state=wanted, cursor=request.args.get("after"))
    places = {
        row.incident.id: progress.element_name(row.case, row.element_id)
        for row in found.rows
        if row.case is not None and row.element_id
    }
    calls = pending_calls.listed() if state == "open" and not request.args.get("after") else None
    values: dict[str, Any] = {
        "calls": shown(calls.rows, current_actor()) if calls else [],
        "rows": found.rows,
        "next": found.next,
        "places": places,
        "mends": _mends(found.rows, current_actor()),
    }
    return page("incidents/index.html", state=state, states=STATES, **values)


def _mends(rows: Sequence[incidents.Told], actor: Actor) -> Mapping[UUID, mends.Mend | None]:
    """Incident -> what mends it, of those that are open; the newest version of each case type is looked up once."""
    open_ones = [(row, row.case) for row in rows if row.case and row.incident.state is IncidentState.OPEN]
    newest = {key: definitions.latest(ProcessDefinition, key) for key in {case.case_type for _, case in open_ones}}
    return {
        row.incident.id: mends.mended_by(case, row.element_id, actor, newest=newest[case.case_type])
        for row, case in open_ones
    }


@blueprint.post("/incidents/<uuid:incident_id>/retry")
@permission(Action.RESOLVE_INCIDENT)
def retry(incident_id: UUID) -> ResponseReturnValue:
    """Try again what is stuck."""
    operations.retry(incidents.get(incident_id), by=current_actor())
    db.session.commit()
    return go(url_for(".index"), _("It is being tried again; what fails once more is listed anew."))


@blueprint.post("/incidents/<uuid:incident_id>/resolve")
@permission(Action.RESOLVE_INCIDENT)
def resolve(incident_id: UUID) -> ResponseReturnValue:
    """Put away what needs nothing more."""
    operations.resolve(incidents.get(incident_id), by=current_actor())
    db.session.commit()
    return go(url_for(".index"), _("Put away."))
