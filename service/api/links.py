"""Links between cases over REST, merging and splitting."""

from __future__ import annotations

from uuid import UUID

from flask import url_for

from service.api import schemas, shapes
from service.api.representations import all_of, case_etag, case_shape
from service.api.routes import Answer, Routes
from service.db import db
from service.http.auth import current_actor
from service.models import LinkKind
from service.operations import links as operations
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import links

routes = Routes("links")


@routes.get("/cases/{case_id}/links", Action.READ_CASE, gives=list[shapes.LinkShape])
def list_links(case_id: UUID) -> Answer:
    """The cases that a case is linked with, in either direction."""
    actor = current_actor()
    return Answer(all_of(links.of_case(case_lists.get(case_id, by=actor), actor=actor), _shape))


@routes.post("/cases/{case_id}/links", Action.LINK, body=schemas.LinkCase, gives=list[shapes.LinkShape], status=201)
def link(case_id: UUID, body: schemas.LinkCase) -> Answer:
    """Link a case with another one; it answers all links."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    target = case_lists.by_number(body.target, by=actor)
    operations.link(case, target, LinkKind(body.kind), by=actor)
    db.session.flush()
    return Answer(all_of(links.of_case(case, actor=actor), _shape))


@routes.delete("/links/{link_id}", Action.LINK)
def unlink(link_id: UUID) -> Answer:
    """Take a link away that was made by hand."""
    actor = current_actor()
    operations.unlink(links.get(link_id, by=actor), by=actor)
    return Answer()


@routes.post("/cases/{case_id}/merge", Action.MERGE, body=schemas.MergeCase, gives=shapes.CaseShape)
def merge(case_id: UUID, body: schemas.MergeCase) -> Answer:
    """End a case as merged into another one, which takes over the data that it lacks."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    operations.merge(case, case_lists.by_number(body.into, by=actor), by=actor, reason=body.reason)
    db.session.flush()
    return Answer(case_shape(case, actor), etag=case_etag(case, actor))


@routes.post("/cases/{case_id}/split", Action.SPLIT, body=schemas.SplitCase, gives=shapes.CaseShape, status=201)
def split(case_id: UUID, body: schemas.SplitCase) -> Answer:
    """Open a second case of the same type with some of the first one's data, and with what its start form asks."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    made = operations.split(case, body.variables, by=actor, reason=body.reason, submitted=body.data)
    db.session.flush()
    where = url_for("api.cases.get_case", case_id=made.id)
    return Answer(case_shape(made, actor), etag=case_etag(made, actor), location=where)


def _shape(each: links.Linked) -> shapes.LinkShape:
    return {
        "id": str(each.id),
        "kind": each.kind.value,
        "words": each.words,
        "case_id": str(each.case_id),
        "number": each.number,
        "title": each.title,
        "state": each.state.value,
        "readable": each.readable,
    }
