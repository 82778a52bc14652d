"""Calls that failed and are tried again: what the case's page and the list of incidents tell of them, and do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.models import Actor, Case, PendingCall
from service.operations import pending_calls as operations
from service.policy.permissions import Action, may
from service.queries import pending_calls
from service.web import progress
from service.web.rendering import go

blueprint = Blueprint("pending_calls", __name__)


@dataclass(frozen=True)
class Shown:
    """One call, with no more than its reader may see of it."""

    call: PendingCall
    element: str  #: what the diagram calls the step
    message: str
    may_try: bool
    may_give_up: bool
    is_told: bool  #: whether the reader may see the case


def of_case(case: Case, actor: Actor) -> Sequence[Shown]:
    """The calls that the page of `case` shows."""
    return shown(pending_calls.of_case(case), actor)


def shown(calls: Iterable[PendingCall], actor: Actor) -> Sequence[Shown]:
    """The same for any calls."""
    found = []
    for call in calls:
        may_do = pending_calls.offered(call, actor)
        element = progress.element_name(call.case, call.element_id)
        message = call.message if pending_calls.shows_message(call, actor) else ""
        told = may(actor, Action.READ_CASE, call.case)
        found.append(Shown(call, element, message, Action.TRY_CALL in may_do, Action.GIVE_UP_CALL in may_do, told))
    return found


@blueprint.post("/pending-calls/<uuid:call_id>/try-now")
@permission(Action.TRY_CALL)
def try_now(call_id: UUID) -> ResponseReturnValue:
    """Let the next try be made at once."""
    actor = current_actor()
    call = pending_calls.get(call_id, by=actor)
    operations.try_now(call, by=actor)
    back = _back(call.case, actor)
    db.session.commit()
    return go(back, _("It is being tried now. Load the page again to see what came of it."))


@blueprint.post("/pending-calls/<uuid:call_id>/give-up")
@permission(Action.GIVE_UP_CALL)
def give_up(call_id: UUID) -> ResponseReturnValue:
    """Try no more."""
    actor = current_actor()
    call = pending_calls.get(call_id, by=actor)
    case = call.case
    operations.give_up(call, by=actor)
    back = _back(case, actor)
    db.session.commit()
    return go(back, _("It is tried no more."))


def _back(case: Case, actor: Actor) -> str:
    if may(actor, Action.READ_CASE, case):
        return url_for("cases.show", number=case.number)
    return url_for("incidents.index")
