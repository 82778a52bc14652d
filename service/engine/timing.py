"""When timers are due: ISO 8601 durations, dates and repeating intervals, as BPMN 2.0.2 §10.5.5 has them, and cron.

All times are aware, what is computed is in UTC. A date without zone is taken in the zone of `now`, one with
`[Europe/Berlin]` or `@Europe/Berlin` behind it in that one. Months and years are calendar months and years.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.relativedelta import relativedelta

from service.engine import cron
from service.engine.errors import BadTime as BadTime

_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?=[\dT])(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+(?:[.,]\d+)?)W)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d(T.*)?$|\d{4}-?W\d\d", re.IGNORECASE)
_REPEATS = re.compile(r"R(\d*)/(.+)", re.IGNORECASE)
_INSIDE = re.compile(r"\s*\[(?P<name>[\w/+-]+)\]\s*$")  #: a zone behind a cron expression
_LONGEST_CRON = 200  #: characters, zone included
_MONTH = 30.436875  #: days, on average
_ZONE = re.compile(r"(?P<time>[^\[@]+?)(?:\[(?P<inside>[\w/+-]+)\]|@(?P<behind>[\w/+-]+))$")


@dataclass(frozen=True)
class Duration:
    """Months and days are the calendar's; hours, minutes and seconds are time that passes."""

    months: int = 0
    days: int = 0
    seconds: float = 0
    weeks: int = 0  #: among the days; they are not told apart unless working days are counted


