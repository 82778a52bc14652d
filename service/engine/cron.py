"""Cron expressions, as Camunda 7 (Quartz) and 8 (Spring) and crontabs write cycles; cronsim finds the times.

Five fields are a crontab's: minute, hour, day of the month, month, day of the week. Six or seven begin with seconds,
and a seventh is the year. What the dialects read in different ways is refused rather than guessed: a number for a day
of the week in six fields is one day for Quartz and another for Spring. When the clocks change, a time of the day that
is left out comes at once after it, and one that comes twice counts once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from cronsim import CronSim, CronSimError

from service.engine.errors import BadTime

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * SUN",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FIELD = rf"(?:[\d*/,?LW#-]|{'|'.join(_DAYS + _MONTHS)})+"
_CRON = re.compile(rf"{_FIELD}(?: +{_FIELD}){{4,6}}|@[a-z]+", re.IGNORECASE)
_LONGEST = 100  #: characters
_EXAMPLE = "write one such as 0 9 * * MON-FRI (minute, hour, day, month, day of the week)"


def looks_like(text: str) -> bool:
    """Whether somebody meant a cron expression; it may still be a wrong one."""
    return len(text) <= _LONGEST and bool(_CRON.fullmatch(text.strip()))


@dataclass(frozen=True)
class Cron:
    """Times without end, by the clock of `zone`."""

    fields: tuple[str, ...]  #: cronsim's five, or six where it happens more than once in a minute
    second: int  #: of five fields: the second of the minute
    both_days: bool  #: both the day of the month and of the week have to fit, rather than either
    zone: tzinfo
    text: str
    left: None = None

    def following(self, moment: datetime) -> datetime:
        """The first time after that moment; raises BadTime where there is none within 50 years."""
        offset = timedelta(seconds=self.second)
        found = CronSim(" ".join(self.fields), (moment - offset).astimezone(self.zone))
        found.day_and = found.day_and or self.both_days
        try:
            return (next(found) + offset).astimezone(UTC)
        except (StopIteration, OverflowError):
            raise BadTime(f"“{self.text}” never comes.") from None


def read(text: str, zone: tzinfo) -> Cron:
    """What a cron expression says, in that zone; raises BadTime."""
    fields = _fields(text)
    seconds = fields.pop(0) if len(fields) == 6 else None
    whole = seconds is None or seconds.isdecimal()
    try:
        CronSim(" ".join(fields if whole or seconds is None else [seconds, *fields]), datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError) as wrong:
        raise BadTime(
            f"“{text}” is no cron expression ({str(wrong).lower() or 'a value is wrong'}): {_EXAMPLE}."
        ) from None
    if whole and int(seconds or 0) > 59:
        raise BadTime(f"“{text}” is no cron expression (bad second): {_EXAMPLE}.")
    used = tuple(fields) if whole else (str(seconds), *fields)
    return Cron(used, int(seconds or 0) if whole else 0, both_days=seconds is not None, zone=zone, text=text)


@lru_cache(maxsize=256)
def _parted(text: str) -> tuple[str, ...]:
    plain = _NICKNAMES.get(text.strip().lower(), text.strip().upper())
    if not looks_like(plain) or plain.startswith("@"):
        raise BadTime(f"“{text}” is no cron expression: {_EXAMPLE}.")
    return tuple(plain.replace("?", "*").split())


def _fields(text: str) -> list[str]:
    """Five fields as cronsim reads them, or six with the seconds before them; raises BadTime."""
    fields = list(_parted(text))
    if len(fields) == 7 and fields.pop() != "*":
        raise BadTime(f"“{text}” names a year: write a date for what happens once, or * for every year.")
    days, week = fields[-3], fields[-1]
    if "W" in days and days != "LW":
        raise BadTime(f"“{text}” asks for the weekday next to a day of the month (W), which is not known here.")
    if "-" in days and "L" in days:
        raise BadTime(
            f"“{text}” counts days back from the end of the month, which is not known here; L is its last day."
        )
    if len(fields) == 6 and re.search(r"(?<![#/\d])\d", week):
        raise BadTime(
            f"“{text}” has a number for a day of the week, which Quartz and Spring count differently: write MON."
        )
    fields[-1] = _last_weekday(week)
    return fields


def _last_weekday(week: str) -> str:
    """`FRIL` is the last Friday of the month; cronsim reads 5L."""
    return f"{_DAYS.index(week[:3])}L" if week[:3] in _DAYS and week[3:] == "L" else week


__all__: Sequence[str] = ["Cron", "looks_like", "read"]
