"""What protects every route: the permission it declares, CSRF, and the headers of each answer.

Default deny: a route that declares nothing answers 403, and a test fails on it. Routes say one of

    @permission(Action.CLAIM)   asks for the sign-in and the token's scope here; who may do it to which thing is asked
                                where the thing is known (operations), or here when the rule needs no thing
    @signed_in                  anybody who is signed in, about themselves
    @public                     everybody
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from service.engine.expressions import turns
from service.errors import Forbidden, Untrusted
from service.http import rate_limits, uploads
from service.http.auth import by_token, current_actor, visitor_secret
from service.languages import _
from service.models import Actor
from service.policy import permissions
from service.policy.permissions import RULES, SCOPE, Action, in_scope

LARGE = 100_000  #: bytes of a request of which one person may send only so many (`CASEWRIGHT_LARGE_LIMIT`)
READ_ON = 64 * 1024 * 1024  #: bytes of a refused body that are still read; whoever sends more may miss the answer
LARGEST = 1024 * 1024  #: bytes of a body that is read whole before it has its turn
_large = turns.Line(waiting=4)  #: half of a web process's threads at most
_dear = turns.Line()  #: of who had long evaluations lately: they wait here, and not with a lock on the database
View = TypeVar("View", bound=Callable[..., Any])

PUBLIC, SIGNED_IN = "public", "signed in"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_FIELD, TOKEN_HEADER = "csrf_token", "X-CSRFToken"

CONTENT_SECURITY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in CONTENT_SECURITY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

#: What every answer has unless it says otherwise.
_ALWAYS = [*HEADERS.items(), ("Cache-Control", "private, no-cache")]
_ALWAYS_BY_HTTPS = [*_ALWAYS, ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")]

#: Actions whose rules look at the person only, so that they are decided before the route runs.
WITHOUT_SUBJECT = frozenset(action for action, rules in RULES.items() if set(rules) <= permissions.OF_THE_ACTOR)


def init_app(app: Flask) -> None:
    """Check every request to `app` and put the headers on every answer."""
    app.before_request(_check)
    app.teardown_request(_leave)
    app.after_request(_add_headers)
    app.after_request(_read_on)
    app.jinja_env.globals["csrf_token"] = csrf_token


def permission(action: Action) -> Callable[[View], View]:
    """Declare that a route does `action`."""

    def declare(view: View) -> View:
        view.declared = action  # type: ignore[attr-defined]
        return view

    return declare


def signed_in(view: View) -> View:
    """Declare that a route is for anybody who is signed in, about themselves."""
    view.declared = SIGNED_IN  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Declare that a route is for everybody."""
    view.declared = PUBLIC  # type: ignore[attr-defined]
    return view


def declared(app: Flask, endpoint: str) -> str | None:
    """What the route `endpoint` declares: an `Action`, `SIGNED_IN`, `PUBLIC`, or None."""
    return getattr(app.view_functions[endpoint], "declared", None)


def as_file(response: Response, name: str) -> Response:
    """Let browsers keep `response`, what somebody deployed, as a file: opened as a page of ours it could be more."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}"'
    response.headers["Content-Security-Policy"] = f"{HEADERS['Content-Security-Policy']}; sandbox"
    return response


def csrf_token() -> str:
    """What forms send as `csrf_token` and htmx as `X-CSRFToken`; fits this browser's cookie and ends with it."""
    secret = visitor_secret()
    if g.get("csrf_token_of") != secret:  # a page has a dozen forms
        key = current_app.config["SECRET_KEY"].encode()
        g.csrf_token = hmac.new(key, b"csrf:" + secret.encode(), hashlib.sha256).hexdigest()
        g.csrf_token_of = secret
    token: str = g.csrf_token
    return token


def local_path(target: str | None, otherwise: str = "/") -> str:
    """`target` if it is a path on this site, else `otherwise`: where `next` may lead after signing in."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or not target.isprintable():
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc or "\\" in target else target


def _check() -> None:
    if request.endpoint is None:  # 404 and 405 are answered by routing
        return
    wanted = declared(current_app, request.endpoint)
    if wanted is None:
        raise Forbidden(_("This page declares no permission."))
    with_files = uploads.expect(current_app.view_functions[request.endpoint])
    if wanted != PUBLIC:
        actor = current_actor()
        if isinstance(wanted, Action):
            _check_action(actor, wanted)
        elif "read" not in actor.scopes:  # what is about oneself is read too
            raise Forbidden(_("This API token lacks the scope “read”."))
        if with_files:
            rate_limits.spend("upload", actor)  # before it is read, whatever comes of it
        elif request.method not in SAFE and _is_large():
            rate_limits.spend("large", actor)  # before it is read: who reads it keeps others waiting
            _wait_for_turn(_large)
        elif request.method not in SAFE and turns.dear():
            _wait_for_turn(_dear)
    if request.method not in SAFE and not by_token():
        _check_source()


def _is_large() -> bool:
    """Whether the body is large, or of a length that nobody has said."""
    if request.content_length is None:
        return bool(request.environ.get("wsgi.input_terminated")) and "Transfer-Encoding" in request.headers
    return request.content_length > LARGE


def _wait_for_turn(line: turns.Line) -> None:
    """Let one request of a line at a time be read and done, as it has arrived: a slow sender keeps nobody waiting."""
    if request.content_length is None or request.content_length > LARGEST:
        return  # files, which have limits of their own
    request.get_data(cache=True)
    line.enter()
    g.line = line


def _leave(_error: BaseException | None) -> None:
    line: turns.Line | None = g.pop("line", None)
    if line is not None:
        line.leave()


def _check_action(actor: Actor, action: Action) -> None:
    if action in WITHOUT_SUBJECT:
        permissions.require(actor, action)
    elif not in_scope(actor, action):
        raise Forbidden(_("This API token lacks the scope “%(SCOPE)s”.", SCOPE=SCOPE[action]))


def _check_source() -> None:
    """Refuse a write that another site made this browser send: first by what the browser says, then by our token."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Untrusted(Untrusted.__doc__)
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Untrusted(Untrusted.__doc__)
    given = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN_FIELD, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), csrf_token().encode()):
        raise Untrusted(Untrusted.__doc__)


def _add_headers(response: Response) -> Response:
    there = {name.lower() for name, _ in response.headers}
    always = _ALWAYS_BY_HTTPS if current_app.config["CASEWRIGHT"].secure_cookies else _ALWAYS
    response.headers.extend([(name, value) for name, value in always if name.lower() not in there])
    if "actor" in g or "cookie" in g:
        if "vary" in there:
            response.vary.update(("Cookie", "Authorization"))
        else:
            response.headers.add("Vary", "Cookie, Authorization")
    return response


def _read_on(response: Response) -> Response:
    """Read and drop what is still sent: closing on it would reset the connection and lose the answer (RFC 9112 §9.6).

    Only where the server ends the body by itself, as gunicorn does; elsewhere reading on would wait for ever.
    """
    if request.environ.get("wsgi.input_terminated") and request.content_length:
        left = READ_ON
        while left > 0 and (dropped := request.environ["wsgi.input"].read(65_536)):
            left -= len(dropped)
    return response
