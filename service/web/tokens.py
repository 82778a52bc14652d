"""The API tokens of everybody, for those who manage people."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db, utcnow
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.operations import users
from service.policy.permissions import Action
from service.queries import users as user_lists
from service.web.rendering import go, page

blueprint = Blueprint("tokens", __name__)


@blueprint.get("/api-tokens")
@permission(Action.MANAGE_USERS)
def index() -> Response:
    """Tokens that were not revoked, the newest first; `?user=` only somebody's."""
    name = request.args.get("user", "").strip()
    owner = user_lists.user(name) if name else None
    found, whose = user_lists.issued_tokens(owner.name if owner else None, cursor=request.args.get("after"))
    return page("tokens/index.html", rows=found.rows, next=found.next, whose=whose, owner=owner, now=utcnow())


@blueprint.post("/api-tokens/<uuid:token_id>/revoke")
@permission(Action.MANAGE_USERS)
def revoke(token_id: UUID) -> ResponseReturnValue:
    """End somebody's token at once."""
    token = user_lists.issued_token(token_id)
    users.revoke_token(token, by=current_actor())
    db.session.commit()
    return go(url_for(".index"), _("“%(token)s” no longer works.", token=token.name))
