"""How often somebody may do something. The library `limits` reads what a limit says and counts in windows; its counts
are kept here, in our own database, because all web processes count together.

A try is counted before it is made, so that a hundred at once count as a hundred.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from limits import RateLimitItem
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy.dialects import postgresql, sqlite

from service.db import at_once, db, utcnow
from service.errors import TooMany
from service.languages import _, later
from service.models import Actor, RateCount

REFUSALS = {
    "search": later("Too many searches"),
    "deployment": later("Too many deployments and checks"),
    "evaluation": later("Too many evaluations"),
    "large": later("Too many large requests"),
    "upload": later("Too many documents"),
}

_REMEMBERED = 10_000  #: refusals
_refused: OrderedDict[tuple[str, str], float] = OrderedDict()  #: what and who -> until when, in seconds since 1970


def count(limit: RateLimitItem, *what: str, refusal: str) -> None:
    """Count one more of `what`, such as `"sign-in", "ann"`. Raises `TooMany`, which begins with `refusal`.

    In a transaction of its own: on SQLite, a writing request may not have begun one before.
    """
    if not _limiter.hit(limit, *what):
        left = _limiter.get_window_stats(limit, *what).reset_time - utcnow().timestamp()
        raise _too_many(refusal, left)


def spend(what: str, by: Actor) -> None:
    """Count one more `what` of `REFUSALS` by somebody; before anything is read, as in `count`. Raises `TooMany`.

    Who has been refused is refused until the window ends without asking the database again: nothing is taken back.
    """
    limit: RateLimitItem = getattr(current_app.config["CASEWRIGHT"], f"{what}_limit")
    who = (what, str(by.id))
    if (left := _refused.get(who, 0.0) - utcnow().timestamp()) > 0:
        raise _too_many(REFUSALS[what], left)
    try:
        count(limit, *who, refusal=REFUSALS[what])
    except TooMany as error:
        _refused[who] = utcnow().timestamp() + error.retry_after
        _refused.move_to_end(who)
        while len(_refused) > _REMEMBERED:
            _refused.popitem(last=False)
        raise


def take_back(limit: RateLimitItem, *what: str) -> None:
    """Count one less of `what`: it was rightly done."""
    _limiter.hit(limit, *what, cost=-1)


def forget(limit: RateLimitItem, *what: str) -> None:
    """Let `what` begin anew."""
    _limiter.clear(limit, *what)


class Counts(Storage):
    """Where `limits` keeps its counts: one row for each window that has begun, by the hash of what is counted."""

    STORAGE_SCHEME = None
    base_exceptions = sa.exc.DBAPIError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = utcnow()
        make: Any = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
        row = make(RateCount).values(key=_hash(key), hits=max(amount, 0), ends_at=now + timedelta(seconds=expiry))
        running = RateCount.ends_at > now
        counted = row.on_conflict_do_update(
            index_elements=[RateCount.key],
            set_={
                "hits": sa.case((running, RateCount.hits + amount), else_=row.excluded.hits),
                "ends_at": sa.case((running, RateCount.ends_at), else_=row.excluded.ends_at),
            },
        )
        [(hits,)] = at_once(counted.returning(RateCount.hits))
        return int(hits)

    def get(self, key: str) -> int:
        return self._running(key)[0]

    def get_expiry(self, key: str) -> float:
        return self._running(key)[1].timestamp()

    def check(self) -> bool:
        return bool(at_once(sa.select(sa.literal(1))))

    def reset(self) -> int | None:
        at_once(sa.delete(RateCount))
        return None

    def clear(self, key: str) -> None:
        at_once(sa.delete(RateCount).where(RateCount.key == _hash(key)))

    def _running(self, key: str) -> tuple[int, datetime]:
        now = utcnow()
        found = sa.select(RateCount.hits, RateCount.ends_at).where(RateCount.key == _hash(key))
        rows = at_once(found.where(RateCount.ends_at > now))
        return tuple(rows[0]) if rows else (0, now)


_limiter = FixedWindowRateLimiter(Counts())


def _hash(key: str) -> bytes:
    """The key of `limits` begins with what is counted: names of people, which need not stand in the table."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _too_many(refusal: str, left: float) -> TooMany:
    wait = max(1, round(left))
    return TooMany(_("%(refusal)s; wait %(wait)s.", refusal=refusal, wait=_spoken(wait)), wait)


def _spoken(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return (
        _("%(seconds)s seconds", seconds=seconds)
        if seconds < 60
        else _("a minute")
        if minutes == 1
        else _("%(minutes)s minutes", minutes=minutes)
    )
