"""Starting what the diagram leaves to people, from the case's page."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.models import User
from service.operations import adhoc
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.web import people, progress
from service.web.rendering import go

blueprint = Blueprint("adhoc", __name__)


@blueprint.post("/cases/<number>/activate")
@permission(Action.ACTIVATE)
def activate(number: str) -> ResponseReturnValue:
    """Start one more piece of work in the case, for somebody or for whom the diagram names."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    element = request.form.get("element", "")
    adhoc.activate(
        case,
        request.form.get("activity", ""),
        element,
        by=actor,
        reason=request.form.get("reason") or None,
        to=_person(request.form.get("to", "")),
    )
    db.session.commit()
    return go(
        url_for("cases.show", number=number), _("“%(case)s” is started.", case=progress.element_name(case, element))
    )


@blueprint.post("/cases/<number>/finish")
@permission(Action.FINISH_AD_HOC)
def finish(number: str) -> ResponseReturnValue:
    """Say that nothing more is needed in this part of the case."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    ended = adhoc.finish(case, request.form.get("activity", ""), by=actor, reason=request.form.get("reason") or None)
    db.session.commit()
    said = (
        _("This part of the case is finished.")
        if ended
        else _("This part of the case ends when what is open in it is done.")
    )
    return go(url_for("cases.show", number=number), said)


def _person(name: str) -> User | None:
    found = people.named(name) if name else None
    if name and found is None:
        raise BadRequest(_("Pick one of the people in the list."))
    return found
