"""Where a case stands, changed by hand over REST: previewed, made, or proposed and agreed to; and many at once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import url_for

from service.api import migrations, schemas, shapes
from service.api.representations import case_etag, listed, moment
from service.api.requests import check_if_match
from service.api.routes import Answer, Routes
from service.db import db
from service.engine.change.steps import Kind, Step
from service.http.auth import current_actor
from service.models import Actor, Case, Modification
from service.operations import modification
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import modifications as lists

routes = Routes("modifications")
ONE = "/cases/{case_id}/modifications/{modification_id}"


@routes.post(
    "/cases/{case_id}/modifications/preview",
    Action.MODIFY,
    body=schemas.PreviewModification,
    gives=shapes.PreviewShape,
)
def preview(case_id: UUID, body: schemas.PreviewModification) -> Answer:
    """What steps would do to a case: what opens, ends and waits, and what speaks against it. Nothing is changed."""
    actor = current_actor()
    case = case_lists.to_modify(case_id, by=actor)
    found = modification.look(case, steps_of(body.steps), by=actor)
    return Answer(_preview(found), etag=case_etag(case, actor))


@routes.post(
    "/cases/{case_id}/modifications",
    Action.MODIFY,
    body=schemas.Modify,
    gives=shapes.ModificationShape,
    status=201,
    conditional=True,
)
def modify(case_id: UUID, body: schemas.Modify) -> Answer:
    """Change where a case stands; `proposed` where its type wants a second person to agree. 409 for what cannot be."""
    actor = current_actor()
    case = case_lists.to_modify(case_id, by=actor)
    check_if_match(case, lambda: case_etag(case, actor))
    made = modification.modify(case, steps_of(body.steps), by=actor, reason=body.reason, revision=body.revision)
    where = url_for("api.modifications.get_modification", case_id=case.id, modification_id=made.id)
    return Answer(_flushed(made), location=where)


@routes.get("/cases/{case_id}/modifications", Action.MODIFY, query=schemas.Paged, gives=list[shapes.ModificationShape])
def list_modifications(case_id: UUID, query: schemas.Paged) -> Answer:
    """What was changed by hand about where a case stands, or proposed, the newest first."""
    actor = current_actor()
    case = case_lists.to_modify(case_id, by=actor)
    return Answer(listed(lists.of_case(case, actor=actor, **dict(query)), _shape))


@routes.get(ONE, Action.MODIFY, gives=shapes.ModificationShape)
def get_modification(case_id: UUID, modification_id: UUID) -> Answer:
    """One of them."""
    _case, found, _actor = _one(case_id, modification_id)
    return Answer(_shape(found))


@routes.post(f"{ONE}/approve", Action.MODIFY, gives=shapes.ModificationShape)
def approve(case_id: UUID, modification_id: UUID) -> Answer:
    """Agree to what somebody else proposed, and apply it: `refused`, with an answer, where it is possible no more."""
    _case, found, actor = _one(case_id, modification_id)
    return Answer(_flushed(modification.approve(found, by=actor)))


@routes.post(f"{ONE}/refuse", Action.MODIFY, body=schemas.RefuseModification, gives=shapes.ModificationShape)
def refuse(case_id: UUID, modification_id: UUID, body: schemas.RefuseModification) -> Answer:
    """Turn down what somebody proposed; what you proposed yourself is withdrawn."""
    _case, found, actor = _one(case_id, modification_id)
    modification.refuse(found, by=actor, reason=body.reason)
    return Answer(_flushed(found))


@routes.post(
    "/modifications", Action.MODIFY_CASES, body=schemas.OrderModification, gives=shapes.MigrationShape, status=201
)
def order(body: schemas.OrderModification) -> Answer:
    """Have the same steps taken in many cases of a version, each in its own transaction, by the worker.

    The order stands among the migrations, with its version in `from` and `to`.
    """
    return migrations.modified(body, steps_of(body.steps), by=current_actor())


def steps_of(said: Sequence[schemas.ModificationStep]) -> list[Step]:
    """The engine's steps."""
    return [Step(Kind(each.do), each.element, each.activity, each.to, each.values, each.at, each.name) for each in said]


def _one(case_id: UUID, modification_id: UUID) -> tuple[Case, Modification, Actor]:
    actor = current_actor()
    case = case_lists.to_modify(case_id, by=actor)
    return case, lists.get(modification_id, case, actor=actor), actor


def _flushed(found: Modification) -> shapes.ModificationShape:
    db.session.flush()
    return _shape(found)


def _shape(found: Modification) -> shapes.ModificationShape:
    return {
        "id": str(found.id),
        "case_id": str(found.case_id),
        "steps": found.steps,
        "reason": found.reason,
        "state": found.state.value,
        "revision": found.revision,
        "created_by": found.created_by,
        "created_at": moment(found.created_at) or "",
        "decided_by": found.decided_by,
        "decided_at": moment(found.decided_at),
        "answer": found.answer,
    }


def _preview(found: modification.Preview) -> shapes.PreviewShape:
    return {
        "revision": found.revision,
        "verdict": found.verdict.value,
        "needs_approval": found.needs_approval,
        "reasons": [
            {
                "question": each.question,
                "verdict": each.verdict.value,
                "message": each.message,
                "way_out": each.way_out,
                "element_id": each.element_id,
            }
            for each in found.reasons
        ],
        "effects": [
            {
                "what": each.what,
                "kind": each.kind,
                "element_id": each.element_id,
                "name": each.name,
                "at": moment(each.at),
            }
            for each in found.effects
        ],
        "before": list(found.before),
        "after": list(found.after),
    }
