"""How HTTP answers each error: RFC 9457 problem details for programs, a page for people.

`problem_of` is the one place that knows what an exception means to a caller. What it does not know is a fault of ours
and answers 500 without a word about its inside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, TimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from service.db import db, failures
from service.engine.errors import NotReady, Unfit
from service.engine.expressions import turns
from service.errors import NotSignedIn, ServiceError, TooMany
from service.languages import _, later
from service.logs import log

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = 2  #: seconds, when the database is busy or away
RETRY_WHEN_FULL = 60  #: somebody has to make room first
NO_ROOM = later("The database's disk is full, so nothing was changed. Whoever runs this service has to make room.")


@dataclass(frozen=True)
class ProblemDetails:
    """An error as a caller sees it (RFC 9457 §3); `members` are the extension members."""

    status: int
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase

    def as_json(self) -> dict[str, Any]:
        content = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return {**content, "instance": f"urn:request:{g.get('request_id', '')}", **self.members}


Page = Callable[[ProblemDetails, Exception], ResponseReturnValue]


def init_app(app: Flask) -> None:
    """Answer every error of `app`."""
    app.logger.disabled = True  # Flask would log faults a second time, and without the request's id
    for kind in (ServiceError, HTTPException, StaleDataError, DBAPIError, TimeoutError, NotReady, Unfit):
        app.register_error_handler(kind, _answer)


def show_pages_with(app: Flask, page: Page) -> None:
    """Let `page` answer errors outside the API (the pages call this once)."""
    app.extensions["casewright.problem_page"] = page


def problem_of(error: BaseException) -> ProblemDetails:
    """What `error` means to the caller."""
    if isinstance(error, ServiceError):
        return ProblemDetails(error.status, str(error), error.details(), _headers_of(error))
    if isinstance(error, HTTPException) and error.code is not None and error.code >= 400:
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
        return ProblemDetails(error.code, error.description or "", {}, headers)
    if isinstance(error, turns.Busy | turns.Spent):
        status = 503 if isinstance(error, turns.Busy) else 429
        return ProblemDetails(status, str(error), {}, {"Retry-After": str(error.retry_after)})
    if isinstance(error, NotReady):
        return ProblemDetails(409, _("This activity no longer waits for that."))
    if isinstance(error, Unfit):
        return ProblemDetails(409, _("This case cannot go on with its definition."))
    if isinstance(error, (StaleDataError, IntegrityError)):
        return ProblemDetails(409, _("Somebody else changed this at the same moment; read it again."))
    if isinstance(error, DataError):
        return ProblemDetails(400, _("A value is too large, or of a kind that cannot be kept."))
    if failures.is_full(error):
        wait = {"Retry-After": str(RETRY_WHEN_FULL)}
        return ProblemDetails(503, NO_ROOM, {}, wait)
    gone = isinstance(error, DBAPIError) and error.connection_invalidated
    if gone or isinstance(error, (OperationalError, TimeoutError)):
        wait = {"Retry-After": str(RETRY_AFTER)}
        return ProblemDetails(503, _("The database is busy or away; try again in a moment."), {}, wait)
    return ProblemDetails(500, _("Something went wrong on our side."))


def as_response(problem: ProblemDetails) -> Response:
    """`problem` as problem details."""
    body = json.dumps(problem.as_json(), ensure_ascii=True)
    response = Response(body, problem.status, content_type=CONTENT_TYPE)
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def for_programs() -> bool:
    """Whether this request is one of the API's, or asks for JSON."""
    return request.path.startswith(("/api/", "/healthz", "/readyz")) or request.accept_mimetypes.best == CONTENT_TYPE


def _answer(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error  # a redirect of the routing
    db.session.rollback()
    original = getattr(error, "original_exception", None) or error
    problem = problem_of(original)
    if failures.is_lost(original) or isinstance(original, turns.Busy):  # every request meets it: a line for each
        log.error("request failed", error=type(original).__name__, reason=_first_line(original))
    elif problem.status >= 500:
        log.error("request failed", error=type(original).__name__, exc_info=original)
    page: Page | None = current_app.extensions.get("casewright.problem_page")
    if page is None or for_programs():
        return as_response(problem)
    return page(problem, original)


def _first_line(error: BaseException) -> str:
    """What the database's driver said, without the statement."""
    return str(getattr(error, "orig", error)).partition("\n")[0]


def _headers_of(error: ServiceError) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": 'Bearer realm="casewright"'}
    return {}
