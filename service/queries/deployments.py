"""What was deployed when and by whom."""

from __future__ import annotations

import uuid

from service.db import db
from service.errors import NotFound
from service.models import Deployment
from service.queries.pages import LIMIT, Page, Sort, page


def listed(*, limit: int = LIMIT, cursor: str | None = None) -> Page[Deployment]:
    """Deployments, the newest first."""
    return page(Deployment, sorts=[Sort(Deployment.id, uuid.UUID, descending=True)], limit=limit, cursor=cursor)


def get(deployment_id: uuid.UUID) -> Deployment:
    """The deployment. Raises `NotFound`."""
    found = db.session.get(Deployment, deployment_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found
