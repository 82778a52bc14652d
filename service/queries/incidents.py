"""What went wrong and waits for operations."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import defer, selectinload

from service.db import db
from service.errors import NotFound
from service.models import Actor, Case, Incident, IncidentState
from service.policy.permissions import Action, may
from service.queries.actions import know_roles
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(Incident.id, uuid.UUID, descending=True),)
UNTOLD = "It belongs to a restricted case: whoever works on that sees what happened."


@dataclass(frozen=True)
class Told:
    """An incident as somebody may see it: of a restricted case that they may not read, only that there is one."""

    incident: Incident
    case: Case | None
    is_readable: bool  #: whether they may open the case

    @property
    def is_told(self) -> bool:
        return self.case is None or not self.case.restricted or self.is_readable

    @property
    def message(self) -> str:
        return self.incident.message if self.is_told else UNTOLD

    @property
    def element_id(self) -> str | None:
        return self.incident.element_id if self.is_told else None


def told(incident: Incident, actor: Actor) -> Told:
    """What `actor` may see of `incident`."""
    case = incident.case
    return Told(incident, case, case is not None and may(actor, Action.READ_CASE, case))


def listed(
    actor: Actor,
    *,
    state: IncidentState | None = None,
    case_id: uuid.UUID | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Told]:
    """Incidents, the newest first, each as `actor` may see it."""
    conditions = []
    if state is not None:
        conditions.append(Incident.state == state)
    if case_id is not None:
        conditions.append(Incident.case_id == case_id)
    light = selectinload(Incident.case).options(defer(Case.inline), defer(Case.visits), defer(Case.marked))
    found = page(Incident, *conditions, sorts=NEWEST, limit=limit, cursor=cursor, options=[light])
    know_roles(*{row.case.id: row.case for row in found.rows if row.case}.values())
    return Page([told(row, actor) for row in found.rows], found.next)


def open_ones(*, most: int) -> int:
    """How many are open; counting stops at `most`."""
    found = sa.select(Incident.id).where(Incident.state == IncidentState.OPEN).limit(most).subquery()
    return db.session.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


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
