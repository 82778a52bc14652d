"""Restricted cases that nobody reaches any more, over REST: that there are some, and the way back."""

from __future__ import annotations

from service.api import schemas, shapes
from service.api.representations import all_of, moment
from service.api.routes import Answer, Routes
from service.http.auth import current_actor
from service.models import Case
from service.operations import roles as operations
from service.policy import reaching
from service.policy.permissions import Action
from service.queries import users as user_lists

routes = Routes("lost-cases")


@routes.get("/lost-cases", Action.FIND_LOST_CASES, gives=list[shapes.LostCaseShape])
def list_lost_cases() -> Answer:
    """The restricted cases that nobody who can sign in owns or steers; nothing of what is in them."""
    return Answer(all_of(reaching.lost(), _represent))


@routes.post("/lost-cases", Action.FIND_LOST_CASES, body=schemas.BringBack)
def bring_back(body: schemas.BringBack) -> Answer:
    """Give one of them an owner, with a reason that its story keeps; 409 for every other case."""
    operations.bring_back(body.number, user_lists.user(body.owner), by=current_actor(), reason=body.reason)
    return Answer()  # who brought it back may not see it


def _represent(case: Case) -> shapes.LostCaseShape:
    return {
        "number": case.number,
        "case_type": case.case_type,
        "last_owner": case.owner.name if case.owner else None,
        "created_at": moment(case.created_at),
    }
