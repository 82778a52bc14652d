"""The OpenAPI 3.1 document, made once from the routes' own declarations, and the page that shows it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

from flask import Blueprint, Response, make_response, render_template, request
from pydantic import TypeAdapter

from service.api.deployed_shapes import ProblemShape
from service.api.examples import BODIES, IN_PATHS
from service.api.idempotency import HEADER, REPLAYED
from service.api.routes import JSON, PUBLIC, Operation
from service.http.protection import public
from service.policy.permissions import ALSO, SCOPE, Action

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"
REF = "#/components/schemas/{model}"
Schema = dict[str, Any]

MEANINGS = {
    400: "The request is not of the form that is asked for.",
    401: "Nobody is signed in, or the token is unknown, expired or revoked.",
    403: "You may see this, but not do that.",
    404: "There is no such thing, or it is not yours to see.",
    409: "The thing is no longer in a state that permits this.",
    412: "It is no longer at the version named by `If-Match`.",
    413: "The request is too large.",
    415: "The request is of a media type that is not taken.",
    422: "What was sent breaks a rule; `errors` or `problems` names each one.",
    429: "Too many of these in a short time; try again after `Retry-After` seconds.",
    503: "The database is busy or away; try again after `Retry-After` seconds.",
}

TAGS = {  #: what each noun's operations are about
    "cases": "Open, read, change and end cases.",
    "tasks": "The work that waits for people: take it, give it, complete it.",
    "answer-links": "Links by which somebody without an account answers the form of one task.",
    "task-batches": "The same done to many tasks in one act: previewed, done one by one, undone.",
    "workload": "Who has how much of the open work, and handing over all that somebody has.",
    "drafts": "What you typed into a form and have not sent, kept for you alone.",
    "adhoc": "Ad hoc work: what may be started in a case at any time.",
    "children": "Cases below a case, and what keeps it from being closed.",
    "lifecycle": "A case's life: on hold, closed, open again, a step repeated.",
    "roles": "Who does what in a case, and who may see it.",
    "lost-cases": "Restricted cases that nobody reaches any more, and the way back.",
    "links": "Cases that belong together, merged or split.",
    "notes": "What people write on a case.",
    "documents": "The files in a case's folder, and their versions.",
    "views": "Lists with their filter, columns and order, kept for oneself or for groups.",
    "definitions": "What is deployed: processes, forms and decisions.",
    "deployments": "Add processes, forms and decisions, all or nothing.",
    "versions": "Which version of a process new cases take.",
    "preflight": "What a version means for running cases, before they move.",
    "migrations": "Cases under another version of their definition, and back.",
    "modifications": "Where a case stands, changed by hand: previewed, made, proposed and agreed to.",
    "messages": "Messages to one case and signals to all.",
    "incidents": "What is stuck, to be tried again or put away.",
    "pending-calls": "Service calls that failed and are tried again.",
    "users": "People and their groups.",
    "absences": "Who is away, and who does their tasks meanwhile.",
    "service levels": "How much of the time that a case, stage or task may take is used up, and how it was counted.",
    "reminders": "Of what you want to be reminded, and what you were told.",
    "calendars": "Working hours and days off, by which deadlines are counted.",
    "me": "Yourself and your API tokens.",
}

PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "Field path to messages.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "problems": {"type": "array", "items": {"$ref": REF.format(model="ProblemShape")}},
    },
}

ABOUT = """Cases, tasks and deployments. Send `Authorization: Bearer cw_…` with an API token; a browser's sign-in works
too, and then every write needs the header `X-CSRFToken`.

