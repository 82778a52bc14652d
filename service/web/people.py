"""Whom a task or a case may be given to: what the people picker offers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ..db import db
from ..models import HumanTask, Membership, User
from ..permissions import earlier_doers

OFFERED = 500  #: people in one picker


@dataclass(frozen=True)
class Choice:
    """Somebody in the picker."""

    name: str
    display_name: str


@dataclass(frozen=True)
class Picker:
    """Those whom the diagram names for the work, and all others who can sign in."""

    fitting: tuple[Choice, ...]
    others: tuple[Choice, ...]


def for_task(task: HumanTask, *, without: str) -> Picker:
    """Whom `task` may be given to, except the person named `without` and those whom four eyes exclude."""
    principals = [candidate.principal for candidate in task.candidates]
    return _picker(principals, {without} | earlier_doers(task))


def for_case(principals: Iterable[str]) -> Picker:
    """Who may become a case's owner; `principals` are those who manage its case type."""
    return _picker(list(principals), frozenset())


def named(name: str) -> User | None:
    """The active user of that name."""
    return db.session.execute(sa.select(User).where(User.name == name, User.active)).scalar_one_or_none()


def _picker(principals: list[str], without: Collection[str]) -> Picker:
    groups = [name.removeprefix("group:") for name in principals if name.startswith("group:")]
    users = {name.removeprefix("user:") for name in principals if name.startswith("user:")}
    member = sa.exists().where(Membership.user_id == User.id, Membership.group_name.in_(groups))
    rows = db.session.execute(
        sa.select(User.name, User.display_name, member).where(User.active).order_by(User.display_name).limit(OFFERED)
    ).all()
    fitting = tuple(Choice(n, d) for n, d, fits in rows if (fits or n in users) and n not in without)
    others = tuple(Choice(n, d) for n, d, fits in rows if not (fits or n in users) and n not in without)
    return Picker(fitting, others)
