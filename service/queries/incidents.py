"""What went wrong and waits for operations."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from service.db import db
from service.errors import NotFound
from service.models import Case, Incident, IncidentState
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(Incident.id, uuid.UUID, descending=True),)


def listed(
    *,
    state: IncidentState | None = None,
    case_id: uuid.UUID | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Incident]:
    """Incidents, the newest first."""
    conditions = []
    if state is not None:
        conditions.append(Incident.state == state)
    if case_id is not None:
        conditions.append(Incident.case_id == case_id)
    return page(Incident, *conditions, sorts=NEWEST, limit=limit, cursor=cursor)


def open_ones() -> int:
    """How many are open."""
    counted = sa.select(sa.func.count()).select_from(Incident).where(Incident.state == IncidentState.OPEN)
    return db.session.execute(counted).scalar_one()


def get(incident_id: uuid.UUID) -> Incident:
    """The incident. Raises `NotFound`."""
    found = db.session.get(Incident, incident_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found


def of_case(case: Case, text: str) -> Incident:
    """The incident of `case` whose id is `text`. Raises `NotFound`."""
    try:
        found = get(uuid.UUID(text))
    except ValueError:
        raise NotFound(NotFound.__doc__) from None
    if found.case_id != case.id:
        raise NotFound(NotFound.__doc__)
    return found
