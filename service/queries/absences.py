"""Who is away when, as far as `actor` is to know: themselves, those of their groups, and for whom they stand in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from service.db import db, utcnow
from service.errors import NotFound
from service.models import Absence, Actor, Membership, Substitution, User
from service.policy.permissions import Action, may

LISTED = 200


def listed(actor: Actor) -> Sequence[Absence]:
    """The absences that are not over, the first to begin first."""
    chosen = sa.select(Absence).where(Absence.ends_at > utcnow(), _known_to(actor))
    return db.session.scalars(chosen.order_by(Absence.begins_at, Absence.id).limit(LISTED)).all()


def get(absence_id: uuid.UUID, *, by: Actor) -> Absence:
    """One of them. Raises `NotFound` also where `by` is not to know."""
    found = db.session.scalar(sa.select(Absence).where(Absence.id == absence_id, _known_to(by)))
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found


def now_of(names: Iterable[str]) -> Mapping[str, Absence]:
    """Of these people, those who are away now."""
    now = utcnow()
    chosen = sa.select(Absence).where(Absence.person.in_({*names}), Absence.begins_at <= now, Absence.ends_at > now)
    return {absence.person: absence for absence in db.session.scalars(chosen.order_by(Absence.ends_at))}


def also_away(absence: Absence) -> Sequence[str]:
    """The substitutes who are away themselves meanwhile: nobody stands in for them in what is not theirs."""
    names = {each.substitute for each in absence.substitutes}
    meanwhile = Absence.begins_at < absence.ends_at, Absence.ends_at > absence.begins_at
    return db.session.scalars(
        sa.select(Absence.person).where(Absence.person.in_(names), *meanwhile).distinct().order_by(Absence.person)
    ).all()


def _known_to(actor: Actor) -> sa.ColumnElement[bool]:
    if may(actor, Action.MANAGE_USERS):
        return sa.true()
    colleagues = (
        sa.select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.group_name.in_(sorted(actor.groups)))
    )
    stood_in = sa.select(Substitution.absence_id).where(Substitution.substitute == actor.name)
    return sa.or_(Absence.person == actor.name, Absence.person.in_(colleagues), Absence.id.in_(stood_in))
