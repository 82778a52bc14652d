"""Restricted cases that nobody reaches any more, for administrators: that there are some, and no more."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.operations import roles
from service.policy import reaching
from service.policy.permissions import Action
from service.web import people
from service.web.rendering import go, page

blueprint = Blueprint("lost", __name__)


@blueprint.get("/lost-cases")
@permission(Action.FIND_LOST_CASES)
def index() -> Response:
    """Their numbers, kinds and last owners; nothing of what is in them."""
    return page("lost/index.html", rows=reaching.lost(), people=people.for_case(()))


@blueprint.post("/lost-cases")
@permission(Action.FIND_LOST_CASES)
def bring_back() -> ResponseReturnValue:
    """Give one of them an owner, with a reason that its story keeps."""
    owner = people.named(request.form.get("owner", ""))
    if owner is None:
        raise BadRequest(_("Pick one of the people in the list."), field="owner")
    number, reason = request.form.get("number", ""), request.form.get("reason", "")
    case = roles.bring_back(number, owner, by=current_actor(), reason=reason)
    db.session.commit()
    return go(url_for(".index"), _("%(case)s belongs to %(owner)s now.", case=case.number, owner=owner.display_name))
