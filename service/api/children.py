"""A case's family over REST: the tree below it, what blocks it, child cases opened by hand, and a parent for a case."""

from __future__ import annotations

from uuid import UUID

from flask import url_for

from service.api import schemas, shapes
from service.api.representations import all_of, case_etag, case_shape, moment
from service.api.routes import Answer, Routes
from service.db import db
from service.http.auth import current_actor
from service.operations import children
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import children as family
from service.queries import definitions

routes = Routes("children")


@routes.get("/cases/{case_id}/children", Action.READ_CASE, gives=shapes.FamilyShape)
def get_tree(case_id: UUID) -> Answer:
    """All cases below a case, to any depth, each before its own children, with their open work added up."""
    actor = current_actor()
    found = family.tree(case_lists.get(case_id, by=actor), actor=actor)
    return Answer({"items": [_descendant(each) for each in found], "totals": _totals(family.totals(found))})


@routes.get("/cases/{case_id}/blockers", Action.READ_CASE, gives=list[shapes.BlockerShape])
def list_blockers(case_id: UUID) -> Answer:
    """What has to end before a case may be closed."""
    actor = current_actor()
    found = family.blockers(case_lists.get(case_id, by=actor), actor=actor)
    return Answer(all_of(found, lambda each: {"kind": each.kind, "id": str(each.id), "name": each.name}))


@routes.post("/cases/{case_id}/children", Action.OPEN_CHILD, body=schemas.OpenChild, gives=shapes.CaseShape, status=201)
def open_child(case_id: UUID, body: schemas.OpenChild) -> Answer:
    """Open a child case by hand, with its start form's data."""
    actor = current_actor()
    parent = case_lists.get(case_id, by=actor)
    definition = definitions.active(body.case_type)
    child = children.open_child(parent, definition, by=actor, submitted=body.data, blocking=body.blocking)
    db.session.flush()
    where = url_for("api.cases.get_case", case_id=child.id)
    return Answer(case_shape(child, actor), etag=case_etag(child, actor), location=where)


@routes.post("/cases/{case_id}/parent", Action.ADOPT, body=schemas.Adopt, gives=shapes.CaseShape)
def adopt(case_id: UUID, body: schemas.Adopt) -> Answer:
    """Hang a case under another one, for example a claim into its customer's file."""
    actor = current_actor()
    child = case_lists.get(case_id, by=actor)
    children.adopt(child, parent=case_lists.by_number(body.parent, by=actor), by=actor, blocking=body.blocking)
    db.session.flush()
    return Answer(case_shape(child, actor), etag=case_etag(child, actor))


def _descendant(each: family.Descendant) -> shapes.DescendantShape:
    return {
        "id": str(each.id),
        "parent_id": str(each.parent_id),
        "depth": each.depth,
        "number": each.number,
        "title": each.title,
        "case_type": each.case_type,
        "state": each.state.value,
        "stage": each.stage,
        "due_at": moment(each.due_at),
        "late": each.late,
        "fragment": each.fragment,
        "blocking": each.blocking,
        "readable": each.readable,
        "below": _totals(each.below),
    }


def _totals(found: family.Totals) -> shapes.TotalsShape:
    return {
        "cases": found.cases,
        "open": found.open,
        "late": found.late,
        "failed": found.failed,
        "tasks": found.tasks,
        "late_tasks": found.late_tasks,
    }
