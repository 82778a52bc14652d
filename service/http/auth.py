"""Who is asking: a browser with a sign-in cookie, or a program with an API token.

Either way one SQL statement finds the person with their groups, so that a disabled account, a changed role or an ended
sign-in counts from the next request on. What protects the routes themselves stands in protection.py.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask, Request, Response, current_app, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits import RateLimitItem, parse

from service import logs
from service.config import Config
from service.db import Statement, at_once, db, is_reading, reading, set_reading, utcnow
from service.engine.expressions import turns
from service.errors import NotSignedIn
from service.http import known_browsers, rate_limits
from service.languages import _
from service.logs import log
from service.models import Actor, ApiToken, LoginSession, Membership, User
from service.models.actor import SCOPES
from service.policy import credentials
from service.policy.credentials import TOKEN_PREFIX, digest
from service.policy.sealing import seal, unseal
from service.policy.standing_in import stands_in_now

Limited = tuple[RateLimitItem, str, str]  #: a limit, and what it counts
HALF = timedelta(minutes=10)  #: between the password and the second factor
CODES = parse("10 per 15 minutes")  #: tries with codes of one person
HINT = "hint at signing out"
SEEN_EVERY = timedelta(minutes=1)  #: how exactly a sign-in's last use is kept


def init_app(app: Flask) -> None:
    """Make `current_actor()` work in `app`, and `current_user` in its templates."""
    app.session_interface = _Sessions()
    app.before_request(_begin)
    app.after_request(_send_cookie)
    app.after_request(known_browsers.send)
    app.teardown_request(_end)
    app.context_processor(lambda: {"current_user": optional_actor()})


class _Sessions(SecureCookieSessionInterface):
    """Flask's session, in which pages keep what is said once on the next page; programs are told nothing so."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path.startswith("/api/") else super().open_session(app, request)


def current_actor() -> Actor:
    """Who is asking. Raises `NotSignedIn`."""
    actor = optional_actor()
    if actor is None:
        raise NotSignedIn(NotSignedIn.__doc__)
    return actor


def optional_actor() -> Actor | None:
    """Who is asking, or None. Looked up once per request, in a read of its own: no lock is held while a body comes."""
    if "actor" not in g:
        g.actor = None  # should the lookup fail, the page that says so is for nobody in particular
        g.actor = _actor_of_token() if by_token() else _actor_of_session()
        turns.begin(str(g.actor.id) if g.actor else request.remote_addr or "")
        if g.actor is not None:
            logs.by(str(g.actor.id))
    return g.actor  # type: ignore[no-any-return]


def by_token() -> bool:
    """Whether this request brings an `Authorization` header; cookies then count for nothing."""
    return "Authorization" in request.headers


def cookie_name(app: Flask | None = None) -> str:
    """The sign-in cookie's name; the prefix makes browsers insist on `Secure`, this host and the whole site."""
    settings: Config = (app or current_app).config["CASEWRIGHT"]
    return "__Host-casewright" if settings.secure_cookies else "casewright"


def visitor_secret() -> str:
    """The random content of this browser's cookie, whether signed in or not; a new one is sent when there is none."""
    if "cookie" not in g:
        sent = request.cookies.get(cookie_name(), "")
        g.cookie = sent if len(sent) == 43 else secrets.token_urlsafe(32)
        g.send_cookie = g.cookie != sent
    return g.cookie  # type: ignore[no-any-return]


def begin_session(user: Any, hint: str = "") -> Actor:
    """Sign in who has proved to be `user`, by all that they are asked for; the caller commits.

    `hint`: what the provider that signed them in is told at signing out."""
    sign_out()
    g.cookie, g.send_cookie = secrets.token_urlsafe(32), True  # a new secret: one planted before is worthless
    now, settings = utcnow(), current_app.config["CASEWRIGHT"]
    db.session.add(
        LoginSession(
            hash=digest(g.cookie),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=settings.session_hours),
            hint=seal(hint, HINT) if hint else None,
        )
    )
    log.info("sign-in", user=str(user.id))
    g.actor = Actor(user.id, user.name, user.display_name, _groups_of(user.id), user.is_admin)
    return g.actor  # type: ignore[no-any-return]


def half_signed_in(user: Any, hint: str = "") -> str:
    """What a page hands on between the password and the second factor of `user`: only this browser can use it.

    `hint` as in `begin_session`."""
    kept = db.session.scalar(sa.select(User.password_hash).where(User.id == user.id))  # it may be hashed anew by now
    return _halves().dumps([str(user.id), _half_of(kept), seal(hint, HINT).decode() if hint else ""])


