"""The second factor of who is signed in: set up with a picture for an app, renewed and removed by a code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from service.db import db
from service.errors import BadRequest, NotSignedIn, TooMany, WrongState
from service.http import auth, rate_limits
from service.http.auth import current_actor
from service.http.protection import signed_in
from service.languages import _
from service.models import Actor, SecondFactor, User
from service.operations import second_factors
from service.queries import users as user_lists
from service.web.rendering import go, page

blueprint = Blueprint("second_factor", __name__)
Act = Callable[[User, Actor], Any]


@blueprint.get("/profile/second-factor")
@signed_in
def show() -> Response:
    """How I sign in, and what I can change about it."""
    return _page(user_lists.user(current_actor().name))


@blueprint.post("/profile/second-factor/begin")
@signed_in
def begin() -> ResponseReturnValue:
    """Show the picture for an app, to who knows the password."""
    return _by_password(lambda user, _actor: second_factors.begin(user), lambda _begun: show())


@blueprint.post("/profile/second-factor/confirm")
@signed_in
def confirm() -> ResponseReturnValue:
    """Let the app count from now on, and show the recovery codes."""
    return _by_code(lambda user, actor: second_factors.confirm(user, _given(), by=actor), _codes)


@blueprint.post("/profile/second-factor/codes")
@signed_in
def renew() -> ResponseReturnValue:
    """Show other recovery codes; those from before end."""
    return _by_password(lambda user, actor: second_factors.renew_codes(user, _given(), by=actor), _codes)


@blueprint.post("/profile/second-factor/remove")
@signed_in
def remove() -> ResponseReturnValue:
    """Sign in by the password alone again."""
    return _by_password(
        lambda user, actor: second_factors.remove(user, _given(), by=actor),
        lambda _removed: go(url_for(".show"), _("You sign in by your password alone now.")),
    )


def picture(user: User, factor: SecondFactor) -> dict[str, Any]:
    """What a page shows to set up an app: the picture as SVG, and the secret to type."""
    import segno  # takes 74 ms, and few pages show one

    drawn = segno.make(second_factors.address(user, factor), micro=False)
    svg = drawn.svg_inline(scale=5, border=3, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    secret = second_factors.secret(factor)
    parts = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"qr": Markup(svg), "secret": parts}  # noqa: S704  made by segno of our own text


def _by_password(act: Act, answer: Callable[[Any], ResponseReturnValue]) -> ResponseReturnValue:
    """Do something for who knows the password; wrong ones count as at signing in."""
    actor = current_actor()
    try:
        auth.prove(actor.name, request.form.get("current", ""))
    except (NotSignedIn, TooMany) as refused:
        db.session.rollback()
        said = _("This is not your present password.") if isinstance(refused, NotSignedIn) else str(refused)
        return _page(user_lists.user(actor.name), wrong={"current": said}, status=422)
    return _by_code(act, answer)


def _by_code(act: Act, answer: Callable[[Any], ResponseReturnValue]) -> ResponseReturnValue:
    """Do something that may take a code, and answer with what came of it; tries count with those at signing in."""
    actor = current_actor()
    try:
        rate_limits.count(auth.CODES, "second factor", str(actor.id), refusal="Too many codes")
        made = act(user_lists.user(actor.name), actor)
    except (BadRequest, WrongState, TooMany) as refused:
        db.session.rollback()
        return _page(user_lists.user(actor.name), wrong={"code": str(refused)}, status=422)
    db.session.commit()
    auth.proved(actor.id)
    return answer(made)


def _given() -> str:
    return request.form.get("code", "")


def _codes(codes: Any) -> Response:
    response = page("second_factor/codes.html", codes=codes, onward=url_for(".show"))
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(user: User, *, status: int = 200, wrong: dict[str, str] | None = None) -> Response:
    waiting = second_factors.waiting(user)
    values: dict[str, Any] = picture(user, waiting) if waiting else {}
    response = page(
        "second_factor/page.html",
        is_on=second_factors.is_on(user.id),
        is_required=second_factors.is_required(user.id),
        left=second_factors.left(user),
        has_password=user.password_hash is not None,
        wrong=wrong or {},
        status=status,
        **values,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
