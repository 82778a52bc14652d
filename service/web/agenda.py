"""My calendar: what is due, put off and to be reminded of, by month or week, or as a list of days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import utcnow
from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import signed_in
from service.languages import _, formats, later
from service.models import Absence
from service.queries import agenda
from service.web.rendering import names_of, page, zone

blueprint = Blueprint("agenda", __name__)
VIEWS = {"month": later("Month"), "week": later("Week"), "agenda": later("Agenda")}
AHEAD = 30  #: days of the agenda
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
SHOWN = {"month": 3, "week": 100, "agenda": 100}  #: entries of a day


@dataclass(frozen=True)
class Day:
    """A day, and what it holds."""

    day: date
    entries: Sequence[Any]
    away: Sequence[Absence]
    is_today: bool
    is_beside: bool  #: of another month than the one that is shown
    begins: bool  #: the first of a month, or the first that is shown


@blueprint.get("/calendar")
@signed_in
def show() -> ResponseReturnValue:
    """`?view=` month, week or agenda, with the day `?day=` in it."""
    view = request.args.get("view", "month")
    view = view if view in VIEWS else "month"
    today = utcnow().astimezone(zone()).date()
    day = _day(today)
    first, last = _span(view, day)
    actor, begin, end = current_actor(), _begin(first), _begin(last + timedelta(days=1))
    entries, away = agenda.entries(actor, begin, end), agenda.away(actor, begin, end)
    days = [
        _filled(first + timedelta(days=n), entries, away, today, view, day, n == 0)
        for n in range((last - first).days + 1)
    ]
    before, after = _beside(view, day)
    return page(
        "agenda/page.html",
        view=view,
        views=[(name, url_for(".show", view=key, day=day.isoformat()), key == view) for key, name in VIEWS.items()],
        days=[each for each in days if each.entries or each.away] if view == "agenda" else days,
        weeks=[days[at : at + 7] for at in range(0, len(days), 7)],
        title=_title(view, day, first, last),
        before=before.isoformat(),
        after=after.isoformat(),
        now=utcnow(),
        names=names_of({each.person for each in away}),
        local=lambda at: at.astimezone(zone()),
        most=SHOWN[view],
        zone=str(getattr(zone(), "key", "UTC")),
    )


def _day(today: date) -> date:
    try:
        day = date.fromisoformat(request.args.get("day", today.isoformat()))
    except ValueError as error:
        raise BadRequest(_("Give a day, such as 2026-12-24."), field="day") from error
    return min(max(day, EARLIEST), LATEST)


def _span(view: str, day: date) -> tuple[date, date]:
    if view == "agenda":
        return day, day + timedelta(days=AHEAD - 1)
    first = day if view == "week" else day.replace(day=1)
    last = day if view == "week" else _next_month(day) - timedelta(days=1)
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _beside(view: str, day: date) -> tuple[date, date]:
    """A day of what is shown before, and one of what is shown after."""
    if view == "month":
        return (day.replace(day=1) - timedelta(days=1)).replace(day=1), _next_month(day)
    step = timedelta(days=7 if view == "week" else AHEAD)
    return day - step, day + step


def _title(view: str, day: date, first: date, last: date) -> str:
    if view == "month":
        return formats.dated(day, "%B %Y")
    begin = formats.dated(first, "%-d %B" if first.year == last.year else "%-d %B %Y")
    return f"{begin} – {formats.dated(last, '%-d %B %Y')}"


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), zone())


def _filled(
    day: date, entries: Sequence[agenda.Entry], away: Sequence[Absence], today: date, view: str, of: date, first: bool
) -> Day:
    begin, end = _begin(day), _begin(day + timedelta(days=1))
    return Day(
        day,
        [each for each in entries if begin <= each.at < end],
        [each for each in away if each.begins_at < end and each.ends_at > begin],
        day == today,
        view == "month" and day.month != of.month,
        first or day.day == 1,
    )