@dataclass(frozen=True)
class Cycle:
    """A repeating interval: `left` rounds (None: without end), each so many times `every` after `anchor`.

    All are counted from there, never from the round before: a month that is short, or a night without 02:30, moves one
    round and none that follows.
    """

    left: int | None
    anchor: datetime
    every: Duration
    zone: tzinfo = UTC  #: whose days and months are counted: 09:00 stays 09:00 when the clocks change
    begin: int = 0  #: the number of the first round, counted from the anchor

    @property
    def first(self) -> datetime:
        """The first round; raises BadTime."""
        return self.round(self.begin)

    def round(self, number: int) -> datetime:
        """The round of that number; raises BadTime."""
        months, days, seconds = self.every.months, self.every.days, self.every.seconds
        return after(self.anchor.astimezone(self.zone), Duration(number * months, number * days, number * seconds))

    def following(self, moment: datetime) -> datetime:
        """The first round after that moment; raises BadTime."""
        return self.round(self.number_after(moment))

    def number_after(self, moment: datetime) -> int:
        """The number of the first round after that moment; raises BadTime."""
        length = (self.every.months * _MONTH + self.every.days) * 86400 + self.every.seconds
        passed = int((moment - self.anchor).total_seconds() // length)
        number = max(self.begin, passed - 2)  # of months and days each has its length: the last steps are counted
        while self.round(number) <= moment:
            number += 1
        return number


def is_literal(text: str) -> bool:
    """Whether the text is a time as other tools write it, rather than an expression that gives one."""
    text = text.strip()
    return bool(_DURATION.fullmatch(text) or _DATE.match(text) or is_cycle(text))


def is_duration(text: str) -> bool:
    """Whether it is the text of a duration."""
    return bool(_DURATION.fullmatch(text.strip()))


def is_cycle(value: object) -> bool:
    """Whether it is the text of a repeating interval, or a cron expression, with or without a zone behind it."""
    return isinstance(value, str) and bool(_REPEATS.fullmatch(value.strip()) or is_cron(value))


def is_cron(text: str) -> bool:
    """Whether it is meant as a cron expression; `cycle` says what is wrong with it."""
    return len(text) <= _LONGEST_CRON and cron.looks_like(_INSIDE.sub("", text))


def duration(text: str) -> Duration:
    """`P1Y2M3DT4H5M6S`, `P2W`; raises BadTime."""
    match = _DURATION.fullmatch(text.strip())
    said = {name: value for name, value in match.groupdict().items() if value} if match else {}
    sign = -1 if said.pop("sign", "+") == "-" else 1
    if not said:
        raise BadTime(f"“{text}” is not a duration: write one such as PT1H or P2D.")
    parts = {name: sign * float(value.replace(",", ".")) for name, value in said.items()}
    days = parts.get("weeks", 0) * 7 + parts.get("days", 0)
    seconds = parts.get("hours", 0) * 3600 + parts.get("minutes", 0) * 60 + parts.get("seconds", 0)
    if not all(math.isfinite(part) for part in (days, seconds, *parts.values())):
        raise BadTime("That time is beyond the calendar.")
    return Duration(
        months=int(parts.get("years", 0) * 12 + parts.get("months", 0)),
        days=int(days),
        seconds=seconds + (days - int(days)) * 86400,
        weeks=int(parts.get("weeks", 0)),
    )


def moment(value: Any, zone: tzinfo | None = None) -> datetime:
    """A point in time from a datetime, a date, or ISO text, in `zone` (UTC) where they name none; raises BadTime."""
    zone = zone or UTC
    if isinstance(value, datetime):
        return _utc(value if value.tzinfo else value.replace(tzinfo=zone))
    if isinstance(value, date):
        return _utc(datetime.combine(value, time(), zone))
    text, zone = _zoned(str(value).strip(), zone)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadTime(f"“{value}” is not a date: write one such as 2026-01-31T09:00:00Z.") from None
    return moment(found, zone)


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise BadTime("That time is beyond the calendar.") from None


def _zoned(text: str, zone: tzinfo) -> tuple[str, tzinfo]:
    """A text such as `2026-03-29T09:00[Europe/Berlin]` without its zone, and that zone or `zone`; raises BadTime."""
    match = _ZONE.fullmatch(text)
    if not match:
        return text, zone
    return match["time"], _named(match["inside"] or match["behind"])


def _zoned_cron(text: str, zone: tzinfo) -> tuple[str, tzinfo]:
    """A cron expression such as `0 9 * * MON[Europe/Berlin]` without its zone, and that zone or `zone`."""
    inside = _INSIDE.search(text)
    if not inside:
        return text.strip(), zone
    return text[: inside.start()].strip(), _named(inside["name"])


def _named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadTime(f"There is no time zone “{name}”; write one such as Europe/Berlin.") from None


def due(value: Any, now: datetime) -> datetime:
    """When something is due that is given as a duration from `now` or as a date; raises BadTime."""
    if isinstance(value, timedelta):
        return after(now, Duration(seconds=value.total_seconds()))
    if isinstance(value, str) and is_duration(value):
        return after(now, duration(value))
    return moment(value, now.tzinfo)


def after(start: datetime, span: Duration) -> datetime:
    """`start` plus `span`, counting days in start's zone, as UTC; raises BadTime when that is beyond the calendar."""
    try:
        day = start + relativedelta(months=span.months, days=span.days)
        return day.astimezone(UTC) + timedelta(seconds=span.seconds)
    except (OverflowError, ValueError):
        raise BadTime("That time is beyond the calendar.") from None


def cycle(text: str, now: datetime) -> Cycle | cron.Cron:
    """`R3/PT10M`, `R/2026-01-01T09:00:00Z/P1D`, `R5/P1D/2026-02-01T09:00:00Z`, `0 9 * * MON-FRI`; raises BadTime."""
    if is_cron(text):
        bare, zone = _zoned_cron(text, now.tzinfo or UTC)
        return cron.read(bare, zone)
    match = _REPEATS.fullmatch(text.strip())
    if not match:
        raise BadTime(f"“{text}” is not a cycle: write one such as R3/PT10M, or R/PT10M without end.")
    left = int(match[1]) if match[1] else None
    first, second = _parted(match[2])
    zone = now.tzinfo or UTC
    if not second:
        made = Cycle(left, now, duration(first), zone, begin=1)
    elif _DURATION.fullmatch(first):
        anchor, zone = moment(second, now.tzinfo), _zoned(second, zone)[1]
        made = Cycle(left, anchor, duration(first), zone, begin=-1)
    else:
        anchor, zone = moment(first, now.tzinfo), _zoned(first, zone)[1]
        made = Cycle(left, anchor, duration(second), zone)
    if after(now, made.every) <= now:
        raise BadTime(f"“{text}” repeats without time passing.")
    return made


def _parted(interval: str) -> tuple[str, str]:
    """An interval at its slash; the name of a zone may have a slash too, but behind a date, never behind a duration."""
    interval = interval.replace("--", "/")
    first, _, second = interval.partition("/") if interval[0] in "Pp" else interval.rpartition("/")
    return first, second


def anchored(text: str, now: datetime) -> str:
    """A cycle's text with the moment that it counts from, which is `now` unless it says one itself; raises BadTime.

    A cron expression counts from nothing; it gets the zone by whose clock it is read.
    """
    made = cycle(text, now)
    if isinstance(made, cron.Cron):
        name = getattr(made.zone, "key", None)
        return text.strip() if not name or _INSIDE.search(text) else f"{text.strip()}[{name}]"
    rounds, _, interval = text.strip().partition("/")
    if _parted(interval)[1]:
        return text.strip()
    name = getattr(made.zone, "key", None)
    start = f"{now.replace(tzinfo=None).isoformat()}[{name}]" if name else now.isoformat()
    return f"{rounds}/{start}/{interval}"


def ahead(cycle: Cycle | cron.Cron, now: datetime) -> tuple[datetime, int | None]:
    """The first round after `now`, and how many are left from it on (None: without end); raises BadTime."""
    if isinstance(cycle, cron.Cron):
        return cycle.following(now), None
    number = cycle.number_after(now)
    if cycle.left is None:
        return cycle.round(number), None
    number = min(number, cycle.begin + cycle.left)
    return cycle.round(number), cycle.left - (number - cycle.begin)
