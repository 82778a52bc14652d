"""Who I am here, and the tokens by which my programs act for me."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, request, url_for
from flask.typing import ResponseReturnValue

from service import languages
from service.db import db, utcnow
from service.errors import BadRequest, NotSignedIn
from service.http import auth
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import LANGUAGES, _, later
from service.operations import identities, second_factors, users
from service.policy.permissions import Action, may
from service.queries import users as user_lists
from service.web import feeds
from service.web.rendering import go, page

blueprint = Blueprint("profile", __name__)
SCOPES = {
    "read": later("Read what I may read"),
    "work": later("Open cases and do tasks as me"),
    "message": later("Publish messages and signals, and nothing else"),
    "deploy": later("Deploy case types, and nothing else"),
    "operate": later("See incidents, and try again what is stuck"),
    "admin": later("Manage people and incidents"),
    "calendar": later("Show my due dates in a calendar program, and nothing else"),
}
#: What one has to be allowed for a token of this scope to be of use.
NEEDS = {
    "message": Action.PUBLISH_MESSAGE,
    "deploy": Action.DEPLOY,
    "operate": Action.RESOLVE_INCIDENT,
    "admin": Action.MANAGE_USERS,
}
DAYS = {"30": later("30 days"), "90": later("90 days"), "365": later("One year")}


@blueprint.get("/profile")
@signed_in
def show() -> Response:
    """My groups and tokens."""
    return _page()


@blueprint.post("/profile/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Take another password. All sign-ins end, this one too, and all tokens: who knows the new one signs in again."""
    actor = current_actor()
    new = request.form.get("new", "")
    try:
        auth.prove(actor.name, request.form.get("current", ""))  # counts wrong tries as the sign-in page does
        if new != request.form.get("again", ""):
            raise BadRequest(_("The new password was not typed twice alike."))
        users.set_password(user_lists.user(actor.name), new, by=actor)
    except (NotSignedIn, BadRequest) as refused:
        db.session.rollback()
        said = _("This is not your present password.") if isinstance(refused, NotSignedIn) else str(refused)
        return _page(refused=said, status=422)
    db.session.commit()
    return go(url_for("sign_in.form"), _("Your password is changed. Sign in with the new one."))


@blueprint.post("/profile/language")
@signed_in
def choose_language() -> ResponseReturnValue:
    """Be spoken to in another language, on every device."""
    actor = current_actor()
    language = request.form.get("language", "")
    users.set_language(user_lists.user(actor.name), language, by=actor)
    db.session.commit()
    if language:
        languages.speak(language)
    return go(url_for(".show"), _("This is your language from now on."))


@blueprint.post("/profile/tokens")
@permission(Action.MANAGE_TOKENS)
def create_token() -> ResponseReturnValue:
    """Make a token; its secret is on this answer and never again."""
    actor = current_actor()
    days = request.form.get("days", "90")
    if days not in DAYS:
        raise BadRequest(_("Pick how long the token holds."))
    issued = users.issue_token(
        user_lists.user(actor.name),
        request.form.get("name", ""),
        request.form.getlist("scopes"),
        by=actor,
        expires_at=utcnow() + timedelta(days=int(days)),
    )
    db.session.commit()
    feed = url_for("feeds.feed", key=issued.secret, _external=True)
    is_feed = issued.token.scopes == [feeds.SCOPE]
    response = _page(made=issued.token, secret=feed if is_feed else issued.secret, is_feed=is_feed)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/profile/tokens/<uuid:token_id>/revoke")
@permission(Action.MANAGE_TOKENS)
def revoke_token(token_id: UUID) -> ResponseReturnValue:
    """End a token at once."""
    actor = current_actor()
    token = user_lists.token(token_id, actor)
    users.revoke_token(token, by=actor)
    db.session.commit()
    return go(url_for(".show"), _("“%(token)s” no longer works.", token=token.name))


def _page(**values: Any) -> Response:
    actor = current_actor()
    offered = [name for name in SCOPES if name not in NEEDS or may(actor, NEEDS[name])]
    user = user_lists.user(actor.name)
    settings = current_app.config["CASEWRIGHT"]
    provider = settings.oidc_label if settings.has_provider else ""
    return page(
        "profile/page.html",
        actor=actor,
        user=user,
        tokens=user_lists.tokens(actor),
        second_factor=second_factors.is_on(user.id),
        provider=provider,
        connected=identities.of(user) if provider else None,
        scopes={name: SCOPES[name] for name in offered},
        days=list(DAYS.items()),
        languages=list(LANGUAGES.items()),
        now=utcnow(),
        **values,
    )
