"""Saved views over REST: what people list again and again, kept, shared and counted."""

from __future__ import annotations

from uuid import UUID

from service.api.representations import all_of
from service.api.routes import Answer, Routes
from service.api.view_shapes import BeginWith, SaveView, ViewQuery, ViewShape
from service.db import db
from service.http.auth import current_actor
from service.http.protection import SIGNED_IN
from service.models import Actor, SavedView
from service.operations import views as operations
from service.policy.permissions import Action
from service.queries import views

routes = Routes("views")
COUNTED = 1000  #: beyond, `count` says no more


@routes.get("/views", SIGNED_IN, query=ViewQuery, gives=list[ViewShape])
def list_views(query: ViewQuery) -> Answer:
    """The views that you have, own ones and those of your groups, by name."""
    actor = current_actor()
    return Answer(all_of(views.of(actor, query.of), lambda view: _shape(view, actor)))


@routes.post("/views", Action.KEEP_VIEWS, body=SaveView, gives=ViewShape, status=201)
def save_view(body: SaveView) -> Answer:
    """Save a view, for yourself or for groups of yours."""
    actor = current_actor()
    view = operations.keep(_wanted(body), by=actor)
    db.session.flush()
    return Answer(_shape(view, actor))


@routes.get("/views/{view_id}", Action.READ_VIEW, gives=ViewShape)
def get_view(view_id: UUID) -> Answer:
    """One view, with how much it shows you now: at most 1000 are counted, and null is more than can be counted soon."""
    actor = current_actor()
    view = views.get(view_id, by=actor)
    return Answer(_shape(view, actor, count=views.count(view, actor, most=COUNTED)))


@routes.put("/views/{view_id}", Action.CHANGE_VIEW, body=SaveView, gives=ViewShape)
def change_view(view_id: UUID, body: SaveView) -> Answer:
    """Let your own view be another."""
    actor = current_actor()
    view = views.get(view_id, by=actor)
    operations.change(view, _wanted(body), by=actor)
    db.session.flush()
    return Answer(_shape(view, actor))


@routes.delete("/views/{view_id}", Action.CHANGE_VIEW)
def delete_view(view_id: UUID) -> Answer:
    """Delete your own view, for all who have it."""
    actor = current_actor()
    operations.forget(views.get(view_id, by=actor), by=actor)
    return Answer()


@routes.put("/views/{view_id}/default", Action.READ_VIEW, body=BeginWith, gives=ViewShape)
def begin_with(view_id: UUID, body: BeginWith) -> Answer:
    """Begin with this view from now on, or no longer."""
    actor = current_actor()
    view = views.get(view_id, by=actor)
    operations.begin_with(view, body.begins, by=actor)
    db.session.flush()
    return Answer(_shape(view, actor))


def _wanted(body: SaveView) -> operations.Wanted:
    known = views.columns_of(body.of)
    return operations.Wanted(**{**dict(body), "columns": [each for each in body.columns if each in known]})


def _shape(view: SavedView, actor: Actor, *, count: int | None = None) -> ViewShape:
    first = views.begins_with(actor, view.of)
    return {
        "id": str(view.id),
        "of": view.of.value,
        "name": view.name,
        "owner": views.owner_of(view),
        "filter": view.filter,
        "scope": view.scope,
        "sort": view.sort,
        "grouped_by": view.grouped_by,
        "columns": list(view.columns),
        "groups": view.groups,
        "begins": first is not None and first.id == view.id,
        "count": count,
    }
