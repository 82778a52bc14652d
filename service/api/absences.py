"""Absences over REST: who is away, and who does their work meanwhile."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from service.api.representations import all_of, moment_of
from service.api.routes import SIGNED_IN, Answer, Routes
from service.api.schemas import Body, Name, PrincipalName
from service.api.shapes import Id, Moment
from service.db import db
from service.errors import BadRequest
from service.http.auth import current_actor
from service.models import Absence, User
from service.operations import absences as operations
from service.policy.permissions import Action, require
from service.queries import absences
from service.queries import users as user_lists

routes = Routes("absences")
Day = Annotated[date, Field(strict=False)]


class StandInBody(Body):
    """Who stands in: for all tasks, or for those of one case type, or those that one group is offered."""

    substitute: PrincipalName
    case_type: Name | None = None
    group: PrincipalName | None = None


class SayAway(Body):
    """Who is away from the first day to the last, both included."""

    person: PrincipalName | None = Field(None, description="You, unless said; others by who manages users.")
    first_day: Day
    last_day: Day
    zone: Annotated[str, Field(min_length=1, max_length=100, description="Whose days, such as `Europe/Berlin`.")]
    substitutes: Annotated[list[StandInBody], Field(max_length=operations.SUBSTITUTES)] = []


class StandInShape(TypedDict):
    substitute: str
    case_type: str | None
    group: str | None


class AbsenceShape(TypedDict):
    id: Id
    person: str
    first_day: str
    last_day: str
    zone: str
    begins_at: Moment
    ends_at: Moment
    substitutes: list[StandInShape]
    also_away: list[str]


@routes.get("/absences", SIGNED_IN, gives=list[AbsenceShape])
def list_absences() -> Answer:
    """Who is or will be away: you, people of your groups, and those for whom you stand in; all for administrators.

    `also_away`: substitutes who are away themselves meanwhile; nobody stands in for them in what they stand in for.
    """
    return Answer(all_of(absences.listed(current_actor()), _shape))


@routes.post("/absences", Action.SAY_AWAY, body=SayAway, gives=AbsenceShape, status=201)
def say_away(body: SayAway) -> Answer:
    """Say that you are away, and who does your tasks meanwhile; whoever manages users says it of others too."""
    actor = current_actor()
    if body.person is not None and body.person != actor.name:
        require(actor, Action.MANAGE_USERS)  # before it is said who there is
    person = user_lists.user(body.person or actor.name)
    stand_ins = [operations.StandIn(_known(s.substitute), s.case_type, s.group) for s in body.substitutes]
    absence = operations.away(person, body.first_day, body.last_day, zone=body.zone, stand_ins=stand_ins, by=actor)
    db.session.flush()
    return Answer(_shape(absence))


@routes.delete("/absences/{absence_id}", Action.SAY_AWAY)
def end_absence(absence_id: UUID) -> Answer:
    """Let it be over now, or not be."""
    actor = current_actor()
    operations.back(absences.get(absence_id, by=actor), by=actor)
    return Answer()


def _known(name: str) -> User:
    found = db.session.query(User).filter_by(name=name).one_or_none()
    if found is None:
        raise BadRequest(f"There is nobody called “{name}”.", field="substitutes")
    return found


def _shape(absence: Absence) -> AbsenceShape:
    return {
        "id": str(absence.id),
        "person": absence.person,
        "first_day": absence.first_day.isoformat(),
        "last_day": absence.last_day.isoformat(),
        "zone": absence.zone,
        "begins_at": moment_of(absence.begins_at),
        "ends_at": moment_of(absence.ends_at),
        "substitutes": [
            {
                "substitute": each.substitute,
                "case_type": each.case_type,
                "group": (each.principal or "").removeprefix("group:") or None,
            }
            for each in absence.substitutes
        ],
        "also_away": list(absences.also_away(absence)),
    }
