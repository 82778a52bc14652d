"""Who is away: the team's calendar, and what one says of oneself."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db, utcnow
from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, formats, gettext
from service.models import Absence, Actor, User
from service.operations import absences as operations
from service.policy.permissions import Action, may, require
from service.queries import absences, definitions
from service.web import people
from service.web.rendering import go, names_of, page, zone

blueprint = Blueprint("absences", __name__)
ROWS = 2  #: substitutes that the form has room for; over REST there may be more


@blueprint.get("/away")
@signed_in
def index() -> ResponseReturnValue:
    """Who is or will be away, and a form for oneself."""
    actor = current_actor()
    found = absences.listed(actor)
    groups, _forms = people.groups_and_forms()
    named = {name for each in found for name in (each.person, *(s.substitute for s in each.substitutes))}
    return page(
        "absences/index.html",
        absences=found,
        names=names_of(named),
        now=utcnow(),
        ends={each.id for each in found if each.person == actor.name or may(actor, Action.MANAGE_USERS)},
        also_away={each.id: absences.also_away(each) for each in found},
        people=people.for_case([]),
        types=[(kind.key, kind.name) for kind in definitions.case_types()],
        groups=[(name, groups[name]) for name in sorted(actor.groups) if name in groups],
        kinds={kind.key: kind.name for kind in definitions.case_types()},
        titles=groups,
        today=utcnow().astimezone(zone()).date().isoformat(),
        manages=may(actor, Action.MANAGE_USERS),
        rows=range(ROWS),
    )


@blueprint.post("/away")
@permission(Action.SAY_AWAY)
def say() -> ResponseReturnValue:
    """Say that I am away, or, by who manages users, that somebody is."""
    actor = current_actor()
    person = _person(actor)
    absence = operations.away(
        person, _day("first_day"), _day("last_day"), zone=_zone(), stand_ins=_stand_ins(), by=actor
    )
    db.session.commit()
    return go(url_for(".index"), _said(absence))


@blueprint.post("/away/<uuid:absence_id>/end")
@permission(Action.SAY_AWAY)
def end(absence_id: UUID) -> ResponseReturnValue:
    """Let it be over."""
    actor = current_actor()
    operations.back(absences.get(absence_id, by=actor), by=actor)
    db.session.commit()
    return go(url_for(".index"), _("The absence is over; nobody stands in by it any more."))


def warning(user: User) -> str:
    """What somebody who gives `user` a task had better know, as sentences; empty when they are here."""
    absence = absences.now_of([user.name]).get(user.name)
    if absence is None:
        return ""
    names = names_of(each.substitute for each in absence.substitutes)
    who = ", ".join(dict.fromkeys(names.get(each.substitute, each.substitute) for each in absence.substitutes))
    until = formats.day(absence.last_day, with_year=False)
    return _(" %(user)s is away until %(until)s; ", user=user.display_name, until=until) + (
        _("%(who)s can do it meanwhile.", who=who) if who else _("nobody stands in.")
    )


def _said(absence: Absence) -> str:
    also = absences.also_away(absence)
    names = names_of(also)
    more = _(
        " %(value)s will be away too, and nobody stands in for a substitute.",
        value=", ".join(names.get(each, each) for each in also),
    )
    return _("Your absence is written down.") + (more if also else "")


def _person(actor: Actor) -> User:
    name = request.form.get("person") or actor.name
    if name != actor.name:
        require(actor, Action.MANAGE_USERS)  # before it is said who there is
    found = people.named(name)
    if found is None:
        raise BadRequest(_("Pick one of the people in the list."), field="person")
    return found


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise BadRequest(_("Give a day, such as 2026-12-24."), field=name) from error


def _zone() -> str:
    return str(getattr(zone(), "key", "UTC"))


def _stand_ins() -> list[operations.StandIn]:
    found = []
    for row in range(ROWS):
        name = request.form.get(f"substitute-{row}", "")
        if not name:
            continue
        user = people.named(name)
        if user is None:
            raise BadRequest(gettext("Pick one of the people in the list."), field=f"substitute-{row}")
        kind, _, key = request.form.get(f"for-{row}", "").partition(" ")
        scope = {"type": {"case_type": key}, "group": {"group": key}}.get(kind, {})
        found.append(operations.StandIn(user, **scope))
    return found
