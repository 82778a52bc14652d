"""What was deployed when, by whom and why."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from service.db import db
from service.errors import NotFound
from service.models import DecisionDefinition, Deployment, FormDefinition, ProcessDefinition
from service.queries.pages import LIMIT, Page, Sort, page


def listed(*, limit: int = LIMIT, cursor: str | None = None) -> Page[Deployment]:
    """Deployments, the newest first."""
    return page(Deployment, sorts=[Sort(Deployment.id, uuid.UUID, descending=True)], limit=limit, cursor=cursor)


def made(deployment_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[tuple[str, int]]]:
    """The processes, decisions and forms that each deployment made, by key: (key, version)."""
    found: dict[uuid.UUID, list[tuple[str, int]]] = {each: [] for each in deployment_ids}
    for kind in (ProcessDefinition, DecisionDefinition, FormDefinition):
        wanted = sa.select(kind.deployment_id, kind.key, kind.version)
        for deployment_id, key, version in db.session.execute(
            wanted.where(kind.deployment_id.in_(deployment_ids)).order_by(kind.key)
        ):
            found[deployment_id].append((key, version))
    return found


def get(deployment_id: uuid.UUID) -> Deployment:
    """The deployment. Raises `NotFound`."""
    found = db.session.get(Deployment, deployment_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found
