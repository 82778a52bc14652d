"""What was changed by hand about where a case stands, and what somebody proposes to change."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from service.db import db
from service.errors import NotFound
from service.models import Actor, Case, Modification, ModificationState
from service.policy.permissions import Action, may, require
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(Modification.id, uuid.UUID, descending=True),)


def of_case(case: Case, *, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[Modification]:
    """Those of a case, the newest first, for who may change it so."""
    require(actor, Action.MODIFY, case)
    return page(Modification, Modification.case_id == case.id, sorts=NEWEST, limit=limit, cursor=cursor)


def get(modification_id: uuid.UUID, case: Case, *, actor: Actor) -> Modification:
    """One of a case. Raises `NotFound`."""
    require(actor, Action.MODIFY, case)
    found = db.session.get(Modification, modification_id)
    if found is None or found.case_id != case.id:
        raise NotFound(NotFound.__doc__)
    return found


_PROPOSED = sa.select(Modification).where(
    Modification.case_id == sa.bindparam("case"), Modification.state == ModificationState.PROPOSED
)


def proposed(case: Case, *, actor: Actor) -> Sequence[Modification]:
    """What waits for a second person, oldest first; nothing for who may not change the case so."""
    if not may(actor, Action.MODIFY, case):
        return ()
    return db.session.scalars(_PROPOSED.order_by(Modification.id), {"case": case.id}).all()
