"""Calendars, and the arithmetic of a deadline: which stretches of working time were counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from service.db import db
from service.engine import timing
from service.engine.errors import BadTime
from service.engine.working_time import Span
from service.errors import BadRequest, NotFound
from service.execution import calendars
from service.languages import _
from service.models import Calendar
from service.queries.pages import LIMIT, Page, Sort, page

TOLD = 400  #: stretches of one reckoning that are listed


@dataclass(frozen=True)
class Reckoning:
    """How much working time lies between two moments, and where; of very long ones only the first are listed."""

    begin: datetime
    end: datetime
    spans: tuple[Span, ...]
    counted: timedelta
    is_whole: bool  #: whether all of them are listed


@dataclass(frozen=True)
class DayOff:
    """A day on which less is worked than on others of its week, and why."""

    day: date
    hours: tuple[str, ...]
    why: str


def listed(*, limit: int = LIMIT, cursor: str | None = None) -> Page[Calendar]:
    """All calendars, by key."""
    return page(Calendar, sorts=[Sort(Calendar.key, str)], limit=limit, cursor=cursor)


def get(key: str) -> Calendar:
    """One calendar; raises `NotFound`."""
    row = db.session.get(Calendar, key)
    if row is None:
        raise NotFound(_("There is no calendar “%(key)s”.", key=key[:100]))
    return row


def reckon(calendar: Calendar, begin: datetime, *, span: str = "", end: datetime | None = None) -> Reckoning:
    """The arithmetic from `begin` until `end`, or until `span` (ISO 8601) has passed. Raises `BadRequest`."""
    working = calendars.of(calendar)
    if (end is None) == (not span):
        raise BadRequest(_("Say either until when, or for how long."))
    try:
        until = end if end is not None else working.after(begin, timing.duration(span))
        spans = tuple(islice(working.spans(begin, until), TOLD + 1))
        return Reckoning(begin, until, spans[:TOLD], working.between(begin, until), len(spans) <= TOLD)
    except BadTime as problem:
        raise BadRequest(str(problem)) from None


def days_off(calendar: Calendar, since: date, days: int = 365) -> list[DayOff]:
    """Holidays, and days with hours of their own, from a day on, in order."""
    working = calendars.of(calendar)
    found = []
    for number in range(days):
        day = since + timedelta(days=number)
        said = calendar.days.get(day.isoformat())
        if said is not None:
            found.append(DayOff(day, tuple(said["hours"]), said["why"]))
        elif working.week[day.weekday()] and day in working.holidays:
            found.append(DayOff(day, (), calendars.name_of(calendar, day)))
    return found


def today(calendar: Calendar, now: datetime) -> date:
    """The day that it is where the calendar holds."""
    return now.astimezone(ZoneInfo(calendar.zone)).date()
