"""Whether this process is alive, and whether it can work: for load balancers and container engines."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue

from service.db import db
from service.http.protection import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def live() -> ResponseReturnValue:
    """This process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """The database answers too; 503 while it does not."""
    db.session.execute(sa.select(1)).scalar_one()
    return {"status": "ok"}