def hint_of(given: str) -> str:
    """The hint in what `half_signed_in` gave; empty without one."""
    return unseal(_halves().loads(given)[2].encode(), HINT) or ""


def half(given: str) -> User | None:
    """Whose password was just proved in this browser, by what `half_signed_in` gave; None where that is too long ago,
    or the password is another now. Counts as a try with a code. Raises `TooMany`."""
    try:
        user_id, mark, _ = _halves().loads(given, max_age=int(HALF.total_seconds()))
    except BadSignature:
        return None
    rate_limits.count(CODES, "second factor", user_id, refusal="Too many codes")
    user = db.session.get(User, uuid.UUID(user_id))
    fits = user is not None and user.active and hmac.compare_digest(mark, _half_of(user.password_hash))
    return user if fits else None


def proved(user_id: uuid.UUID | None) -> None:
    """Forget the tries with codes of who gave the right one; once that is committed."""
    rate_limits.forget(CODES, "second factor", str(user_id))


def _half_of(password_hash: str | None) -> str:
    return digest(f"half\0{visitor_secret()}\0{password_hash}").hex()


def _halves() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["CASEWRIGHT"].secret_key, salt="half signed in")


def prove(name: str, password: str) -> Any:
    """The row of the active user `name` whose `password` this is. Raises `NotSignedIn`, `TooMany`.

    A try is counted before it is checked, so that a hundred at once count as a hundred, and an unknown name takes as
    long as a wrong password.
    """
    limits = _limits(name)
    for limit, *what in limits:
        rate_limits.count(limit, *what, refusal="Too many tries to sign in")
    user = _checked(name, password)
    if user is None:
        log.warning("sign-in refused")
        raise NotSignedIn(_("This name and password do not fit together."))
    of_account, *others = limits
    rate_limits.forget(*of_account)
    for each in others:
        rate_limits.take_back(*each)
    known_browsers.remember(name)
    return user


def sign_out() -> str:
    """End this browser's session at once, here and not only in its cookie; the caller commits.

    What the provider that signed them in is told now; empty where it was a password."""
    sent, hint = request.cookies.get(cookie_name()), None
    if sent:
        ended = sa.delete(LoginSession).where(LoginSession.hash == digest(sent)).returning(LoginSession.hint)
        hint = db.session.scalar(ended)
    g.actor, g.cookie, g.send_cookie = None, "", True
    return unseal(hint, HINT) or ""


# --- finding the actor


class _Person(NamedTuple):
    """A row for each group that somebody is in, or one without."""

    id: uuid.UUID
    name: str
    display_name: str
    is_admin: bool
    language: str | None
    group: str | None
    stands_in: bool
    further: Any  #: when the sign-in was last used, or the token's scopes


_PERSON = (User.id, User.name, User.display_name, User.is_admin, User.language, Membership.group_name)


@lru_cache(maxsize=1)
def _by_session() -> Statement:
    return Statement(
        sa.select(*_PERSON, stands_in_now(User.name, sa.bindparam("now")), LoginSession.seen_at)
        .select_from(sa.join(LoginSession, User, LoginSession.user_id == User.id).outerjoin(Membership))
        .where(
            LoginSession.hash == sa.bindparam("hash"),
            LoginSession.expires_at > sa.bindparam("now"),
            LoginSession.seen_at > sa.bindparam("used_since"),
            User.active,
        )
    )


@lru_cache(maxsize=1)
def _by_token() -> Statement:
    return Statement(
        sa.select(*_PERSON, stands_in_now(User.name, sa.bindparam("now")), ApiToken.scopes)
        .select_from(sa.join(ApiToken, User, ApiToken.user_id == User.id).outerjoin(Membership))
        .where(
            ApiToken.hash == sa.bindparam("hash"),
            ApiToken.revoked_at.is_(None),
            sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > sa.bindparam("now")),
            User.active,
        )
    )


def _actor_of_session() -> Actor | None:
    sent = request.cookies.get(cookie_name())
    if not sent:
        return None
    now, idle = utcnow(), timedelta(minutes=current_app.config["CASEWRIGHT"].session_idle_minutes)
    rows = _people(_by_session(), hash=digest(sent), now=now, used_since=now - idle)
    if not rows:
        return None
    by_itself = "X-Watching" in request.headers  # a page asks whether something changed: nobody is using it for that
    if not by_itself and rows[0].further < now - min(SEEN_EVERY, idle / 4):
        with suppress(sa.exc.OperationalError):  # the disk is full, say: who only reads is not refused for that
            at_once(sa.update(LoginSession).where(LoginSession.hash == digest(sent)).values(seen_at=now))
    return _actor(rows, frozenset(SCOPES))


