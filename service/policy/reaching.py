"""WHO STILL REACHES A RESTRICTED CASE: somebody active has to own or steer it, else nobody could ever open it again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from service.db import db
from service.models import Case, CaseRole, Membership, User

_Steering = aliased(User)


def reached(*, without: uuid.UUID | None = None) -> sa.ColumnElement[bool]:
    """The rows of `case` that somebody active owns or steers by a role, `without` one user."""
    there = sa.and_(_Steering.active, _Steering.id != without) if without else _Steering.active
    people = sa.select(sa.literal("user:") + _Steering.name).where(there)
    members = sa.select(sa.literal("group:") + Membership.group_name).join(_Steering).where(there)
    steers = sa.exists().where(
        CaseRole.case_id == Case.id,
        CaseRole.access == "steer",
        sa.or_(CaseRole.principal.in_(people), CaseRole.principal.in_(members)),
    )
    owns = sa.exists().where(_Steering.id == Case.owner_id, there)
    return sa.or_(owns, steers)


def is_reached(case: Case) -> bool:
    """Whether somebody active owns or steers `case`."""
    db.session.flush()
    return db.session.scalar(sa.select(Case.id).where(Case.id == case.id, reached())) is not None


def lost() -> Sequence[Case]:
    """The restricted cases, plan fragments aside, that nobody active owns or steers; the oldest first."""
    chosen = sa.select(Case).where(Case.restricted, Case.fragment.is_(False), ~reached())
    return db.session.scalars(chosen.order_by(Case.id)).all()


def how_many_lost(most: int) -> int:
    """How many cases are `lost`; counting stops at `most`."""
    chosen = sa.select(Case.id).where(Case.restricted, Case.fragment.is_(False), ~reached()).limit(most)
    return db.session.execute(sa.select(sa.func.count()).select_from(chosen.subquery())).scalar_one()


def reached_by_nobody_but(user: User) -> int:
    """How many open restricted cases only this user still reaches."""
    chosen = sa.select(sa.func.count()).where(
        Case.restricted, Case.fragment.is_(False), Case.closed_at.is_(None), reached(), ~reached(without=user.id)
    )
    return db.session.scalar(chosen) or 0
