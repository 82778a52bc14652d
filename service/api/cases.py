"""Cases over REST: open, list, read, change, cancel, and where each one stands."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import url_for

from service.api import schemas, shapes
from service.api.representations import (
    all_of,
    audit_shape,
    case_etag,
    case_shape,
    case_summary,
    diagram_shape,
    etag,
    listed,
    task_shape,
)
from service.api.requests import check_if_match
from service.api.routes import Answer, Routes
from service.db import before_the_lock, db
from service.http.auth import current_actor
from service.models import Actor, Case
from service.operations import cases, incidents
from service.operations.cases import UNSET
from service.policy.permissions import Action, require
from service.queries import cases as case_lists
from service.queries import definitions, filtering, timeline
from service.queries import tasks as task_lists
from service.queries import users as user_lists
from service.queries.filtering import bounding

routes = Routes("cases")


@routes.post("/cases", Action.OPEN_CASE, body=schemas.StartCase, gives=shapes.CaseShape, status=201)
def start_case(body: schemas.StartCase) -> Answer:
    """Open a case with the start form's data."""
    actor = current_actor()
    with before_the_lock():
        definition = definitions.to_open(body.case_type)
        require(actor, Action.OPEN_CASE, definition)
        cases.require_form(definition, str(body.form_id) if body.form_id else None, body.data)
        prepared = cases.prepare(definition, by=actor, submitted=body.data)
    case = cases.open_prepared(prepared, by=actor)
    return _answer(case, actor, location=True)


@routes.get("/cases", Action.READ_CASE, query=schemas.CaseQuery, gives=list[shapes.CaseSummary], limit="search")
def list_cases(query: schemas.CaseQuery) -> Answer:
    """Cases that you may read, the newest first."""
    actor, parameters = current_actor(), dict(query)
    text = parameters.pop("q") or ""
    with bounding.in_time(text):
        found = case_lists.visible(actor, filtered=filtering.cases(text, actor), **parameters)
    return Answer(listed(found, case_summary))


@routes.get("/cases/{case_id}", Action.READ_CASE, gives=shapes.CaseShape, conditional=True)
def get_case(case_id: UUID) -> Answer:
    """One case with its variables."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    return Answer(lambda: case_shape(case, actor), etag=case_etag(case, actor))


@routes.patch("/cases/{case_id}", Action.CHANGE_CASE, body=schemas.ChangeCase, gives=shapes.CaseShape, conditional=True)
def change_case(case_id: UUID, body: schemas.ChangeCase) -> Answer:
    """Change the owner, the priority or the due date."""
    case, actor = _to_change(case_id)
    given = body.model_fields_set
    owner: Any = UNSET
    if "owner" in given:
        require(actor, Action.CHANGE_CASE, case)
        owner = user_lists.user(body.owner) if body.owner is not None else None
    cases.change(
        case,
        by=actor,
        owner=owner,
        priority=body.priority if "priority" in given else UNSET,
        due_at=body.due_at if "due_at" in given else UNSET,
    )
    return _answer(case, actor)


@routes.patch(
    "/cases/{case_id}/variables",
    Action.CHANGE_VARIABLES,
    body=schemas.ChangeVariables,
    gives=shapes.CaseShape,
    conditional=True,
)
def change_variables(case_id: UUID, body: schemas.ChangeVariables) -> Answer:
    """Set variables; the others stay as they are."""
    case, actor = _to_change(case_id)
    cases.change_variables(case, body.variables, by=actor)
    return _answer(case, actor)


@routes.post(
    "/cases/{case_id}/retry", Action.RETRY, body=schemas.RetryIncident, gives=shapes.CaseShape, conditional=True
)
def retry_case(case_id: UUID, body: schemas.RetryIncident) -> Answer:
    """Try again the step at which the case failed, with corrected or missing variables."""
    case, actor = _to_change(case_id)
    incidents.mend(case, by=actor, variables=body.variables)
    return _answer(case, actor)


@routes.post(
    "/cases/{case_id}/cancel", Action.CANCEL_CASE, body=schemas.CancelCase, gives=shapes.CaseShape, conditional=True
)
def cancel_case(case_id: UUID, body: schemas.CancelCase) -> Answer:
    """End the case now, with everything that is open in it."""
    case, actor = _to_change(case_id)
    cases.cancel(case, by=actor, reason=body.reason)
    return _answer(case, actor)


@routes.get("/cases/{case_id}/tasks", Action.READ_CASE, gives=list[shapes.TaskShape])
def list_tasks_of_case(case_id: UUID) -> Answer:
    """All tasks of a case: the open ones by urgency, then the closed ones, the latest first."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    return Answer(all_of(task_lists.of_case(case, actor=actor), lambda task: task_shape(task, actor)))


@routes.get("/cases/{case_id}/timeline", Action.READ_CASE, query=schemas.Paged, gives=list[shapes.AuditShape])
def get_timeline(case_id: UUID, query: schemas.Paged) -> Answer:
    """What happened in a case, the newest first; each entry's hash covers the one before it."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    return Answer(listed(timeline.entries(case, actor=actor, **dict(query)), audit_shape))


@routes.get("/cases/{case_id}/diagram", Action.READ_CASE, gives=shapes.DiagramShape, conditional=True)
def get_diagram(case_id: UUID) -> Answer:
    """Where a case stands in its diagram: tokens and completions by element or flow id, and where it is stuck."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    state = case_lists.diagram_state(case)
    return Answer(lambda: diagram_shape(case, state), etag=etag(actor, case.version, *state.failed))


def _to_change(case_id: UUID) -> tuple[Case, Actor]:
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    check_if_match(case, lambda: case_etag(case, actor))
    return case, actor


def _answer(case: Case, actor: Actor, *, location: bool = False) -> Answer:
    db.session.flush()  # the version is counted up as it is written
    where = url_for("api.cases.get_case", case_id=case.id) if location else None
    return Answer(case_shape(case, actor), etag=case_etag(case, actor), location=where)
