"""When work is done: `put` and `remove` calendars by which deadlines are counted. Nothing here commits.

A change holds for what is counted from then on: dates that are set already stay, as people were told of them. Service
levels are counted anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from service import audit
from service.db import db, utcnow
from service.errors import BadRequest, InvalidForm, WrongState
from service.execution import calendars
from service.languages import _
from service.models import Actor, Calendar, Case, CaseState, ProcessDefinition
from service.operations import levels
from service.policy.permissions import Action, require

KEY = re.compile(r"[a-z0-9][\w.-]{0,99}")
RESERVED = "none"  #: what diagrams say for: no calendar
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_DAYS = 1_000  #: with hours of their own, in one calendar
MOST_HOURS = 12  #: stretches of work in one day
MOST_CALENDARS = 1_000
LONGEST = 200  #: characters of a title, or of a reason


@dataclass(frozen=True)
class Said:
    """What a calendar says. Hours are texts such as `09:00-17:30`; `days` are those with hours of their own: their
    hours and why."""

    title: str
    zone: str
    week: Mapping[str, Sequence[str]]  #: by the days in `WEEKDAYS`; a day without hours is off
    country: str | None = None
    subdivision: str | None = None
    days: Mapping[date, tuple[Sequence[str], str]] = field(default_factory=dict)


def put(key: str, said: Said, *, by: Actor) -> Calendar:
    """Make the calendar, or make it say this from now on.

    Raises `InvalidForm` with what is wrong by field (`key`, `title`, `zone`, a weekday, `country`, `subdivision`,
    `days`), and `BadRequest` when there are too many calendars.
    """
    require(by, Action.CHANGE_CALENDAR)
    values = _checked(key, said)
    row = db.session.get(Calendar, key, with_for_update=True)
    if row is None:
        if (db.session.scalar(sa.select(sa.func.count()).select_from(Calendar)) or 0) >= MOST_CALENDARS:
            raise BadRequest(
                _(
                    "There are %(MOST_CALENDARS)s calendars; remove one that nobody needs.",
                    MOST_CALENDARS=f"{MOST_CALENDARS:,}",
                )
            )
        row = Calendar(key=key, **values, changed_at=utcnow())
        db.session.add(row)
        audit.installation.record("calendar:made", by=by, subject=key)
        return row
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.changed_at = utcnow()
        audit.installation.record("calendar:changed", by=by, subject=key, details={"changed": changed})
        if set(changed) - {"title"}:
            levels.changed(key)
    return row


def remove(calendar: Calendar, *, by: Actor) -> None:
    """Take a calendar away. Raises `WrongState` while a case type names it that is open to cases, or has some."""
    require(by, Action.CHANGE_CALENDAR)
    if users := named_by(calendar.key):
        names = ", ".join(users)
        raise WrongState(
            _(
                "It is needed by %(names)s: let them count by another calendar, and move their cases, first.",
                names=names,
            )
        )
    audit.installation.record("calendar:removed", by=by, subject=calendar.key)
    db.session.delete(calendar)


def named_by(key: str) -> list[str]:
    """The case types and processes that count by the calendar: as new cases take them, or while cases run on them."""
    runs = sa.exists().where(Case.definition_id == ProcessDefinition.id, Case.state.in_(_RUNNING))
    rows = sa.select(ProcessDefinition.key, ProcessDefinition.info).where(sa.or_(ProcessDefinition.latest, runs))
    return sorted({name for name, info in db.session.execute(rows) if key in info.get("calendars", ())})


_RUNNING = tuple(state for state in CaseState if not state.is_closed)


def _checked(key: str, said: Said) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    if not KEY.fullmatch(key) or key == RESERVED:
        errors["key"] = [
            _("Write small letters, digits, dots and hyphens, beginning with a letter or digit; not “none”.")
        ]
    title = said.title.strip()
    if not title or len(title) > LONGEST:
        errors["title"] = [_("Give it a name of at most %(LONGEST)s characters.", LONGEST=LONGEST)]
    if not _is_zone(said.zone):
        errors["zone"] = [_("There is no time zone “%(zone)s”; write one such as Europe/Berlin.", zone=said.zone[:60])]
    if unknown := said.week.keys() - set(WEEKDAYS):
        errors[min(unknown)] = [
            _(
                "“%(unknown)s” is no day of the week: write %(WEEKDAYS)s.",
                unknown=min(unknown)[:60],
                WEEKDAYS=", ".join(WEEKDAYS),
            )
        ]
    week = [_hours(said.week.get(day, ()), day, errors) for day in WEEKDAYS]
    country, subdivision = said.country or None, said.subdivision or None
    _check_place(country, subdivision, errors)
    days = {}
    for day, (hours, why) in sorted(said.days.items()):
        days[day.isoformat()] = {"hours": _hours(hours, "days", errors), "why": why.strip()[:LONGEST]}
    if len(days) > MOST_DAYS:
        errors["days"] = [
            _(
                "At most %(MOST_DAYS)s days may have hours of their own; leave those out that are past.",
                MOST_DAYS=f"{MOST_DAYS:,}",
            )
        ]
    if errors:
        raise InvalidForm(errors)
    place = {"zone": said.zone, "country": country, "subdivision": subdivision}
    return {"title": title, "week": week, "days": days, **place}


def _hours(texts: Sequence[str], name: str, errors: dict[str, list[str]]) -> list[str]:
    """Hours as they are kept, `09:00-17:30`."""
    if len(texts) > MOST_HOURS:
        errors.setdefault(name, []).append(
            _("At most %(MOST_HOURS)s stretches of work fit into a day.", MOST_HOURS=MOST_HOURS)
        )
        return []
    try:
        return [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in calendars.hours(texts)]
    except ValueError as wrong:
        errors.setdefault(name, []).append(str(wrong))
        return []


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name) is not None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _check_place(country: str | None, subdivision: str | None, errors: dict[str, list[str]]) -> None:
    if country is None:
        if subdivision is not None:
            errors["subdivision"] = [_("Say of which country.")]
        return
    known = calendars.places()
    if country not in known:
        errors["country"] = [
            _("No holidays are known for “%(country)s”; write a code such as DE (ISO 3166-1).", country=country[:20])
        ]
    elif subdivision is not None and subdivision not in known[country]:
        there = ", ".join(known[country][:60]) or "none"
        errors["subdivision"] = [
            _(
                "%(country)s has no part “%(subdivision)s” with its own holidays; there is %(there)s.",
                country=country,
                subdivision=subdivision[:20],
                there=there,
            )
        ]
