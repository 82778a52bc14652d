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
    member = sa.exists().where(
        Membership.user_id == _Steering.id, CaseRole.principal == sa.literal("group:") + Membership.group_name
    )
    by_role = (
        sa.select(CaseRole.case_id)
        .join(_Steering, sa.or_(CaseRole.principal == sa.literal("user:") + _Steering.name, member))
        .where(CaseRole.access == "steer", there)
    )
    owns = sa.exists().where(_Steering.id == Case.owner_id, there)
    return sa.or_(owns, Case.id.in_(by_role))


def is_reached(case: Case) -> bool:
    """Whether somebody active owns or steers `case`."""
    db.session.flush()
    return db.session.scalar(sa.select(Case.id).where(Case.id == case.id, reached())) is not None


def lost() -> Sequence[Case]:
    """The restricted cases, plan fragments aside, that nobody active owns or steers; the oldest first."""
    chosen = sa.select(Case).where(Case.restricted, Case.fragment.is_(False), ~reached())
    return db.session.scalars(chosen.order_by(Case.id)).all()


def reached_by_nobody_but(user: User) -> int:
    """How many open restricted cases only this user still reaches."""
    chosen = sa.select(sa.func.count()).where(
        Case.restricted, Case.fragment.is_(False), Case.closed_at.is_(None), reached(), ~reached(without=user.id)
    )
    return db.session.scalar(chosen) or 0
