"""What is deployed, over REST: case types, process, decision and form definitions, and their files."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from flask import Response, request

from service import forms
from service.api import deployed_shapes, schemas, shapes
from service.api.representations import (
    all_of,
    decision_shape,
    definition_shape,
    differences_shape,
    form_definition_shape,
    listed,
)
from service.api.routes import Answer, Routes
from service.db import db, utcnow
from service.engine import decisions
from service.errors import BadRequest, InvalidForm
from service.execution.definitions import form_of, form_schema, read_files, resource
from service.http.auth import current_actor
from service.http.protection import as_file
from service.models import DecisionDefinition, FormDefinition, ProcessDefinition
from service.operations import bundles, cases
from service.policy.permissions import Action, may
from service.queries import cases as case_lists
from service.queries import definitions, differences
from service.queries.pages import Page

routes = Routes("definitions")
Definition = TypeVar("Definition", ProcessDefinition, DecisionDefinition, FormDefinition)
XML = "application/xml"
ZIP = "application/zip"


@routes.get("/case-types", Action.READ_DEFINITION, gives=list[deployed_shapes.CaseTypeShape])
def list_case_types() -> Answer:
    """What kinds of case there are; `running`: how many open ones you see, up to 100; `actions`: `open` if you may.

    Of a case type with more than 200 open ones, `running` may count only among the newest 200.
    """
    actor, types = current_actor(), definitions.case_types()
    running = case_lists.running([kind.id for kind in types], actor=actor)

    def represent(definition: ProcessDefinition) -> deployed_shapes.CaseTypeShape:
        return {
            "key": definition.key,
            "name": definition.name,
            "version": definition.version,
            "definition_id": str(definition.id),
            "running": running[definition.id],
            "actions": ["open"] if may(actor, Action.OPEN_CASE, definition) else [],
        }

    return Answer(all_of(types, represent))


@routes.get(
    "/definitions", Action.READ_DEFINITION, query=schemas.DefinitionQuery, gives=list[deployed_shapes.DefinitionShape]
)
def list_definitions(query: schemas.DefinitionQuery) -> Answer:
    """The newest version of each process, or all versions of one."""
    return Answer(listed(_page(ProcessDefinition, query), definition_shape))


@routes.get(
    "/definitions/{definition_id}", Action.READ_DEFINITION, gives=deployed_shapes.DefinitionShape, conditional=True
)
def get_definition(definition_id: UUID) -> Answer:
    """One version of a process."""
    found = definitions.get(definition_id)
    return Answer(definition_shape(found), etag=_etag(found))


@routes.get("/definitions/{definition_id}/xml", Action.READ_DEFINITION, gives=str, media=XML, conditional=True)
def get_definition_xml(definition_id: UUID) -> Answer | Response:
    """The BPMN file as it was deployed."""
    found = definitions.get(definition_id)
    return _file(found.files[found.file])


@routes.get("/definitions/{definition_id}/bundle", Action.DEPLOY, gives=str, media=ZIP)
def get_bundle(definition_id: UUID) -> Response:
    """The version with everything that it is linked with, as one signed file for another installation."""
    found = definitions.get(definition_id)
    made = bundles.export([found], by=current_actor())
    return as_file(Response(made.content, content_type=ZIP), f"{found.key}-{found.version}.zip")


@routes.get(
    "/definitions/{definition_id}/differences",
    Action.READ_DEFINITION,
    query=schemas.DifferenceQuery,
    gives=deployed_shapes.DifferencesShape,
)
def get_differences(definition_id: UUID, query: schemas.DifferenceQuery) -> Answer:
    """What differs from another version of the same process, in words: elements, forms, decisions and mappings."""
    found = definitions.get(definition_id)
    older = definitions.get(query.since) if query.since else definitions.before(found)
    if older is not None and older.key != found.key:
        raise BadRequest(f"Give another version of “{found.key}”.", field="since")
    return Answer(differences_shape(older, found, differences.between(older and older.id, found.id)))


@routes.get("/definitions/{definition_id}/form", Action.READ_DEFINITION, gives=shapes.FormShape)
def get_start_form(definition_id: UUID) -> Answer:
    """The form (a form-js schema) that asks for what a new case starts with, and the data it starts with."""
    found = definitions.get(definition_id)
    key = cases.start_form(found)
    schema = form_of(found.id, key)
    data = forms.initial(schema, {}) if schema else {}
    return Answer({"id": cases.start_form_id(found), "key": key, "schema": schema, "data": data})


@routes.get(
    "/definitions/{definition_id}/form/json-schema",
    Action.READ_DEFINITION,
    gives=dict[str, object],
    media="application/schema+json",
)
def get_start_form_json_schema(definition_id: UUID) -> Answer:
    """The fixed part of the start form's rules as JSON Schema: what `data` has to look like to open a case."""
    found = definitions.get(definition_id)
    return Answer(forms.json_schema(form_of(found.id, cases.start_form(found)) or {}))


