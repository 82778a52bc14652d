"""WHOSE IS WHAT: the open work that somebody may give to others, by who has it and by whom it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import Moment, db, utcnow
from service.models import SYSTEM, Actor, Case, CaseRole, DefinitionAccess, HumanTask, Membership, TaskCandidate, User
from service.policy.asking import Asker
from service.policy.permissions import gives_work

LISTED = 500  #: people on the page, those with most work first
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Load:
    """What somebody has of the work that is looked at."""

    name: str
    display_name: str
    tasks: int
    late: int
    due_first: datetime | None
    capacity: int | None  #: how many tasks at most they are to have; None: not said
    active: bool = True

    @property
    def is_over(self) -> bool:
        return self.capacity is not None and self.tasks > self.capacity


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody of a group, or for one person."""

    principal: str
    tasks: int
    late: int


def assignable(actor: Asker) -> Condition:
    """`RULES[ASSIGN]` as SQL: which rows of `human_task` the actor may give to others. A test compares."""
    if actor is SYSTEM:
        return sa.true()
    steered = sa.select(CaseRole.case_id).where(
        CaseRole.principal.in_(sorted(actor.principals)), CaseRole.access == "steer"
    )
    cases = sa.select(Case.id).where(Case.restricted.is_(False))
    if not actor.is_admin:
        cases = cases.where(Case.definition_id.in_(_managed(actor)))
    return sa.or_(HumanTask.case_id.in_(steered), HumanTask.case_id.in_(cases))


def _managed(actor: Asker) -> sa.Select[UUID]:
    return sa.select(DefinitionAccess.definition_id).where(
        DefinitionAccess.principal.in_(sorted(actor.principals)), DefinitionAccess.role == "manager"
    )


def by_person(actor: Actor) -> Sequence[Load]:
    """Who has how much of what `actor` may give to others, most first; then who of the teams that wait has nothing."""
    number, late = sa.func.count(), _late()
    had = (
        sa.select(HumanTask.assignee, number.label("tasks"), late.label("late"), _due().label("due"))
        .where(HumanTask.closed_at.is_(None), HumanTask.assignee.is_not(None), assignable(actor))
        .group_by(HumanTask.assignee)
        .order_by(number.desc(), HumanTask.assignee)
        .limit(LISTED)
    )
    rows = db.session.execute(had).all()
    people = {
        user.name: user for user in db.session.scalars(sa.select(User).where(User.name.in_([r[0] for r in rows])))
    }
    found = [_load(people.get(name), name, tasks, late, due) for name, tasks, late, due in rows]
    return [*found, *(_load(user, user.name, 0, 0, None) for user in _free(actor, set(people)))][:LISTED]


def _load(user: User | None, name: str, tasks: int, late: int, due: datetime | None) -> Load:
    if user is None:
        return Load(name, name, tasks, late, due, None, active=False)
    return Load(name, user.display_name, tasks, late, due, user.capacity, user.active)


def _free(actor: Actor, busy: set[str]) -> Sequence[User]:
    """Members of the groups for which something waits, or waited, who have none of it."""
    principals = [each.principal for each in waiting(actor)]
    groups = [each.removeprefix("group:") for each in principals if each.startswith("group:")]
    members = sa.select(Membership.user_id).where(Membership.group_name.in_(groups))
    free = sa.select(User).where(User.id.in_(members), User.active, ~User.is_machine, User.name.not_in(busy))
    return db.session.scalars(free.order_by(User.display_name).limit(LISTED)).all()


def waiting(actor: Actor) -> Sequence[Waiting]:
    """What nobody has yet of what `actor` may give to others, by whom it is offered to; most first."""
    number = sa.func.count()
    offered = (
        sa.select(TaskCandidate.principal, number, _late())
        .join(HumanTask, HumanTask.id == TaskCandidate.task_id)
        .where(HumanTask.closed_at.is_(None), HumanTask.assignee.is_(None), assignable(actor))
        .group_by(TaskCandidate.principal)
        .order_by(number.desc(), TaskCandidate.principal)
        .limit(LISTED)
    )
    return [Waiting(*row) for row in db.session.execute(offered)]


def _late() -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((HumanTask.due_at < utcnow(), 1), else_=0)), 0)


def _due() -> Any:
    return sa.func.min(HumanTask.due_at, type_=Moment())


def of_person(
    actor: Actor, name: str, *, most: int, case_type: str | None = None, offered_to: str | None = None
) -> Sequence[HumanTask]:
    """The open tasks that somebody has and `actor` may give to others, the oldest first: at most `most` of them.

    `case_type`: only of such cases; `offered_to`: only what is also offered to this principal, or to a role of that id.
    """
    chosen = sa.select(HumanTask).where(HumanTask.closed_at.is_(None), HumanTask.assignee == name, assignable(actor))
    if case_type:
        chosen = chosen.where(HumanTask.case.has(Case.case_type == case_type))
    if offered_to:
        candidates = sa.select(TaskCandidate.task_id).where(TaskCandidate.principal == offered_to)
        chosen = chosen.where(HumanTask.id.in_(candidates))
    shown = joinedload(HumanTask.case, innerjoin=True).load_only(
        Case.number, Case.title, Case.case_type, Case.state, Case.definition_id, Case.restricted
    )
    return db.session.scalars(chosen.order_by(HumanTask.id).limit(most).options(shown)).all()


def kinds(actor: Actor, name: str) -> tuple[Sequence[str], Sequence[str]]:
    """The case types of what somebody has and `actor` may give to others, and the groups that it is offered to."""
    mine = HumanTask.closed_at.is_(None), HumanTask.assignee == name, assignable(actor)
    types = sa.select(Case.case_type).join(HumanTask, HumanTask.case_id == Case.id).where(*mine).distinct()
    groups = sa.select(TaskCandidate.principal).join(HumanTask, HumanTask.id == TaskCandidate.task_id).where(*mine)
    groups = groups.where(TaskCandidate.principal.startswith("group:")).distinct()
    return sorted(db.session.scalars(types)), sorted(db.session.scalars(groups))


def oversees(actor: Actor) -> bool:
    """Whether the menu leads `actor` to the work of others; as it was within the last minute."""
    return actor.is_admin or _oversaw(actor.principals, utcnow().replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _oversaw(principals: frozenset[str], _minute: object) -> bool:
    groups = frozenset(each[6:] for each in principals if each.startswith("group:"))
    name = next(each[5:] for each in principals if each.startswith("user:"))
    return gives_work(Actor(None, name, groups=groups), None)
