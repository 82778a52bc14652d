"""Calendars on pages: when work is done, by which deadlines are counted; and the arithmetic of one deadline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db, utcnow
from service.errors import BadRequest, InvalidForm
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, formats, gettext, later
from service.models import Calendar
from service.operations import calendars as operations
from service.policy.permissions import Action, may
from service.queries import calendars
from service.web import words
from service.web.rendering import go, moment_in, page, zone

blueprint = Blueprint("calendars", __name__)

LONGEST = 100_000  #: characters of the list of days
_WORKED = re.compile(r"closed(?=\s|$)|[\d:,\-– ]+(?=\s|$)")  #: before the reason
_OFFICE_HOURS = ["09:00-12:00", "13:00-17:00"]


@blueprint.get("/calendars")
@permission(Action.READ_CALENDAR)
def index() -> Response:
    """All calendars."""
    found = calendars.listed(cursor=request.args.get("after"))
    changes = may(current_actor(), Action.CHANGE_CALENDAR)
    return page("calendars/index.html", rows=found.rows, next=found.next, may_change=changes, spoken=spoken_week)


@blueprint.get("/calendars/new")
@permission(Action.CHANGE_CALENDAR)
def new() -> Response:
    """A form for a calendar that is still to be made."""
    return _form(None, _offered(), {})


@blueprint.post("/calendars")
@permission(Action.CHANGE_CALENDAR)
def make() -> ResponseReturnValue:
    """Make a calendar, unless there is one of that key."""
    key = request.form.get("key", "").strip()
    try:
        if db.session.get(Calendar, key) is not None:
            raise InvalidForm({"key": [_("There is a calendar of that key already.")]})
        operations.put(key, _said(request.form), by=current_actor())
    except InvalidForm as wrong:
        return _form(None, request.form, wrong.errors)
    db.session.commit()
    return go(url_for(".show", key=key), _("The calendar is made."))


@blueprint.get("/calendars/<key>")
@permission(Action.READ_CALENDAR)
def show(key: str) -> Response:
    """One calendar, the days off of a year, and with `since` and a duration or `until` the arithmetic of a deadline."""
    if request.args.get("since"):
        rate_limits.spend("evaluation", current_actor())
    calendar = calendars.get(key)
    now, clock = utcnow(), ZoneInfo(calendar.zone)
    problem, reckoning = "", None
    since = moment_in(request.args, "since", _("The beginning"), clock)
    if since is not None:
        until = moment_in(request.args, "until", _("The end"), clock)
        try:
            span = request.args.get("duration", "").strip()
            reckoning = calendars.reckon(calendar, since, span="" if until else span, end=until)
        except BadRequest as wrong:
            problem = str(wrong)
    return page(
        "calendars/show.html",
        calendar=calendar,
        week=list(zip(DAYS.values(), calendar.week, strict=True)),
        days_off=calendars.days_off(calendar, calendars.today(calendar, now)),
        may_change=may(current_actor(), Action.CHANGE_CALENDAR),
        needed_by=operations.named_by(key),
        reckoning=reckoning,
        problem=problem,
        asked=request.args,
        now=now.astimezone(clock),
        here=lambda at: _here(at, clock),
    )


@blueprint.get("/calendars/<key>/edit")
@permission(Action.CHANGE_CALENDAR)
def edit(key: str) -> Response:
    """The calendar in a form."""
    calendar = calendars.get(key)
    return _form(calendar, _offered(calendar), {})


@blueprint.post("/calendars/<key>")
@permission(Action.CHANGE_CALENDAR)
def change(key: str) -> ResponseReturnValue:
    """Let the calendar say this from now on."""
    calendar = calendars.get(key)
    try:
        operations.put(key, _said(request.form), by=current_actor())
    except InvalidForm as wrong:
        return _form(calendar, request.form, wrong.errors)
    db.session.commit()
    return go(url_for(".show", key=key), _("The calendar is changed."))


@blueprint.post("/calendars/<key>/remove")
@permission(Action.CHANGE_CALENDAR)
def remove(key: str) -> ResponseReturnValue:
    """Take the calendar away."""
    operations.remove(calendars.get(key), by=current_actor())
    db.session.commit()
    return go(url_for(".index"), _("The calendar is gone."))


def _here(at: datetime, clock: ZoneInfo) -> str:
    """A time where the calendar holds, wherever its reader is."""
    local = at.astimezone(clock)
    return f"{local:%a} {words.day(local.date())}, {local:%H:%M}"


def _form(calendar: Calendar | None, said: Mapping[str, Any], errors: Mapping[str, list[str]]) -> Response:
    return page(
        "calendars/form.html",
        status=422 if errors else 200,
        calendar=calendar,
        said=said,
        errors={name: " ".join(messages) for name, messages in errors.items()},
        weekdays=DAYS,
    )


def _offered(calendar: Calendar | None = None) -> dict[str, str]:
    """What stands in the form's fields before anybody has typed."""
    if calendar is None:
        week = [_OFFICE_HOURS] * 5 + [[], []]
        return {"zone": str(zone()), **_texts(week)}
    lines = [
        f"{day} {', '.join(said['hours']) or 'closed'} {said['why']}".rstrip() for day, said in calendar.days.items()
    ]
    place = {"country": calendar.country or "", "subdivision": calendar.subdivision or ""}
    return {
        "title": calendar.title,
        "zone": calendar.zone,
        "days": "\n".join(lines),
        **place,
        **_texts(calendar.week),
    }


