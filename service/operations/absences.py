"""Who is away, and who stands in: `away` and `back`. Nothing of a case is changed: what somebody has stays theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from service import audit
from service.db import db, new_id, utcnow
from service.errors import BadRequest, NotFound, WrongState
from service.languages import _
from service.models import Absence, Actor, Group, ProcessDefinition, Substitution, User
from service.notifications import notify
from service.policy.permissions import Action, may, require

LONGEST = 366  #: days
AHEAD = 2 * 366  #: days before it begins
MOST, SUBSTITUTES = 20, 10  #: absences of one person that are not over, and who stands in during one


@dataclass(frozen=True)
class StandIn:
    """Who stands in: for all tasks, or for those in cases of one type, or those that a group is offered."""

    substitute: User
    case_type: str | None = None
    group: str | None = None


def away(person: User, first: date, last: date, *, zone: str, stand_ins: Sequence[StandIn] = (), by: Actor) -> Absence:
    """Say that `person` is away from the day `first` to `last`, both included, by the clock of `zone`."""
    require(by, Action.SAY_AWAY)
    if person.id != by.id:
        require(by, Action.MANAGE_USERS)
    begins_at, ends_at = _span(first, last, zone)
    coming = sa.select(sa.func.count()).where(Absence.person == person.name, Absence.ends_at > utcnow())
    if (db.session.scalar(coming) or 0) >= MOST:
        raise WrongState(
            _("%(person)s has %(MOST)s absences to come; end one first.", person=person.display_name, MOST=MOST)
        )
    if len(stand_ins) > SUBSTITUTES:
        raise BadRequest(_("Name at most %(SUBSTITUTES)s substitutes.", SUBSTITUTES=SUBSTITUTES), field="substitutes")
    for each in stand_ins:
        _check(each, person)
    absence = Absence(
        id=new_id(),
        person=person.name,
        first_day=first,
        last_day=last,
        zone=zone,
        begins_at=begins_at,
        ends_at=ends_at,
        created_by=by.name,
        substitutes=[
            Substitution(
                number=number,
                substitute=each.substitute.name,
                case_type=each.case_type,
                principal=f"group:{each.group}" if each.group else None,
            )
            for number, each in enumerate(stand_ins)
        ],
    )
    db.session.add(absence)
    audit.installation.record("absence:said", by=by, subject=person.name, details=_about(absence))
    until = f"From {first.day} {first:%B} to {last.day} {last:%B %Y}."
    away_one = Actor(person.id, person.name)
    others = [each.substitute.name for each in stand_ins if each.substitute.id != by.id]
    notify(others, "substitute", f"substitute:{absence.id}", by=away_one, text=until)
    return absence


def back(absence: Absence, *, by: Actor) -> None:
    """Let an absence be over, or not be: nobody stands in by it any more. Raises `NotFound` for others' absences."""
    require(by, Action.SAY_AWAY)
    if absence.person != by.name and not may(by, Action.MANAGE_USERS):
        raise NotFound(NotFound.__doc__)
    audit.installation.record("absence:ended", by=by, subject=absence.person, details=_about(absence))
    db.session.delete(absence)


def _span(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """From the beginning of the one day to the end of the other. Raises `BadRequest`."""
    try:
        clock = ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as error:
        raise BadRequest(_("Name a time zone such as Europe/Berlin."), field="zone") from error
    today = utcnow().astimezone(clock).date()
    if last < first:
        raise BadRequest(_("The last day is before the first."), field="last_day")
    if last < today:
        raise BadRequest(_("That is over already."), field="last_day")
    if (last - first).days >= LONGEST:
        raise BadRequest(_("An absence has at most %(LONGEST)s days.", LONGEST=LONGEST), field="last_day")
    if (first - today).days > AHEAD:
        raise BadRequest(_("It begins more than two years from now."), field="first_day")
    begins, ends = (datetime.combine(day, time(), clock).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    return begins, ends


def _check(each: StandIn, person: User) -> None:
    who = each.substitute
    if who.id == person.id:
        raise BadRequest(_("Nobody stands in for themselves."), field="substitutes")
    if not who.active or who.is_machine:
        raise BadRequest(_("%(who)s cannot sign in; name somebody else.", who=who.display_name), field="substitutes")
    if each.case_type is not None:
        known = sa.select(ProcessDefinition.id).where(ProcessDefinition.key == each.case_type).limit(1)
        if db.session.scalar(known) is None:
            raise BadRequest(
                _("There is no case type “%(case_type)s”.", case_type=each.case_type[:100]), field="substitutes"
            )
    if each.group is not None and db.session.get(Group, each.group) is None:
        raise BadRequest(_("There is no group “%(group)s”.", group=each.group[:100]), field="substitutes")


def _about(absence: Absence) -> dict[str, str]:
    names = ", ".join(sorted({each.substitute for each in absence.substitutes}))
    return {"from": absence.first_day.isoformat(), "to": absence.last_day.isoformat(), "substitutes": names}
