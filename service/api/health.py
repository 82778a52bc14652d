"""Whether this process is alive, and whether it can work: for load balancers and container engines."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.http.problems import RETRY_AFTER
from service.http.protection import public
from service.maintenance import schema
from service.queries import health

blueprint = Blueprint("health", __name__)
RETRY = {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"}


@blueprint.get("/healthz")
@public
def live() -> ResponseReturnValue:
    """This process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Whether pages can be served, and what ails.

    503 while the database is away, or its tables are not this release's: then no request can be answered well. Where
    only the worker is missing or late it is 200, `degraded`, with the reasons: to take the web away as well would keep
    people from work that it does without a worker.
    """
    tables = schema.standing()
    if not tables.is_usable:
        return {"status": "unavailable", "reasons": [str(tables)]}, HTTPStatus.SERVICE_UNAVAILABLE, RETRY
    reasons = [each.reason for each in health.troubles()]
    return {"status": "degraded" if reasons else "ok", "reasons": reasons}
