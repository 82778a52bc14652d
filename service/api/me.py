"""Who is asking, and their own API tokens."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from service.api import schemas, shapes
from service.api.representations import all_of, token_shape
from service.api.routes import SIGNED_IN, Answer, Routes
from service.db import utcnow
from service.http.auth import current_actor
from service.operations import marks as operations
from service.operations import users
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import marks
from service.queries import users as user_lists

routes = Routes("me")


@routes.get("/me", SIGNED_IN, gives=shapes.MeShape)
def get_me() -> Answer:
    """Who you are here, and what this token may do."""
    actor = current_actor()
    return Answer(
        {
            "name": actor.name,
            "display_name": actor.display_name,
            "groups": sorted(actor.groups),
            "is_admin": actor.is_admin,
            "scopes": sorted(actor.scopes),
        }
    )


@routes.get("/me/cases", SIGNED_IN, gives=shapes.AtHandShape)
def cases_at_hand() -> Answer:
    """The cases that you have starred, and those whose pages you looked at last; each the last one first.

    `news`: whether somebody else did something there since you looked.
    """
    actor = current_actor()
    found = marks.starred(actor, limit=operations.MOST), marks.recent(actor, limit=operations.KEPT)
    starred, recent = ([{"number": row.number, "title": row.title, "state": row.state} for row in r] for r in found)
    followed = [{**case, "news": bool(row.news)} for case, row in zip(starred, found[0], strict=True)]
    return Answer({"starred": followed, "recent": recent})


@routes.put("/cases/{case_id}/star", Action.READ_CASE, body=schemas.Star, gives=shapes.StarShape)
def star(case_id: UUID, body: schemas.Star) -> Answer:
    """Have a case at hand, or no longer; nobody else sees it."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    (operations.star if body.starred else operations.unstar)(case, by=actor)
    return Answer({"starred": body.starred})


@routes.get("/tokens", Action.MANAGE_TOKENS, gives=list[shapes.TokenShape])
def list_tokens() -> Answer:
    """Your API tokens, the newest first."""
    return Answer(all_of(user_lists.tokens(current_actor()), token_shape))


@routes.post("/tokens", Action.MANAGE_TOKENS, body=schemas.IssueToken, gives=shapes.IssuedShape, status=201)
def issue_token(body: schemas.IssueToken) -> Answer:
    """Make an API token. `secret` is shown this once; a repeated request gets null."""
    actor = current_actor()
    expires_at = utcnow() + timedelta(days=body.days)
    issued = users.issue_token(user_lists.user(actor.name), body.name, body.scopes, by=actor, expires_at=expires_at)
    return Answer({**token_shape(issued.token), "secret": issued.secret}, secret="secret")  # noqa: S106


@routes.delete("/tokens/{token_id}", Action.MANAGE_TOKENS)
def revoke_token(token_id: UUID) -> Answer:
    """End one of your tokens at once."""
    actor = current_actor()
    users.revoke_token(user_lists.token(token_id, actor), by=actor)
    return Answer()
