"""“Who can see this case?” and “why may Ann see it?”, answered from the permission table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from service.db import db, utcnow
from service.execution.definitions import deployed
from service.languages import later
from service.models import Actor, Case, CaseRole, HumanTask, Membership, Substitution, TaskCandidate, User
from service.policy.permissions import Action, access_of, require, rules
from service.policy.standing_in import covers, current
from service.queries.actions import know_roles

#: Rules of READ_CASE as sentences about “they”.
SENTENCES: Mapping[str, str] = {
    "is_admin": later("administers this service"),
    "owns": later("owns the case"),
    "opened": later("opened the case"),
    "manages": later("manages all cases of this type"),
    "may_read_all": later("may read all cases of this type"),
    "has_role": later("has a role in the case"),
    "works_on": later("has, had or may claim a task of the case, or stands in for who has one"),
}


@dataclass(frozen=True)
class Seer:
    """Somebody who may see a case, and by which rule."""

    name: str
    display_name: str
    rule: str
    because: str


@dataclass(frozen=True)
class Holders:
    """A role of a case, and who has it: `user:NAME` or `group:NAME`."""

    id: str
    name: str
    access: str
    holders: tuple[str, ...]


def roles(case: Case, *, actor: Actor) -> Sequence[Holders]:
    """The roles of a case that `actor` may read, as its diagram orders them."""
    require(actor, Action.READ_CASE, case)
    know_roles(case)
    rows = sorted(case.role_holders, key=lambda row: row.principal)
    info = deployed(case.definition_id).definition.info
    return [
        Holders(role.id, role.name, role.access, tuple(row.principal for row in rows if row.role == role.id))
        for role in info.roles
    ]


def who(case: Case, *, actor: Actor) -> Sequence[Seer]:
    """Everybody who may see a case that `actor` may read, by name, with the first rule of the table that lets them."""
    require(actor, Action.READ_CASE, case)
    granted = _granted(case)
    table = [rule.__name__ for rule in rules(actor, Action.READ_CASE, case)]
    principals = frozenset().union(*(granted.get(rule, frozenset()) for rule in table))
    found = []
    for user in _users(principals, admins="is_admin" in table):
        theirs = {f"user:{user.name}", *(f"group:{membership.group_name}" for membership in user.memberships)}
        for rule in table:
            if (rule == "is_admin" and user.is_admin) or not granted.get(rule, frozenset()).isdisjoint(theirs):
                found.append(Seer(user.name, user.display_name, rule, SENTENCES[rule]))
                break
    return found


def why(case: Case, name: str, *, actor: Actor) -> Seer | None:
    """By which rule the user `name` may see a case that `actor` may read; None when they may not."""
    return next((seer for seer in who(case, actor=actor) if seer.name == name), None)


def _granted(case: Case) -> dict[str, frozenset[str]]:
    """Rule -> the principals for whom it holds."""
    access = access_of(case.definition_id)
    held = db.session.execute(
        sa.select(HumanTask.assignee, HumanTask.delegated_by).where(HumanTask.case_id == case.id)
    ).all()
    offered = db.session.scalars(
        sa.select(TaskCandidate.principal).join(HumanTask).where(HumanTask.case_id == case.id)
    ).all()
    stand_ins = db.session.scalars(
        sa.select(Substitution.substitute).where(
            *current(utcnow()), *covers(HumanTask), HumanTask.case_id == case.id, HumanTask.closed_at.is_(None)
        )
    ).all()
    did = db.session.scalars(
        sa.select(HumanTask.closed_by).where(HumanTask.case_id == case.id, HumanTask.closed_for.is_not(None))
    ).all()
    in_roles = db.session.scalars(sa.select(CaseRole.principal).where(CaseRole.case_id == case.id)).all()
    return {
        "owns": frozenset({f"user:{case.owner.name}"} if case.owner else ()),
        "opened": frozenset({f"user:{case.created_by}"}),
        "manages": access.managers,
        "may_read_all": access.readers,
        "has_role": frozenset(in_roles),
        "works_on": frozenset({f"user:{name}" for row in held for name in row if name} | set(offered))
        | frozenset(f"user:{name}" for name in (*stand_ins, *did)),
    }


def _users(principals: frozenset[str], *, admins: bool) -> Sequence[User]:
    """The active users who are meant by these principals, by name."""
    names = [each[5:] for each in principals if each.startswith("user:")]
    groups = [each[6:] for each in principals if each.startswith("group:")]
    meant = sa.or_(
        User.name.in_(names),
        User.memberships.any(Membership.group_name.in_(groups)),
        sa.and_(sa.literal(admins), User.is_admin),
    )
    query = sa.select(User).where(User.active, meant).options(selectinload(User.memberships)).order_by(User.name)
    return db.session.scalars(query).all()
