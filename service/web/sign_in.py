"""Signing in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest, NotSignedIn, ServiceError, TooMany, WrongState
from service.http import auth, provider
from service.http.protection import local_path, public
from service.languages import _
from service.models import User
from service.operations import second_factors, users
from service.operations.second_factors import Asked
from service.web import second_factor, words
from service.web.rendering import page

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public
def form() -> ResponseReturnValue:
    """The sign-in page; who is signed in goes on at once."""
    wanted = local_path(request.args.get("next"))
    if auth.optional_actor():
        return redirect(wanted, 303)
    return sign_in_form(wanted)


@blueprint.post("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Sign in and go on to `next`."""
    wanted = local_path(request.form.get("next"))
    name = request.form.get("name", "").strip()
    try:
        user = auth.prove(name, request.form.get("password", ""))
        asked = second_factors.asked(user.id)
        if asked is not Asked.NOTHING:
            return ask_second(asked, auth.half_signed_in(user), wanted, user_id=user.id)
        auth.begin_session(user)
    except (NotSignedIn, TooMany) as refused:
        db.session.rollback()
        response = sign_in_form(wanted, name=name, refused=str(refused), status=int(refused.status))
        if isinstance(refused, TooMany):
            response.headers["Retry-After"] = str(refused.retry_after)
        return response
    db.session.commit()
    return redirect(wanted, 303)


@blueprint.post("/sign-in/code")
@public
def code() -> ResponseReturnValue:
    """Take the code that is asked for after the password, and go on to `next`."""
    return _proved(lambda user, given: second_factors.check(user, given, by=users.actor_of(user.id)), Asked.CODE)


@blueprint.post("/sign-in/set-up")
@public
def set_up() -> ResponseReturnValue:
    """Set up the second factor that a group needs, by its first code, and show the recovery codes."""
    return _proved(lambda user, given: second_factors.confirm(user, given, by=users.actor_of(user.id)), Asked.SET_UP)


def _proved(prove: Callable[[User, str], Sequence[str] | None], asked: Asked) -> ResponseReturnValue:
    """Sign in whose code `prove` takes; else ask again, and say what is wrong."""
    wanted, handed_on = local_path(request.form.get("next")), request.form.get("half", "")
    user: User | None = None
    try:
        user = auth.half(handed_on)
        if user is None or second_factors.asked(user.id) is not asked:
            return sign_in_form(wanted, refused=_("That took too long. Sign in again."), status=401)
        codes = prove(user, request.form.get("code", ""))
    except (BadRequest, WrongState, TooMany) as refused:
        db.session.rollback()
        return ask_second(asked, handed_on, wanted, refused=refused, user_id=user.id if user else None)
    user_id = auth.begin_session(user, auth.hint_of(handed_on)).id
    db.session.commit()
    auth.proved(user_id)
    if codes is None:
        return redirect(wanted, 303)
    response = page("second_factor/codes.html", codes=codes, onward=wanted, plain=True)
    response.headers["Cache-Control"] = "no-store"
    return response


def ask_second(
    asked: Asked, half: str, wanted: str, *, user_id: UUID | None, refused: ServiceError | None = None
) -> Response:
    """The page that asks for a code, with the picture for the app where it is still to be set up."""
    values: dict[str, Any] = {"half": half, "wanted": wanted, "refused": str(refused) if refused else ""}
    if asked is Asked.SET_UP and user_id is not None:
        user = db.session.get_one(User, user_id)
        factor = second_factors.waiting(user) or second_factors.begin(user)
        values |= second_factor.picture(user, factor)
        db.session.commit()
    response = page(f"sign_in/{'code' if asked is Asked.CODE else 'set_up'}.html", status=_status(refused), **values)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(refused, TooMany):
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _status(refused: ServiceError | None) -> int:
    return 200 if refused is None else 429 if isinstance(refused, TooMany) else 422


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session at once; where a provider signed them in, its own too."""
    hint = auth.sign_out()
    db.session.commit()
    there = provider.end_address(hint) if hint else None
    if there is None:
        return redirect(url_for("sign_in.form"), 303)
    return onward(there, _("You are signed out here"), _("Now you are signed out there, too."))


def sign_in_form(wanted: str, *, name: str = "", refused: str = "", status: int = 200) -> Response:
    """The page on which one signs in, with what was wrong."""
    config = current_app.config["CASEWRIGHT"]
    label = config.oidc_label if config.has_provider else ""
    shown = {"wanted": wanted, "name": name, "refused": refused, "provider": label, "demo": _demo()}
    return page("sign_in/form.html", status=status, **shown)


def onward(address: str, title: str, why: str) -> Response:
    """A page that goes on to the provider by itself: a form of ours may not lead to other sites, not even by redirect
    (`form-action` of our content security policy)."""
    label = current_app.config["CASEWRIGHT"].oidc_label
    response = page("sign_in/onward.html", address=address, title=title, why=why, label=label, plain=True)
    response.headers["Cache-Control"] = "no-store"
    return response


def _demo() -> dict[str, Any] | None:
    """The demo's people with what they do, and their password; None outside the demo."""
    if not current_app.config["CASEWRIGHT"].demo:
        return None
    from service.demo import people

    shown = [
        {"name": name, "display_name": display, "about": _about(name, groups)}
        for name, (display, groups) in people.PEOPLE.items()
    ]
    return {"people": shown, "password": people.PASSWORD}


def _about(name: str, groups: Sequence[str]) -> str:
    if name == "admin":
        return _("Runs the service")
    return ", ".join(words.readable(group) for group in groups if group != "staff") or _("Takes part in single cases")
