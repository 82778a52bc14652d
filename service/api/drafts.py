"""Drafts of forms over REST: what you typed and have not sent. Pages save them by these too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from service.api import shapes
from service.api.representations import moment
from service.api.routes import Answer, Routes
from service.api.schemas import Body, Data
from service.execution.definitions import form_of, form_of_task
from service.http.auth import current_actor
from service.models import ProcessDefinition
from service.operations import drafts as operations
from service.operations.cases import start_form
from service.policy.permissions import Action
from service.queries import definitions, drafts
from service.queries import tasks as task_lists

routes = Routes("drafts")


class SaveDraft(Body):
    """What was typed, as far as it differs from what the form was shown with."""

    values: Data
    was: Annotated[dict[str, Any], Field(description="What the form was shown with, for the same names.")] = {}
    version: Annotated[int, Field(ge=0, le=2**31 - 1, description="Of the draft that this goes on from; 0: none.")]


class DraftShape(TypedDict):
    version: int
    values: dict[str, Any]
    was: dict[str, Any]
    gone: dict[str, Any]
    saved_at: shapes.Moment | None


@routes.get("/tasks/{task_id}/draft", Action.COMPLETE, gives=DraftShape)
def get_draft(task_id: UUID) -> Answer:
    """What you typed into the form of your task; `gone`: into fields that it no longer has. Version 0: nothing."""
    actor = current_actor()
    return Answer(shape(drafts.of_task(task_lists.get(task_id, by=actor), actor=actor)))


@routes.put("/tasks/{task_id}/draft", Action.COMPLETE, body=SaveDraft, gives=DraftShape)
def save_draft(task_id: UUID, body: SaveDraft) -> Answer:
    """Keep what you typed; fields that the form does not ask for are left out. 409 when you typed elsewhere since."""
    actor = current_actor()
    task = task_lists.to_change(task_id, by=actor)
    draft = operations.save(task, _typed(body), by=actor)
    return Answer(shape(drafts.as_it_is(draft, form_of_task(task) or {})))


@routes.get("/definitions/{definition_id}/draft", Action.OPEN_CASE, gives=DraftShape)
def get_start_draft(definition_id: UUID) -> Answer:
    """What you typed into the form that opens a case of this type, in whichever version."""
    actor = current_actor()
    definition = definitions.get(definition_id)
    return Answer(shape(drafts.of_start(definition, _start_form(definition), actor=actor)))


@routes.put("/definitions/{definition_id}/draft", Action.OPEN_CASE, body=SaveDraft, gives=DraftShape)
def save_start_draft(definition_id: UUID, body: SaveDraft) -> Answer:
    """Keep what you typed into the form that opens a case of this type."""
    definition = definitions.get(definition_id)
    draft = operations.save_start(definition, _typed(body), by=current_actor())
    return Answer(shape(drafts.as_it_is(draft, _start_form(definition) or {})))


def shape(draft: drafts.Draft) -> DraftShape:
    """A draft as JSON."""
    return {
        "version": draft.version,
        "values": dict(draft.values),
        "was": dict(draft.was),
        "gone": dict(draft.gone),
        "saved_at": moment(draft.saved_at),
    }


def _start_form(definition: ProcessDefinition) -> dict[str, Any] | None:
    return form_of(definition.id, start_form(definition))


def _typed(body: SaveDraft) -> operations.Typed:
    values: Mapping[str, Any] = body.values
    return operations.Typed(values, body.was, body.version)
