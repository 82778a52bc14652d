"""Signing in with the provider, and connecting one's account to it."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db, set_reading
from service.errors import BadRequest, NotFound, NotSignedIn, TooMany, WrongState
from service.http import auth, provider
from service.http.auth import current_actor
from service.http.protection import local_path, public, signed_in
from service.http.provider import Proved, ProviderDown
from service.languages import _
from service.models import User
from service.operations import identities, second_factors
from service.operations.identities import Subject
from service.operations.second_factors import Asked
from service.queries import users as user_lists
from service.web import sign_in
from service.web.rendering import go

blueprint = Blueprint("provider", __name__)


@blueprint.get("/sign-in/provider")
@public
def begin() -> ResponseReturnValue:
    """Go to the provider, and from there back to `next`."""
    wanted = local_path(request.args.get("next"))
    try:
        response = redirect(provider.begin(wanted), 303)
    except (NotSignedIn, ProviderDown) as refused:
        return sign_in.sign_in_form(wanted, refused=str(refused), status=int(refused.status))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/sign-in/provider/back")
@public
def back() -> ResponseReturnValue:
    """Come back from the provider: sign in, or connect the account that asked for it."""
    wanted = "/"
    try:
        proved = provider.finish()
        wanted = local_path(proved.wanted)
        db.session.rollback()  # what was read so far was read in a transaction that may only read
        set_reading(False)  # an address that is opened, but it changes what is kept
        return _connect(proved) if proved.linking else _admit(proved, wanted)
    except (NotSignedIn, ProviderDown, WrongState, BadRequest) as refused:
        db.session.rollback()
        return sign_in.sign_in_form(wanted, refused=str(refused), status=int(refused.status))


@blueprint.post("/profile/provider/connect")
@signed_in
def connect() -> ResponseReturnValue:
    """Go to the provider to connect one's account; who has a password says it first."""
    actor = current_actor()
    has_password = user_lists.user(actor.name).password_hash is not None
    db.session.rollback()  # tries are counted, and the provider is asked, outside of a transaction
    if has_password and (wrong := _refused_by_password(actor.name)):
        return go(url_for("profile.show"), wrong, "bad")
    try:
        there = provider.begin(url_for("profile.show"), linking=actor.id)
    except (NotFound, NotSignedIn, ProviderDown) as refused:
        return go(url_for("profile.show"), str(refused), "bad")
    why = _("Sign in there once, so that it is known to be yours.")
    return sign_in.onward(there, _("Connect your account"), why)


@blueprint.post("/profile/provider/part")
@signed_in
def part() -> ResponseReturnValue:
    """Sign in by the password alone again."""
    actor = current_actor()
    identities.part(user_lists.user(actor.name), by=actor)
    db.session.commit()
    return go(url_for("sign_in.form"), _("The two are parted. Sign in with your password."))


def _admit(proved: Proved, wanted: str) -> ResponseReturnValue:
    """Sign in who is proved; the second factor is asked for here where the provider did not."""
    user = identities.admit(_subject(proved))
    db.session.flush()
    asked = second_factors.asked(user.id)
    if asked is Asked.NOTHING or identities.has_second_factor(proved.claims):
        auth.begin_session(user, proved.hint)
        db.session.commit()
        return redirect(wanted, 303)
    user_id, half = user.id, auth.half_signed_in(user, proved.hint)
    db.session.commit()
    return sign_in.ask_second(asked, half, wanted, user_id=user_id)


def _connect(proved: Proved) -> ResponseReturnValue:
    """Connect the account of who asked for it, and is still signed in here."""
    actor = current_actor()
    if actor.id != proved.linking:
        raise NotSignedIn(_("Somebody else is signed in here by now. Sign in and connect your account again."))
    identities.connect(db.session.get_one(User, actor.id), _subject(proved), by=actor)
    db.session.commit()
    return go(url_for("profile.show"), _("Connected: you can sign in with either from now on."))


def _subject(proved: Proved) -> Subject:
    return Subject(proved.issuer, proved.subject, proved.claims)


def _refused_by_password(name: str) -> str:
    """Why the account is not connected; empty where it may be. Wrong passwords count as at signing in."""
    try:
        auth.prove(name, request.form.get("current", ""))
    except NotSignedIn:
        return _("This is not your present password; the account was not connected.")
    except TooMany as refused:
        return str(refused)
    return ""
