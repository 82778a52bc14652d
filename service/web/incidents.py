"""What is stuck, for those who run the service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.http.auth import current_actor
from service.http.protection import permission
from service.models import IncidentState
from service.operations import incidents as operations
from service.policy.permissions import Action
from service.queries import incidents, pending_calls
from service.web import mends, progress
from service.web.pending_calls import shown
from service.web.rendering import go, page

blueprint = Blueprint("incidents", __name__)
STATES = {"open": "Open", "resolved": "Resolved", "all": "All"}


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
    mended = {
        row.incident.id: mends.mended_by(row.case, row.element_id, current_actor())
        for row in found.rows
        if row.case is not None and row.incident.state is IncidentState.OPEN
    }
    calls = pending_calls.listed() if state == "open" and not request.args.get("after") else None
    values: dict[str, Any] = {
        "calls": shown(calls.rows, current_actor()) if calls else [],
        "rows": found.rows,
        "next": found.next,
        "places": places,
        "mends": mended,
    }
    return page("incidents/index.html", state=state, states=STATES, **values)


@blueprint.post("/incidents/<uuid:incident_id>/retry")
@permission(Action.RESOLVE_INCIDENT)
def retry(incident_id: UUID) -> ResponseReturnValue:
    """Try again what is stuck."""
    operations.retry(incidents.get(incident_id), by=current_actor())
    db.session.commit()
    return go(url_for(".index"), "It is being tried again; what fails once more is listed anew.")


@blueprint.post("/incidents/<uuid:incident_id>/resolve")
@permission(Action.RESOLVE_INCIDENT)
def resolve(incident_id: UUID) -> ResponseReturnValue:
    """Put away what needs nothing more."""
    operations.resolve(incidents.get(incident_id), by=current_actor())
    db.session.commit()
    return go(url_for(".index"), "Put away.")
