"""Browsers in which somebody signed in before, by a cookie that only says so (OWASP's “device cookies”).

Tries to sign in are counted per account from everywhere, and whoever makes them could so keep the person out; in a
browser that knows the person they are not counted together with everybody else's. The cookie lets nobody in.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from service.policy.credentials import digest

KEPT = timedelta(days=180)
MOST = 8  #: people of one browser
_REMEMBERED = "known_browser"


def knows(name: str) -> bool:
    """Whether `name` signed in here before."""
    return _mark(name) in _marks()


def remember(name: str) -> None:
    """Let this browser know `name` from the answer on."""
    mark = _mark(name)
    setattr(g, _REMEMBERED, [mark, *(each for each in _marks() if each != mark)][:MOST])


def send(response: Response) -> Response:
    """Add the cookie where somebody proved who they are."""
    marks = g.pop(_REMEMBERED, None)
    if marks:
        secure = current_app.config["CASEWRIGHT"].secure_cookies
        response.set_cookie(
            _cookie(), _serializer().dumps(marks), max_age=KEPT, secure=secure, httponly=True, samesite="Lax"
        )
    return response


def _cookie() -> str:
    return "__Host-casewright-known" if current_app.config["CASEWRIGHT"].secure_cookies else "casewright-known"


def _marks() -> list[str]:
    try:
        found = _serializer().loads(request.cookies.get(_cookie(), ""), max_age=int(KEPT.total_seconds()))
    except BadSignature:
        return []
    return list(found)


def _mark(name: str) -> str:
    """Not the name itself: others use this browser too."""
    secret: str = current_app.config["CASEWRIGHT"].secret_key
    return digest(f"known browser\0{secret}\0{name}").hex()[:24]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["CASEWRIGHT"].secret_key, salt="known browsers")
