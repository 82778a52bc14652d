"""Times as people write them in a filter: `today`, `2d`, `2026-12`, `2026-12-24T18:00`. Each is a span, or a moment.

What is given without a zone means the zone of `now`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

#: What may be written, for messages and completion.
EXAMPLES = ("today", "tomorrow", "yesterday", "this-week", "next-week", "last-week", "this-month", "now")
_UNITS: Mapping[str, timedelta] = {
    "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1),
}  # fmt: skip
_OFFSET = re.compile(r"([+-]?)(\d{1,4})(min|h|d|w)", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


@dataclass(frozen=True)
class Span:
    """From `start` up to `end`, without it; both alike: a moment. `signed`: said as so long before or after now."""

    start: datetime
    end: datetime
    signed: bool = True

    @property
    def is_moment(self) -> bool:
        return self.start == self.end


def span(text: str, now: datetime) -> Span | None:
    """What `text` means at `now`; None for no time."""
    word = text.lower()
    if found := _OFFSET.fullmatch(word):
        return _offset(found, now)
    try:
        return _named(word, now) or _dated(text, now)
    except (ValueError, OverflowError):
        return None


def _offset(found: re.Match[str], now: datetime) -> Span:
    length = int(found[2]) * _UNITS[found[3]]
    at = now - length if found[1] == "-" else now + length
    return Span(at, at, signed=bool(found[1]))


def _named(word: str, now: datetime) -> Span | None:
    if word == "now":
        return Span(now, now)
    today = now.date()
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    days: Mapping[str, Callable[[], tuple[date, date]]] = {
        "today": lambda: (today, today + timedelta(days=1)),
        "tomorrow": lambda: (today + timedelta(days=1), today + timedelta(days=2)),
        "yesterday": lambda: (today - timedelta(days=1), today),
        "this-week": lambda: (monday, monday + timedelta(days=7)),
        "next-week": lambda: (monday + timedelta(days=7), monday + timedelta(days=14)),
        "last-week": lambda: (monday - timedelta(days=7), monday),
        "this-month": lambda: (first, _next_month(first)),
        "next-month": lambda: (_next_month(first), _next_month(_next_month(first))),
        "last-month": lambda: ((first - timedelta(days=1)).replace(day=1), first),
    }
    return _days(*days[word](), now) if word in days else None


def _dated(text: str, now: datetime) -> Span | None:
    if found := _DATE.fullmatch(text):
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        if not 1970 <= year <= 9000:
            return None
        first = date(year, month, day)
        after = first + timedelta(days=1) if found[3] else _next_month(first) if found[2] else date(year + 1, 1, 1)
        return _days(first, after, now)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d.{0,20}", text):
        return None
    at = datetime.fromisoformat(text.upper())
    at = at if at.tzinfo is not None else at.replace(tzinfo=now.tzinfo)
    return Span(at, at) if 1970 <= at.year <= 9000 else None


def _days(first: date, after: date, now: datetime) -> Span:
    return Span(datetime.combine(first, time(), now.tzinfo), datetime.combine(after, time(), now.tzinfo))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
