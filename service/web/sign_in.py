"""Signing in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import NotSignedIn, TooMany
from service.http import auth
from service.http.protection import local_path, public
from service.web import words
from service.web.rendering import page

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public
def form() -> ResponseReturnValue:
    """The sign-in page; who is signed in goes on at once."""
    wanted = local_path(request.args.get("next"))
    if auth.optional_actor():
        return redirect(wanted, 303)
    return _form(wanted)


@blueprint.post("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Sign in and go on to `next`."""
    wanted = local_path(request.form.get("next"))
    name = request.form.get("name", "").strip()
    try:
        auth.sign_in(name, request.form.get("password", ""))
    except (NotSignedIn, TooMany) as refused:
        db.session.rollback()
        response = _form(wanted, name=name, refused=str(refused), status=int(refused.status))
        if isinstance(refused, TooMany):
            response.headers["Retry-After"] = str(refused.retry_after)
        return response
    db.session.commit()
    return redirect(wanted, 303)


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session everywhere at once."""
    auth.sign_out()
    db.session.commit()
    return redirect(url_for("sign_in.form"), 303)


def _form(wanted: str, *, name: str = "", refused: str = "", status: int = 200) -> Response:
    return page("sign_in/form.html", wanted=wanted, name=name, refused=refused, demo=_demo(), status=status)


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
        return "Runs the service"
    return ", ".join(words.readable(group) for group in groups if group != "staff") or "Takes part in single cases"
