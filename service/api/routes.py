"""How a route of the API is declared: once, and from that one declaration come its URL, permission, checked input,
commit, and its part of the OpenAPI document.

    @routes.post("/tasks/{task_id}/claim", Action.CLAIM, gives=TaskShape)
    def claim(task_id: UUID) -> Answer: …

A view finds, calls and describes its answer. Around it `_run` checks the input, replays a repeated write, and commits
once; nothing else in the API commits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from service.api import idempotency
from service.api.requests import body_of, query_of
from service.db import db, to_json
from service.http import protection, rate_limits, uploads
from service.http.auth import current_actor
from service.policy.permissions import Action

JSON = "application/json"
PUBLIC, SIGNED_IN = protection.PUBLIC, protection.SIGNED_IN  #: to declare, where an action is too much
View = Callable[..., "Answer | Response"]


@dataclass(frozen=True)
class Answer:
    """What a view answers: `body` is JSON, or makes it (then it is not made for a 304)."""

    body: Any = None
    etag: str | None = None
    location: str | None = None
    status: int | None = None  #: instead of the declared one
    secret: str | None = None  #: a member of the body that is not kept for repeated requests


@dataclass(frozen=True)
class Operation:
    """One method of one path, as declared."""

    method: str
    path: str  #: below /api/v1, with `{name}`
    declared: Action | str
    view: View
    tag: str
    status: int
    gives: Any  #: the answer's type, for its schema; None: no content
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    also: tuple[int, ...] = ()  #: further statuses of success
    media: str = JSON  #: of the answer
    takes_files: bool = False
    brings: Callable[..., Any] | None = None  #: its body is a document, named by the query; raises who may not bring it
    also_takes: tuple[str, ...] = ()  #: texts beside the files
    limit: str | None = None  #: what of `rate_limits.REFUSALS` it counts as; a search, when it has a text
    conditional: bool = False  #: knows If-Match (writes) or If-None-Match (reads)

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def name(self) -> str:
        return f"{self.tag}.{self.view.__name__}"


@dataclass
class Routes:
    """The operations of one noun."""

    tag: str
    operations: list[Operation] = field(default_factory=list)
    blueprint: Blueprint = field(init=False)

    def __post_init__(self) -> None:
        self.blueprint = Blueprint(self.tag, __name__)

    def get(self, path: str, declared: Action | str, **options: Any) -> Callable[[View], View]:
        """Declare a read; `options` are `Operation`'s."""
        return self._add("GET", path, declared, **options)

    def post(self, path: str, declared: Action | str, **options: Any) -> Callable[[View], View]:
        """Declare a write."""
        return self._add("POST", path, declared, **options)

    def patch(self, path: str, declared: Action | str, **options: Any) -> Callable[[View], View]:
        """Declare a partial change."""
        return self._add("PATCH", path, declared, **options)

    def put(self, path: str, declared: Action | str, **options: Any) -> Callable[[View], View]:
        """Declare a replacement."""
        return self._add("PUT", path, declared, **options)

    def delete(self, path: str, declared: Action | str, **options: Any) -> Callable[[View], View]:
        """Declare a removal."""
        return self._add("DELETE", path, declared, **options)

    def _add(
        self, method: str, path: str, declared: Action | str, *, gives: Any = None, status: int = 0, **options: Any
    ) -> Callable[[View], View]:
        def declare(view: View) -> View:
            default = HTTPStatus.NO_CONTENT if gives is None else HTTPStatus.OK
            operation = Operation(
                method, path, declared, view, self.tag, status=status or default, gives=gives, **options
            )
            self.operations.append(operation)
            self.blueprint.add_url_rule(
                rule_of(path), endpoint=view.__name__, view_func=_entry(operation), methods=[method]
            )
            return view

        return declare


def rule_of(path: str) -> str:
    """The Flask rule of an OpenAPI path: parameters named `…_id` are UUIDs."""
    return re.sub(r"\{(\w+)\}", lambda m: f"<uuid:{m[1]}>" if m[1].endswith("_id") else f"<{m[1]}>", path)


def respond(answer: Answer, operation: Operation) -> Response:
    """`answer` as HTTP, or 304 when the caller has it already."""
    if answer.etag and not operation.writes and request.if_none_match.contains_weak(answer.etag.strip('"')):
        response = Response(status=HTTPStatus.NOT_MODIFIED)
    else:
        body = answer.body() if callable(answer.body) else answer.body
        content = None if body is None else to_json(body)
        media = operation.media if content is not None else None
        response = Response(content, answer.status or operation.status, content_type=media)
    if answer.etag is not None:
        response.headers["ETag"] = answer.etag
    if answer.location is not None:
        response.headers["Location"] = answer.location
    return response


def _entry(operation: Operation) -> Callable[..., ResponseReturnValue]:
    """The view function that Flask calls."""

    def entry(**path: Any) -> ResponseReturnValue:
        arguments = {**path, **_input(operation)}
        if operation.limit is not None and (operation.limit != "search" or _searches(arguments["query"])):
            rate_limits.spend(operation.limit, current_actor())
        if operation.brings is not None:
            arguments["brought"] = _brought(operation.brings, path, arguments["query"].name)
        return _write(operation, arguments) if operation.writes else _answer(operation, arguments)

    entry.__doc__ = operation.view.__doc__
    entry.__name__ = operation.view.__name__
    entry.declared = operation.declared  # type: ignore[attr-defined]
    entry.takes_documents = operation.brings is not None  # type: ignore[attr-defined]
    return entry


def _brought(may: Callable[..., Any], path: Mapping[str, Any], name: str) -> uploads.Brought:
    """The document that this request is, kept as nobody's before any transaction begins."""
    (brought,) = uploads.bring(lambda: may(**path), [uploads.body(name)])
    request.environ[idempotency.DIGEST] = brought.sha256
    return brought


def _searches(query: Any) -> bool:
    return bool(query.text or getattr(query, "q", None))


def _input(operation: Operation) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    if operation.query is not None:
        found["query"] = query_of(operation.query)
    if operation.body is not None:
        found["body"] = body_of(operation.body)
    return found


def _answer(operation: Operation, arguments: Mapping[str, Any]) -> Response:
    answer = operation.view(**arguments)
    return respond(answer, operation) if isinstance(answer, Answer) else answer


def _write(operation: Operation, arguments: Mapping[str, Any]) -> Response:
    key = idempotency.key_of_request()
    actor = current_actor() if key is not None else None
    if key is None or actor is None or actor.id is None:
        response = _answer(operation, arguments)
        db.session.commit()
        return response
    if operation.brings is None:
        request.get_data(cache=True)  # before the transaction begins: it may take its time to arrive
    kept = idempotency.first_answer(actor, key)
    if kept is not None:
        return kept
    answer = operation.view(**arguments)
    response = respond(answer, operation) if isinstance(answer, Answer) else answer
    idempotency.keep(actor, key, response, without=answer.secret if isinstance(answer, Answer) else None)
    db.session.commit()
    return response