def _actor_of_token() -> Actor | None:
    kind, _, secret = request.headers["Authorization"].partition(" ")
    if kind.lower() != "bearer" or not secret.startswith(TOKEN_PREFIX):
        return None
    rows = _people(_by_token(), hash=digest(secret), now=utcnow())
    return _actor(rows, frozenset(rows[0].further)) if rows else None


def holder_of(secret: str, scope: str) -> Actor | None:
    """Whose token this is, where its only scope is `scope`: one that may do more has no place in an address."""
    if not secret.startswith(TOKEN_PREFIX):
        return None
    rows = _people(_by_token(), hash=digest(secret), now=utcnow())
    return _actor(rows, frozenset({scope})) if rows and list(rows[0].further) == [scope] else None


def _actor(rows: list[_Person], scopes: frozenset[str]) -> Actor:
    first, groups = rows[0], frozenset(row.group for row in rows if row.group)
    return Actor(
        first.id, first.name, first.display_name, groups, first.is_admin, first.stands_in, scopes, first.language
    )


def _people(statement: Statement, **parameters: Any) -> list[_Person]:
    with _connection() as connection:
        return [_Person(*row) for row in statement.rows(connection, parameters)]


def _rows_of(statement: sa.Executable) -> list[Any]:
    with _connection() as connection:
        return list(connection.execute(statement))


@contextmanager
def _connection() -> Iterator[sa.Connection]:
    if is_reading():  # nothing else will come, and no lock is taken: the request's own transaction does
        yield db.session.connection()
        return
    with reading(), _for_one_statement(db.engine).connect() as connection:
        yield connection


@lru_cache(maxsize=1)
def _for_one_statement(engine: sa.Engine) -> sa.Engine:
    """`engine` for a single read: PostgreSQL is then not asked to begin and to end a transaction, two ways less."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")


def _groups_of(user_id: uuid.UUID) -> frozenset[str]:
    statement = sa.select(Membership.group_name).where(Membership.user_id == user_id)
    return frozenset(row.group_name for row in _rows_of(statement))


# --- passwords


def _checked(name: str, password: str) -> Any:
    """The row of the active user `name` if `password` is theirs, else None, in the same time."""
    columns = (User.id, User.name, User.display_name, User.is_admin, User.active, User.password_hash)
    rows = _rows_of(sa.select(*columns).where(User.name == name))
    kept = rows[0].password_hash if rows and rows[0].active else None
    if not credentials.fits(kept, password):
        return None
    if kept is not None and credentials.is_outdated(kept):
        renewed = credentials.hash_password(password)
        at_once(sa.update(User).where(User.id == rows[0].id).values(password_hash=renewed))
    return rows[0]


# --- counting tries


def _limits(name: str) -> Sequence[Limited]:
    """What counts a try on `name`: its account from this place, and ten times as much for a place with many names.

    Also the account from everywhere, so that it cannot be guessed from a thousand places; not in a browser where the
    person signed in before, so that nobody can shut them out by trying.
    """
    settings: Config = current_app.config["CASEWRIGHT"]
    limit, place = settings.login_limit, place_of(request.remote_addr or "")
    tenfold = type(limit)(limit.amount * 10, limit.multiples)
    found = [(limit, "sign-in", f"{place}\0{name}"), (tenfold, "sign-in", place)]
    if not known_browsers.knows(name):
        found.append((settings.account_limit, "account", name))
    return found


def place_of(address: str) -> str:
    """From where somebody asks: an IPv4 address, or the /64 network that one subscriber of IPv6 has to himself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


# --- each request


def _begin() -> None:
    for name in ("actor", "cookie", "send_cookie"):
        g.pop(name, None)  # `g` belongs to the application context, which a test or a command may share among requests
    turns.begin(request.remote_addr or "")
    _say_reading()


def _say_reading() -> None:
    set_reading(request.method in ("GET", "HEAD", "OPTIONS"))


def _end(_error: BaseException | None) -> None:
    set_reading(False)
    turns.begin(None)  # this thread may go on with what is nobody's


def _send_cookie(response: Response) -> Response:
    if g.get("send_cookie") and not by_token():
        if g.cookie:
            secure = current_app.config["CASEWRIGHT"].secure_cookies
            response.set_cookie(cookie_name(), g.cookie, path="/", secure=secure, httponly=True, samesite="Lax")
        else:
            response.delete_cookie(cookie_name(), path="/", secure=current_app.config["CASEWRIGHT"].secure_cookies,
                                   httponly=True, samesite="Lax")  # fmt: skip
    return response
