"""Calendars as workflows count by them: rows of the database, with the public holidays of a country."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from service.db import db, localnow
from service.engine import timing
from service.engine.elements.attributes import NO_CALENDAR
from service.engine.errors import BadTime
from service.engine.service_levels import Counter
from service.engine.working_time import Hours, WorkingTime, is_in_order
from service.errors import WrongState
from service.models import Calendar

_HOURS = re.compile(r"(\d{1,2}):([0-5]\d)\s*[-–]\s*(\d{1,2}):([0-5]\d)")
_TOLD = 20  #: names of calendars in an error


@dataclass(frozen=True)
class PublicHolidays:
    """The public holidays of a country, or of a part of it."""

    country: str
    subdivision: str | None

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day in self.of(day.year)

    def of(self, year: int) -> Mapping[date, str]:
        """The holidays of a year, and what they are called in English, or in a language of the country."""
        return _holidays(self.country, self.subdivision, year)


@lru_cache(maxsize=1000)
def _holidays(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    import holidays  # takes half a second, and most have no use for it

    found = holidays.country_holidays(country, subdiv=subdivision, years=year, language=_language(country))
    return {day: str(name) for day, name in found.items()}


@lru_cache(maxsize=300)
def _language(country: str) -> str | None:
    import holidays

    return "en_US" if "en_US" in holidays.list_localized_countries().get(country, ()) else None


def places() -> Mapping[str, tuple[str, ...]]:
    """The countries whose holidays are known, by ISO 3166-1 alpha-2, with the codes of their subdivisions."""
    import holidays

    known = holidays.list_supported_countries(include_aliases=False)
    return {country: tuple(parts) for country, parts in sorted(known.items()) if len(country) == 2}


def working_time(key: str) -> WorkingTime:
    """The calendar of that key; raises `BadTime`, with the keys that there are."""
    row = db.session.get(Calendar, key)
    if row is not None:
        return of(row)
    there = db.session.scalars(sa.select(Calendar.key).order_by(Calendar.key).limit(_TOLD)).all()
    advice = f"There is {', '.join(there)}." if there else "Make it under Calendars first."
    raise BadTime(f"There is no calendar “{key[:100]}”. {advice}")


def counter(key: str) -> Counter:
    """What counts by the calendar of that key; all time for none, and for one that is gone."""
    zone = localnow().tzinfo or UTC
    if not key:
        return Counter(zone)
    row = db.session.get(Calendar, key)
    return Counter(zone, of(row) if row is not None else None)


def of(row: Calendar) -> WorkingTime:
    """What a calendar's row says."""
    return WorkingTime(
        name=row.key,
        zone=ZoneInfo(row.zone),
        week=cast("Any", tuple(hours(day) for day in row.week)),
        holidays=PublicHolidays(row.country, row.subdivision) if row.country else frozenset(),
        exceptions={date.fromisoformat(day): hours(said["hours"]) for day, said in row.days.items()},
    )


def name_of(row: Calendar, day: date) -> str:
    """What a public holiday of the calendar's country is called; empty for any other day."""
    return PublicHolidays(row.country, row.subdivision).of(day.year).get(day, "") if row.country else ""


def hours(texts: Iterable[str]) -> Hours:
    """Texts such as `09:00-17:30` as minutes since midnight; `24:00` is the day's end. Raises `ValueError`."""
    found = []
    for text in texts:
        match = _HOURS.fullmatch(text.strip())
        if not match:
            raise ValueError(f"“{text.strip()[:40]}” are no hours: write such as 09:00-17:30.")
        from_hour, from_minute, until_hour, until_minute = map(int, match.groups())
        found.append((from_hour * 60 + from_minute, until_hour * 60 + until_minute))
    if not is_in_order(tuple(found)):
        said = ", ".join(texts)
        raise ValueError(f"“{said[:100]}” are not in order: each ends after it begins, and before the next begins.")
    return tuple(found)


def due_of_case(attributes: Mapping[str, str], now: datetime) -> datetime | None:
    """When a case is due that begins now, by its process's `case:dueDate` and `case:calendar`. Raises `WrongState`."""
    said, calendar = attributes.get("dueDate"), attributes.get("calendar", NO_CALENDAR)
    if said is None:
        return None
    try:
        return timing.due(said, now) if calendar == NO_CALENDAR else working_time(calendar).due(said, now)
    except BadTime as problem:
        raise WrongState(f"No case can be opened: {problem}") from None


def later(attributes: Mapping[str, str], due: datetime, begin: datetime, end: datetime) -> datetime:
    """When a case is due that was due at `due`, if its clocks stood still from `begin` to `end`."""
    calendar = attributes.get("calendar", NO_CALENDAR)
    try:
        if calendar != NO_CALENDAR and timing.is_duration(attributes.get("dueDate", "")):
            return working_time(calendar).later(due, begin, end)
    except BadTime:
        pass  # the calendar is gone, or has no working time any more: all time counts
    return due + (end - begin)