Lists come in pages: follow `next` until it is null. Every write takes an `Idempotency-Key`: repeated with the same key
it changes nothing more and gets the first answer. Things carry an `ETag`; send it as `If-Match` to change only what you
have read, or as `If-None-Match` to read only what is new. `actions` lists what you may do with a thing now, named like
the last part of its URL. Errors are problem details (RFC 9457)."""

blueprint = Blueprint("openapi", __name__)
_operations: list[Operation] = []


def init(operations: Iterable[Operation]) -> None:
    """Say which operations there are."""
    _operations[:] = operations
    document.cache_clear()


@blueprint.get("/openapi.json")
@public
def get_document() -> Response:
    """This API as OpenAPI 3.1."""
    return Response(_text(), content_type=JSON)


@blueprint.get("/docs")
@public
def get_docs() -> Response:
    """This API for people to read."""
    return make_response(render_template("api/docs.html", about=ABOUT, root=request.host_url))


@lru_cache(maxsize=1)
def document() -> Schema:
    """The OpenAPI document."""
    answers, definitions = _schemas()
    paths: dict[str, Schema] = {}
    for operation in _operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, answers)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Casewright", "version": "1", "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": tag, "description": TAGS[tag]} for tag in dict.fromkeys(each.tag for each in _operations)],
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Problem": PROBLEM_SCHEMA},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An API token, `cw_…`."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-casewright",
                    "description": "A browser's sign-in; writes need the header `X-CSRFToken` too.",
                },
            },
        },
    }


@lru_cache(maxsize=1)
def _text() -> str:
    return json.dumps(document(), ensure_ascii=False)


def _schemas() -> tuple[Mapping[tuple[str, str], Schema], dict[str, Schema]]:
    """(operation, part) -> schema, and the named schemas that they refer to."""
    inputs: list[tuple[tuple[str, str], Literal["validation", "serialization"], TypeAdapter[Any]]] = []
    for operation in _operations:
        for part, kind in (("body", operation.body), ("query", operation.query), ("answer", _item(operation.gives))):
            if kind is not None:
                mode: Literal["validation", "serialization"] = "serialization" if part == "answer" else "validation"
                inputs.append(((operation.name, part), mode, TypeAdapter(kind)))
    inputs.append((("problem", "answer"), "serialization", TypeAdapter(ProblemShape)))
    found, described = TypeAdapter.json_schemas(inputs, ref_template=REF)
    definitions: dict[str, Schema] = described["$defs"]
    for name, schema in definitions.items():
        schema.pop("title", None)
        if name.endswith(("Shape", "Summary", "OfTask")):
            schema["additionalProperties"] = False
        for part in schema.get("properties", {}).values():
            part.pop("title", None)
    return {key: schema for (key, _mode), schema in found.items()}, definitions


def _item(gives: Any) -> Any:
    return get_args(gives)[0] if get_origin(gives) is list else gives


def _operation(operation: Operation, schemas: Mapping[tuple[str, str], Schema]) -> Schema:
    summary, _, rest = inspect.cleandoc(operation.view.__doc__ or "").partition("\n")
    described: Schema = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": summary.replace("`", ""),  # plain text in OpenAPI; only descriptions are Markdown
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_headers(operation)],
        "responses": _responses(operation, schemas),
    }
    if isinstance(operation.declared, Action):
        scopes = [SCOPE[operation.declared], *filter(None, [ALSO.get(operation.declared)])]
        rest = f"{rest.strip()}\n\nNeeds the scope `{'` or `'.join(scopes)}`."
    if rest.strip():
        described["description"] = rest.strip()
    if operation.declared == PUBLIC:
        described["security"] = []
    if operation.body is not None:
        content = {JSON: {"schema": schemas[operation.name, "body"], "example": BODIES[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.takes_files:
        files = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
        # without a default, who tries it out would send the word “string”
        said = {name: {"type": "string", "default": ""} for name in operation.also_takes}
        schema = {"type": "object", "required": ["files"], "properties": {"files": files, **said}}
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    if operation.brings is not None:
        file = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
        described["requestBody"] = {"required": True, "content": {"application/octet-stream": file}}
    return described


def _path_parameters(operation: Operation) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": IN_PATHS[name],
            "schema": {"type": "string", "format": "uuid"}
            if name.endswith("_id")
            else {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]


def _query_parameters(operation: Operation) -> list[Schema]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema(ref_template=REF)
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": part.get("description", ""),
            "schema": _inlined({k: v for k, v in part.items() if k not in ("title", "description")}, schema),
        }
        for name, part in schema["properties"].items()
    ]


def _inlined(part: Schema, whole: Schema) -> Schema:
    """`part` of a parameter without references and without null, which no query string can say."""
    choices = [choice for choice in part.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        part = {**choices[0], **{k: v for k, v in part.items() if k not in ("anyOf", "default")}}
    if "$ref" in part:
        part = dict(whole["$defs"][part["$ref"].rsplit("/", 1)[-1]])
        part.pop("title", None)
        part.pop("description", None)
    return part


def _headers(operation: Operation) -> list[Schema]:
    found: list[tuple[str, str]] = []
    if operation.writes:
        found.append((HEADER, "1 to 255 visible ASCII characters; the same key again gets the first answer."))
    if operation.conditional:
        name = "If-Match" if operation.writes else "If-None-Match"
        found.append((name, "The `ETag` of what you have read."))
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": _header_schema(name)}
        for name, text in found
    ]


def _header_schema(name: str) -> Schema:
    return {"type": "string", "pattern": "^[!-~]{1,255}$"} if name == HEADER else {"type": "string"}


def _responses(operation: Operation, schemas: Mapping[tuple[str, str], Schema]) -> Schema:
    responses: Schema = {}
    for status in (operation.status, *operation.also):
        responses[str(int(status))] = _success(operation, schemas)
    if operation.conditional and not operation.writes:
        responses["304"] = {"description": "You have the newest version already."}
    for status in _refusals(operation):
        content = {PROBLEM: {"schema": {"$ref": REF.format(model="Problem")}}}
        responses[str(status)] = {"description": MEANINGS[status], "content": content}
    return responses


def _success(operation: Operation, schemas: Mapping[tuple[str, str], Schema]) -> Schema:
    answer: Schema = {"description": "Done."}
    text: Schema = {"schema": {"type": "string"}}
    headers: Schema = {}
    if operation.conditional:
        headers["ETag"] = text
    if operation.status == 201 and "DELETE" not in operation.method:
        headers["Location"] = text
    if operation.writes:
        headers[REPLAYED] = {"schema": {"type": "string", "enum": ["true"]}, "description": "This is a kept answer."}
    if headers:
        answer["headers"] = headers
    if operation.gives is not None:
        answer["content"] = {operation.media: {"schema": _answer_schema(operation, schemas)}}
    return answer


def _answer_schema(operation: Operation, schemas: Mapping[tuple[str, str], Schema]) -> Schema:
    schema = schemas[operation.name, "answer"]
    if get_origin(operation.gives) is not list:
        return schema
    return {
        "type": "object",
        "required": ["items", "next"],
        "additionalProperties": False,
        "properties": {
            "items": {"type": "array", "items": schema},
            "next": {"type": ["string", "null"], "description": "Where the next page is."},
        },
    }


def _refusals(operation: Operation) -> Sequence[int]:
    found = {400, 503}
    if operation.limit is not None:
        found.add(429)
    if operation.declared != PUBLIC:
        found |= {401, 403}
    if "{" in operation.path:
        found.add(404)
    if operation.writes:
        found |= {409, 413, 422}
    if operation.query is not None and "q" in operation.query.model_fields:
        found.add(422)
    if operation.writes and operation.conditional:
        found.add(412)
    if operation.body is not None or operation.takes_files:
        found |= {404, 415}
    return sorted(found)
