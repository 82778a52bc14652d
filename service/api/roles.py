"""Roles and access of one case over REST: who has which role, handing over, restricting, and who may see it and why."""

from __future__ import annotations

from uuid import UUID

from service.api import schemas, shapes
from service.api.representations import all_of, case_etag, case_shape
from service.api.requests import check_if_match
from service.api.routes import Answer, Routes
from service.db import db
from service.http.auth import current_actor
from service.models import Actor, Case
from service.operations import roles as operations
from service.policy.permissions import Action, require
from service.queries import access
from service.queries import cases as case_lists
from service.queries import users as user_lists

routes = Routes("roles")


@routes.get("/cases/{case_id}/roles", Action.READ_CASE, gives=list[shapes.RoleShape])
def list_roles(case_id: UUID) -> Answer:
    """The roles of a case, and who has them."""
    actor = current_actor()
    return _roles(case_lists.get(case_id, by=actor), actor)


@routes.put("/cases/{case_id}/roles/{role}", Action.BIND_ROLE, body=schemas.BindRole, gives=list[shapes.RoleShape])
def bind(case_id: UUID, role: str, body: schemas.BindRole) -> Answer:
    """Say who has a role of a case from now on; open tasks follow."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    operations.bind(case, role, body.holders, by=actor)
    db.session.flush()
    return _roles(case, actor)


@routes.post(
    "/cases/{case_id}/roles/{role}/hand-over",
    Action.BIND_ROLE,
    body=schemas.HandOver,
)
def hand_over(case_id: UUID, role: str, body: schemas.HandOver) -> Answer:
    """Let somebody take somebody else's place in a role, with their open tasks in this case."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    require(actor, Action.BIND_ROLE, case)  # before it is said who there is
    operations.hand_over(case, role, frm=user_lists.user(body.from_), to=user_lists.user(body.to), by=actor)
    return Answer()  # who handed over may not see the case any more


@routes.post(
    "/cases/{case_id}/restrict", Action.RESTRICT, body=schemas.Restrict, gives=shapes.CaseShape, conditional=True
)
def restrict(case_id: UUID, body: schemas.Restrict) -> Answer:
    """Close a case to all but its owner and its roles, or open it again."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    check_if_match(case, lambda: case_etag(case, actor))
    operations.restrict(case, body.restricted, by=actor, reason=body.reason)
    db.session.flush()
    return Answer(case_shape(case, actor), etag=case_etag(case, actor))


@routes.get("/cases/{case_id}/access", Action.READ_CASE, gives=list[shapes.SeerShape])
def list_access(case_id: UUID) -> Answer:
    """Who may see a case, and which rule lets them."""
    actor = current_actor()
    return Answer(all_of(access.who(case_lists.get(case_id, by=actor), actor=actor), _seer))


def _roles(case: Case, actor: Actor) -> Answer:
    found = access.roles(case, actor=actor)
    return Answer(
        all_of(
            found,
            lambda role: {"id": role.id, "name": role.name, "access": role.access, "holders": list(role.holders)},
        )
    )


def _seer(seer: access.Seer) -> shapes.SeerShape:
    return {"name": seer.name, "display_name": seer.display_name, "rule": seer.rule, "because": seer.because}
