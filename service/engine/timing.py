"""When timers are due: ISO 8601 durations, dates and repeating intervals, as BPMN 2.0.2 §10.5.5 has them.

All times are aware UTC datetimes; a date without zone is taken as UTC. Months and years are calendar months and years.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?=[\dT])(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+(?:[.,]\d+)?)W)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d(T.*)?$|\d{4}-?W\d\d", re.IGNORECASE)
_REPEATS = re.compile(r"R(\d*)/(.+)", re.IGNORECASE)


class BadTime(ValueError):
    """The text is not a duration, date or cycle that we know; the message says what to write."""


@dataclass(frozen=True)
class Cycle:
    """A repeating interval: `left` rounds (None: without end), the first at `first`, then every `every`."""

    left: int | None
    first: datetime
    every: relativedelta


def is_literal(text: str) -> bool:
    """Whether the text is a time as other tools write it, rather than an expression that gives one."""
    text = text.strip()
    return bool(_DURATION.fullmatch(text) or _DATE.match(text) or _REPEATS.fullmatch(text))


def duration(text: str) -> relativedelta:
    """`P1Y2M3DT4H5M6S`, `P2W`; raises BadTime."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise BadTime(f"“{text}” is not a duration: write one such as PT1H or P2D.")
    sign = -1 if match["sign"] == "-" else 1
    parts = {
        name: float(value.replace(",", ".")) if name not in ("years", "months") else int(value)
        for name, value in match.groupdict().items()
        if name != "sign" and value is not None
    }
    if not parts:
        raise BadTime(f"“{text}” is not a duration: write one such as PT1H or P2D.")
    return relativedelta(**{name: sign * value for name, value in parts.items()})  # type: ignore[arg-type]


def moment(value: Any) -> datetime:
    """A point in time from a datetime, a date, or ISO text; raises BadTime."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    try:
        return moment(datetime.fromisoformat(str(value).strip()))
    except ValueError:
        raise BadTime(f"“{value}” is not a date: write one such as 2026-01-31T09:00:00Z.") from None


def due(value: Any, now: datetime) -> datetime:
    """When something is due that is given as a duration from `now` or as a date; raises BadTime."""
    if isinstance(value, timedelta | relativedelta):
        return now + value
    if isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        return after(now, duration(value))
    return moment(value)


def after(start: datetime, delta: relativedelta) -> datetime:
    """`start` plus `delta`; raises BadTime when that is beyond the calendar."""
    try:
        return start + delta
    except (OverflowError, ValueError):
        raise BadTime("That time is beyond the calendar.") from None


def cycle(text: str, now: datetime) -> Cycle:
    """`R3/PT10M`, `R/2026-01-01T09:00:00Z/P1D`, `R5/P1D/2026-02-01T09:00:00Z`; raises BadTime."""
    match = _REPEATS.fullmatch(text.strip())
    if not match:
        raise BadTime(f"“{text}” is not a cycle: write one such as R3/PT10M, or R/PT10M without end.")
    left = int(match[1]) if match[1] else None
    first, _, second = match[2].replace("--", "/").partition("/")
    if not second:
        every = duration(first)
        start = after(now, every)
    elif _DURATION.fullmatch(first):
        every = duration(first)
        start = moment(second) - every
    else:
        every = duration(second)
        start = moment(first)
    if after(now, every) <= now:
        raise BadTime(f"“{text}” repeats without time passing.")
    return Cycle(left, start, every)