@routes.get(
    "/decisions", Action.READ_DEFINITION, query=schemas.DefinitionQuery, gives=list[deployed_shapes.DecisionShape]
)
def list_decisions(query: schemas.DefinitionQuery) -> Answer:
    """The newest version of each decision, or all versions of one."""
    return Answer(listed(_page(DecisionDefinition, query), decision_shape))


@routes.get("/decisions/{decision_id}", Action.READ_DEFINITION, gives=deployed_shapes.DecisionShape, conditional=True)
def get_decision(decision_id: UUID) -> Answer:
    """One version of a decision."""
    found = definitions.one(DecisionDefinition, decision_id)
    return Answer(decision_shape(found), etag=_etag(found))


@routes.get("/decisions/{decision_id}/xml", Action.READ_DEFINITION, gives=str, media=XML, conditional=True)
def get_decision_xml(decision_id: UUID) -> Answer | Response:
    """The DMN file as it was deployed."""
    found = definitions.one(DecisionDefinition, decision_id)
    return _file(found.files[found.file])


@routes.post(
    "/decisions/{decision_id}/evaluate",
    Action.EVALUATE_DECISION,
    body=schemas.Evaluate,
    gives=deployed_shapes.EvaluatedShape,
    limit="evaluation",
)
def evaluate(decision_id: UUID, body: schemas.Evaluate) -> Answer:
    """Try a decision: its result, and for each table on the way its inputs and the rules that fit."""
    found = definitions.one(DecisionDefinition, decision_id)
    key, parsed = found.key, _decisions(found.id)
    db.session.rollback()  # nothing is locked while FEEL runs
    try:
        done = decisions.evaluate(key, parsed, body.variables, now=utcnow())
    except decisions.DecisionError as error:
        raise InvalidForm({"variables": [str(error)]}) from error
    return Answer({"result": done.value, "trace": list(done.trace)})


@routes.get(
    "/forms", Action.READ_DEFINITION, query=schemas.DefinitionQuery, gives=list[deployed_shapes.FormDefinitionShape]
)
def list_forms(query: schemas.DefinitionQuery) -> Answer:
    """The newest version of each form, or all versions of one."""
    return Answer(listed(_page(FormDefinition, query), form_definition_shape))


@routes.get("/forms/{form_id}", Action.READ_DEFINITION, gives=deployed_shapes.FormDefinitionShape, conditional=True)
def get_form_definition(form_id: UUID) -> Answer:
    """One version of a form."""
    found = definitions.one(FormDefinition, form_id)
    return Answer(form_definition_shape(found), etag=_etag(found))


@routes.get("/forms/{form_id}/schema", Action.READ_DEFINITION, gives=dict[str, object], conditional=True)
def get_form_schema(form_id: UUID) -> Answer:
    """The form-js schema as it was deployed."""
    found = definitions.one(FormDefinition, form_id)
    return Answer(lambda: form_schema(found.id), etag=f'"{found.hash}"')


@lru_cache(maxsize=256)
def _decisions(decision_id: UUID) -> dict[str, decisions.Decision]:
    """The decisions that were deployed together with this one; immutable, so parsed once per process."""
    return decisions.parse_decisions(read_files(definitions.one(DecisionDefinition, decision_id).files), deployed=True)


def _page(kind: type[Definition], query: schemas.DefinitionQuery) -> Page[Definition]:
    return definitions.listed(kind, key=query.key, limit=query.limit, cursor=query.cursor)


def _etag(found: ProcessDefinition | DecisionDefinition | FormDefinition) -> str:
    """Definitions never change but in being the newest, and of a process in being the one that new cases take."""
    chosen = ""
    if isinstance(found, ProcessDefinition):
        stage = (found.staged, found.staged_from, found.staged_share, found.staged_when, found.retired_at)
        chosen = f"{int(found.active)}{int(found.pinned)}{zlib.crc32(repr(stage).encode()):x}"
    return f'"{found.hash[:32]}-{int(found.latest)}{chosen}"'


def _file(digest: str) -> Answer | Response:
    if request.if_none_match.contains_weak(digest):
        return Answer(etag=f'"{digest}"')
    response = as_file(Response(resource(digest), content_type=XML), f"{digest[:12]}.xml")
    response.headers["ETag"] = f'"{digest}"'
    return response
