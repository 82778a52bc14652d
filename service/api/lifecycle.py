"""A case's life over REST: its map, holding, closing with an outcome, opening again, going back, plan fragments."""

from __future__ import annotations

from uuid import UUID

from flask import url_for

from service.api import schemas, shapes
from service.api.representations import case_etag, case_shape, moment
from service.api.requests import check_if_match
from service.api.routes import Answer, Routes
from service.db import db
from service.execution.definitions import deployed
from service.http.auth import current_actor
from service.models import Actor, Case
from service.operations import children, lifecycle
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import definitions, moments
from service.queries import lifecycle as life

routes = Routes("lifecycle")


@routes.get("/cases/{case_id}/life", Action.READ_CASE, gives=shapes.LifeShape)
def get_life(case_id: UUID) -> Answer:
    """Stages, milestones, possible outcomes, and what can be gone back to with what that would cancel."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    return Answer(_life(case, actor))


@routes.get("/cases/{case_id}/moment", Action.READ_CASE, query=schemas.MomentQuery, gives=shapes.MomentShape)
def get_moment(case_id: UUID, query: schemas.MomentQuery) -> Answer:
    """How a case stood after one of its timeline's entries: data, open tasks, stage and diagram."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    return Answer(_moment(moments.at(case, query.seq, actor=actor)))


@routes.post("/cases/{case_id}/suspend", Action.SUSPEND, body=schemas.Suspend, gives=shapes.CaseShape, conditional=True)
def suspend(case_id: UUID, body: schemas.Suspend) -> Answer:
    """Put a case on hold: its clocks stop until it is resumed."""
    case, actor = _to_change(case_id)
    lifecycle.suspend(case, by=actor, reason=body.reason, until=body.until)
    return _answer(case, actor)


@routes.post("/cases/{case_id}/resume", Action.RESUME, gives=shapes.CaseShape, conditional=True)
def resume(case_id: UUID) -> Answer:
    """Let a case on hold go on."""
    case, actor = _to_change(case_id)
    lifecycle.resume(case, by=actor)
    return _answer(case, actor)


@routes.post("/cases/{case_id}/close", Action.CLOSE, body=schemas.Close, gives=shapes.CaseShape, conditional=True)
def close(case_id: UUID, body: schemas.Close) -> Answer:
    """Close a case as done, with an outcome and a summary."""
    case, actor = _to_change(case_id)
    lifecycle.close(case, by=actor, outcome=body.outcome, summary=body.summary)
    return _answer(case, actor)


@routes.post("/cases/{case_id}/reopen", Action.REOPEN, body=schemas.Reopen, gives=shapes.CaseShape, conditional=True)
def reopen(case_id: UUID, body: schemas.Reopen) -> Answer:
    """Open a closed case again."""
    case, actor = _to_change(case_id)
    lifecycle.reopen(case, by=actor, reason=body.reason, element_id=body.element_id)
    return _answer(case, actor)


@routes.post("/cases/{case_id}/repeat", Action.REPEAT, body=schemas.Repeat, gives=shapes.CaseShape, conditional=True)
def repeat(case_id: UUID, body: schemas.Repeat) -> Answer:
    """Go back to a finished step; `GET …/life` tells before what that cancels."""
    case, actor = _to_change(case_id)
    lifecycle.repeat(case, body.element_id, by=actor, reason=body.reason)
    return _answer(case, actor)


@routes.post(
    "/cases/{case_id}/fragments",
    Action.INSERT_FRAGMENT,
    body=schemas.InsertFragment,
    gives=shapes.CaseShape,
    status=201,
)
def insert_fragment(case_id: UUID, body: schemas.InsertFragment) -> Answer:
    """Start a plan fragment inside a running case."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    definition = definitions.active(body.process)
    child = children.insert(case, definition, by=actor, reason=body.reason)
    db.session.flush()
    where = url_for("api.cases.get_case", case_id=child.id)
    return Answer(case_shape(child, actor), etag=case_etag(child, actor), location=where)


def _life(case: Case, actor: Actor) -> shapes.LifeShape:
    outcomes = deployed(case.definition_id).definition.info.outcomes
    return {
        "stages": [{"id": each.id, "name": each.name, "state": each.state} for each in life.stages(case, actor=actor)],
        "milestones": [
            {"id": each.id, "name": each.name, "reached_at": moment(each.reached_at)}
            for each in life.milestones(case, actor=actor)
        ],
        "outcomes": [{"id": each.id, "name": each.name} for each in outcomes],
        "repeatable": [_repeatable(each) for each in life.repeatable(case, actor=actor)],
        "outcome": case.outcome,
        "summary": case.summary,
        "suspended_at": moment(case.suspended_at),
        "suspended_until": moment(case.suspended_until),
    }


def _moment(found: moments.Moment) -> shapes.MomentShape:
    return {
        "seq": found.seq,
        "at": moment(found.at) or "",
        "state": found.state.value,
        "stage": found.stage,
        "variables": found.variables,
        "marked": dict(found.marked),
        "tasks": [
            {"name": task.name, "element_id": task.element_id, "assignee": task.assignee}
            for task in found.tasks.values()
        ],
    }


def _repeatable(each: life.Repeatable) -> shapes.RepeatableShape:
    return {
        "element_id": each.element_id,
        "name": each.name,
        "stage": each.stage,
        "done": each.done,
        "may_repeat": each.why_not is None,
        "why_not": each.why_not,
        "cancels": list(each.cancels),
        "children": list(each.children),
    }


def _to_change(case_id: UUID) -> tuple[Case, Actor]:
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    check_if_match(case, lambda: case_etag(case, actor))
    return case, actor


def _answer(case: Case, actor: Actor) -> Answer:
    db.session.flush()  # the version is counted up as it is written
    return Answer(case_shape(case, actor), etag=case_etag(case, actor))
