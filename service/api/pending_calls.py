"""Calls of service tasks that failed and are tried again, over REST."""

from __future__ import annotations

from uuid import UUID

from service.api import schemas, shapes
from service.api.representations import listed, pending_call_shape
from service.api.routes import Answer, Routes
from service.http.auth import current_actor
from service.models import PendingCall
from service.operations import pending_calls as operations
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import pending_calls
from service.queries.pages import Page

routes = Routes("pending-calls")


@routes.get("/cases/{case_id}/pending-calls", Action.READ_CASE, gives=list[shapes.PendingCallShape])
def list_pending_calls_of_case(case_id: UUID) -> Answer:
    """The calls of a case's service tasks that failed and are tried again, the next try first."""
    case = case_lists.get(case_id, by=current_actor())
    return Answer(listed(Page(pending_calls.of_case(case)), _represent))


@routes.get("/pending-calls", Action.READ_INCIDENTS, query=schemas.Paged, gives=list[shapes.PendingCallShape])
def list_pending_calls(query: schemas.Paged) -> Answer:
    """The same of all cases that are not on hold."""
    return Answer(listed(pending_calls.listed(**dict(query)), _represent))


@routes.post("/pending-calls/{call_id}/try-now", Action.TRY_CALL, gives=shapes.PendingCallShape)
def try_call_now(call_id: UUID) -> Answer:
    """Let the next try be made at once; 409 while one is under way."""
    call = pending_calls.get(call_id, by=current_actor())
    operations.try_now(call, by=current_actor())
    return Answer(_represent(call))


@routes.post("/pending-calls/{call_id}/give-up", Action.GIVE_UP_CALL)
def give_up_call(call_id: UUID) -> Answer:
    """Try no more: what the diagram catches goes its way, else there is an incident; 409 while a try is under way."""
    operations.give_up(pending_calls.get(call_id, by=current_actor()), by=current_actor())
    return Answer()


def _represent(call: PendingCall) -> shapes.PendingCallShape:
    return pending_call_shape(call, current_actor())