def _short(day: str) -> str:
    return formats.weekday(date(2024, 1, 1 + operations.WEEKDAYS.index(day)))  # which was a Monday


def _texts(week: list[Any]) -> dict[str, str]:
    return {day: ", ".join(hours) for day, hours in zip(operations.WEEKDAYS, week, strict=True)}


def _said(form: Mapping[str, str]) -> operations.Said:
    """What was typed. Raises `InvalidForm`."""
    return operations.Said(
        title=form.get("title", ""),
        zone=form.get("zone", "").strip(),
        week={day: _hours(form.get(day, "")) for day in operations.WEEKDAYS},
        country=form.get("country", "").strip().upper() or None,
        subdivision=form.get("subdivision", "").strip() or None,
        days=days_in(form.get("days", "")),
    )


def _hours(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def days_in(text: str) -> dict[date, tuple[list[str], str]]:
    """Lines such as `2026-12-24 09:00-12:00 Christmas Eve` or `2026-12-31 closed`. Raises `InvalidForm`."""
    if len(text) > LONGEST:
        raise InvalidForm({"days": [gettext("That is too long; leave out the days that are past.")]})
    found: dict[date, tuple[list[str], str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        said, _, rest = line.strip().partition(" ")
        if not said:
            continue
        try:
            day = date.fromisoformat(said)
        except ValueError:
            example = gettext("begin with a day, such as 2026-12-24 09:00-12:00 Half a day.")
            raise InvalidForm(
                {
                    "days": [
                        gettext(
                            "Line %(number)s, “%(strip)s”: %(example)s",
                            number=number,
                            strip=line.strip()[:40],
                            example=example,
                        )
                    ]
                }
            ) from None
        if day in found:
            raise InvalidForm(
                {"days": [gettext("Line %(number)s: %(day)s stands there twice.", number=number, day=day)]}
            )
        worked = _WORKED.match(rest.strip())
        hours = worked[0] if worked else "closed"
        why = rest.strip()[worked.end() if worked else 0 :].strip()
        found[day] = ([] if hours == "closed" else _hours(hours), why)
    return found


#: the days of a week, as pages say them
DAYS = {
    "monday": later("Monday"),
    "tuesday": later("Tuesday"),
    "wednesday": later("Wednesday"),
    "thursday": later("Thursday"),
    "friday": later("Friday"),
    "saturday": later("Saturday"),
    "sunday": later("Sunday"),
}


def spoken_week(calendar: Calendar) -> str:
    """The working hours in a line: days that follow each other with the same hours together."""
    parts: list[tuple[str, str, list[str]]] = []
    for day, hours in zip(operations.WEEKDAYS, calendar.week, strict=True):
        if parts and parts[-1][2] == hours:
            parts[-1] = (parts[-1][0], day, hours)
        else:
            parts.append((day, day, hours))
    return "; ".join(
        f"{_short(first)}{f'–{_short(last)}' if last != first else ''} {', '.join(hours)}"
        for first, last, hours in parts
        if hours
    )
