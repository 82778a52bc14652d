"""Ad hoc work over REST: what can be started in a case, and starting it."""

from __future__ import annotations

from uuid import UUID

from service.api import schemas, shapes
from service.api.representations import all_of
from service.api.routes import Answer, Routes
from service.http.auth import current_actor
from service.operations import adhoc
from service.policy.permissions import Action, require
from service.queries import adhoc as startable
from service.queries import cases as case_lists
from service.queries import users as user_lists

routes = Routes("adhoc")


@routes.get("/cases/{case_id}/adhoc", Action.READ_CASE, gives=list[shapes.AdHocShape])
def list_adhoc(case_id: UUID) -> Answer:
    """What you can start now in a case, and why you cannot start the rest."""
    actor = current_actor()
    found = startable.of_case(case_lists.get(case_id, by=actor), actor=actor)
    return Answer(all_of(found, _shape))


@routes.post(
    "/cases/{case_id}/adhoc/{activity_id}/activate",
    Action.ACTIVATE,
    body=schemas.Activate,
    gives=shapes.ActivatedShape,
    status=201,
)
def activate(case_id: UUID, activity_id: UUID, body: schemas.Activate) -> Answer:
    """Start one of the activities that a case offers; 409 says why it cannot be started now."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    require(actor, Action.ACTIVATE, case)  # before it is said who there is
    to = user_lists.user(body.to) if body.to is not None else None
    made = adhoc.activate(case, str(activity_id), body.element_id, by=actor, reason=body.reason, data=body.data, to=to)
    return Answer({"activity_id": made})


@routes.post("/cases/{case_id}/adhoc/{activity_id}/finish", Action.FINISH_AD_HOC, body=schemas.Finish)
def finish(case_id: UUID, activity_id: UUID, body: schemas.Finish) -> Answer:
    """End an ad hoc part of a case by hand, with what is open in it."""
    actor = current_actor()
    adhoc.finish(case_lists.get(case_id, by=actor), str(activity_id), by=actor, reason=body.reason)
    return Answer()


def _shape(found: startable.AdHoc) -> shapes.AdHocShape:
    return {
        "activity_id": found.activity_id,
        "element_id": found.element_id,
        "name": found.name,
        "may_finish": found.may_finish,
        "why_not_finish": found.why_not_finish,
        "activities": [_activity(each) for each in found.activities],
    }


def _activity(each: startable.Startable) -> shapes.StartableShape:
    return {
        "element_id": each.element_id,
        "name": each.name,
        "documentation": each.documentation,
        "may_start": each.may_start,
        "why_not": each.why_not,
        "reason_required": each.reason_required,
        "required": each.required,
        "done": each.done,
        "open": each.open,
        "most": each.most,
    }
