"""Calls of service tasks that failed and are tried again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import db
from service.errors import NotFound
from service.models import Actor, Case, CaseState, PendingCall
from service.policy.permissions import Action, may
from service.queries.pages import LIMIT, Page, Sort, page

_OF_CASE = (
    sa.select(PendingCall)
    .where(PendingCall.case_id == sa.bindparam("case"))
    .order_by(PendingCall.next_at, PendingCall.id)
)
NEXT = (Sort(PendingCall.next_at, datetime), Sort(PendingCall.id, uuid.UUID))


def of_case(case: Case) -> Sequence[PendingCall]:
    """Those of one case, the next try first."""
    return db.session.scalars(_OF_CASE, {"case": case.id}).all()


def listed(*, limit: int = LIMIT, cursor: str | None = None) -> Page[PendingCall]:
    """Those of all cases that are not on hold, the next try first: for operations."""
    active = PendingCall.case_id.in_(sa.select(Case.id).where(Case.state == CaseState.ACTIVE))
    return page(PendingCall, active, sorts=NEXT, limit=limit, cursor=cursor, options=[joinedload(PendingCall.case)])


def get(call_id: uuid.UUID, *, by: Actor) -> PendingCall:
    """The call. Raises `NotFound`, also for who sees neither its case nor incidents."""
    found = db.session.get(PendingCall, call_id)
    if found is None or not (may(by, Action.READ_CASE, found.case) or may(by, Action.READ_INCIDENTS)):
        raise NotFound(NotFound.__doc__)
    return found


def offered(call: PendingCall, actor: Actor) -> list[Action]:
    """What `actor` may do with the call as its case stands now."""
    if call.case.state is not CaseState.ACTIVE:
        return []
    runs_it = may(actor, Action.RESOLVE_INCIDENT)
    both = (Action.TRY_CALL, Action.GIVE_UP_CALL)
    return [action for action in both if runs_it or may(actor, action, call.case)]


def shows_message(call: PendingCall, actor: Actor) -> bool:
    """Whether `actor` is shown the exact message, which may quote addresses and data; all see the code."""
    may_see = not call.case.restricted or may(actor, Action.READ_CASE, call.case)
    return may_see and (may(actor, Action.DEPLOY) or may(actor, Action.READ_INCIDENTS))
