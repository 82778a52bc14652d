"""WHICH CASES AND TASKS SOMEBODY MAY SEE, as conditions in SQL. Tests hold them against the rules in policy/.

`readable` asks one case after the other: it is right wherever few rows come into question, and for a list in the order
of an index, which ends when its page is full. Who may read few of many cases would make such a list look through all
of them: `listed` says the same for lists, and for these people as a set put together from indexes.
"""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from service.db import db, utcnow
from service.models import (
    SYSTEM,
    Actor,
    Case,
    CaseRole,
    DefinitionAccess,
    HumanTask,
    ProcessDefinition,
    TaskCandidate,
)
from service.policy.asking import Asker
from service.policy.standing_in import did_for_another, stood_in

FEW = 5000  #: cases; so many are sooner put together than looked for
Condition = sa.ColumnElement[bool]
#: The table under other names, made once: each copies all its columns.
_RESTRICTED, _OPEN_TO_ALL, _OWN, _OPENED = (aliased(Case) for _ in range(4))


def readable(actor: Asker) -> Condition:
    """`RULES[READ_CASE]` as SQL: which rows of `case` the actor may read."""
    if actor is SYSTEM:
        return sa.true()
    own = _confided(actor)
    if actor.is_admin:
        return sa.or_(Case.restricted.is_(False), *own)
    allowed = Case.created_by == actor.name, _by_definition(actor, "manager", "reader"), _works_on(actor)
    return sa.or_(sa.and_(Case.restricted.is_(False), sa.or_(*allowed)), *own)


def in_team(actor: Asker) -> Condition:
    """`RULES[WRITE_NOTE]` as SQL, whatever the scopes: in which rows of `case` the actor is one of the team."""
    if actor is SYSTEM:
        return sa.true()
    own = _confided(actor, "work", "steer")
    if actor.is_admin:
        return sa.or_(Case.restricted.is_(False), *own)
    allowed = _by_definition(actor, "manager"), _works_on(actor)
    return sa.or_(sa.and_(Case.restricted.is_(False), sa.or_(*allowed)), *own)


def of_a_case(case_id: Any, condition: Condition) -> Condition:
    """Whether `condition` holds for the case of a row, such as a note."""
    return _there(sa.select(Case.id).where(Case.id == case_id, condition))


def closed_to(actor: Asker, case_id: Any) -> Condition:
    """Whether the case of a row is restricted, and the actor neither owns it nor has a role in it."""
    case = _RESTRICTED
    mine = sa.select(CaseRole.case_id).where(CaseRole.case_id == case.id, _named(CaseRole.principal, actor.principals))
    not_mine = sa.not_(_there(mine)), case.owner_id.is_distinct_from(actor.id)
    return _there(sa.select(case.id).where(case.id == case_id, case.restricted, *not_mine))


def hidden(actor: Actor) -> sa.Select[uuid.UUID]:
    """The ids of the restricted cases that are closed to `actor`, for where many rows are asked about."""
    mine = sa.exists().where(CaseRole.case_id == Case.id, _named(CaseRole.principal, actor.principals))
    return sa.select(Case.id).where(Case.restricted, ~mine, Case.owner_id.is_distinct_from(actor.id))


def listed(actor: Actor) -> Condition:
    """`readable`, for a list."""
    return _among(Case.id, _set_of(actor)) if reads_few(actor) else readable(actor)


def listed_tasks(actor: Actor) -> Condition:
    """`RULES[READ_TASK]` as SQL, for a list: own tasks, offered and delegated ones, and those of readable cases."""
    if reads_few(actor):  # who may claim a task may read its case
        mine, task = _mine(actor), sa.select(HumanTask.id)
        of_cases = task.where(HumanTask.case_id.in_(_set_of(actor)))
        return _among(HumanTask.id, sa.union(*(task.where(each) for each in mine), of_cases))
    return readable_task(actor)


def listed_of_type(actor: Actor, key: str) -> Condition:
    """`listed` for lists of open cases of the type `key` alone, looked up once for several of them.

    Who reads them all by their definitions is asked no more than whether a case is restricted; for everybody else few
    cases are named one by one, put together from indexes.
    """
    if actor is SYSTEM or actor.is_admin:
        return readable(actor)
    if _reads_type(actor, key):
        return sa.or_(Case.restricted.is_(False), *_confided(actor))
    of_type = sa.select(Case.id).where(Case.case_type == key, Case.closed_at.is_(None))
    ids = db.session.scalars(of_type.where(Case.id.in_(_set_of(actor, key))).limit(FEW + 1)).all()
    if len(ids) > FEW:
        return readable(actor)
    named: Condition = Case.id.in_(ids)
    if db.session.get_bind().dialect.name == "postgresql":  # one parameter, in which it looks up by hashes
        named = Case.id == sa.any_(sa.literal(ids, postgresql.ARRAY(Case.id.type)))
    return named


def or_own(actor: Actor, of_cases: Condition) -> Condition:
    """`RULES[READ_TASK]` for a list of tasks joined to cases of which `of_cases` says whether they may be read: who may
    claim a task may read its case."""
    return sa.or_(*_mine(actor), of_cases)


def _reads_type(actor: Actor, key: str) -> bool:
    """Whether every version of the type lets the actor read all of its cases."""
    read = _definitions(actor, "manager", "reader")
    others = sa.select(ProcessDefinition.id).where(ProcessDefinition.key == key, ProcessDefinition.id.not_in(read))
    return db.session.scalar(others.limit(1)) is None


def readable_task(actor: Asker) -> Condition:
    """`RULES[READ_TASK]` as SQL, asked of one task after the other."""
    mine = _mine(actor)
    if actor is SYSTEM:
        return sa.true()
    if actor.is_admin:
        return sa.or_(*mine, sa.not_(closed_to(actor, HumanTask.case_id)))
    open_to_me = sa.not_(closed_to(actor, HumanTask.case_id))
    return sa.or_(*mine, sa.and_(_is_offered(actor), open_to_me), of_a_case(HumanTask.case_id, readable(actor)))


def _mine(actor: Asker) -> tuple[Condition, ...]:
    mine: tuple[Condition, ...] = (HumanTask.assignee == actor.name, HumanTask.delegated_by == actor.name)
    if actor.stands_in:
        mine = *mine, sa.and_(stood_in(actor), sa.not_(closed_to(actor, HumanTask.case_id)))
    return mine


def reads_few(actor: Actor) -> bool:
    """Whether so few cases were readable to `actor` within the last minute; what is answered does not hang on it."""
    if actor is SYSTEM or actor.is_admin:
        return False
    return _were_few(actor.name, actor.principals, actor.id, utcnow().replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _were_few(name: str, principals: frozenset[str], user_id: uuid.UUID | None, _minute: object) -> bool:
    actor = Actor(user_id, name, groups=frozenset(each[6:] for each in principals if each.startswith("group:")))
    found = (ids.limit(FEW + 1).subquery() for ids in (*_own_ids(actor), *_other_ids(actor)))
    counted = [sa.select(sa.func.count()).select_from(ids).scalar_subquery() for ids in found]
    return sum(db.session.execute(sa.select(*counted)).one()) <= FEW


def _set_of(actor: Actor, key: str | None = None) -> sa.CompoundSelect[Any]:
    """The ids of the cases that `actor` may read; with `key`, those that others opened of that type alone."""
    case, found = _OPEN_TO_ALL, sa.union(*_other_ids(actor, key)).subquery()
    others = sa.select(case.id).join(found, found.c[0] == case.id).where(case.restricted.is_(False))
    if key is not None:
        others = others.where(case.case_type == key, case.closed_at.is_(None))
    return sa.union(*_own_ids(actor), others)


def _own_ids(actor: Actor) -> list[sa.Select[Any]]:
    case, roles = _OWN, sa.select(CaseRole.case_id)
    return [
        sa.select(case.id).where(case.owner_id == actor.id),
        roles.where(_named(CaseRole.principal, actor.principals)),
    ]


def _other_ids(actor: Actor, key: str | None = None) -> list[sa.Select[Any]]:
    """The ids of the cases that `actor` may read unless they are restricted; some of them twice. With `key`, by their
    definitions those of that type alone."""
    case, task = _OPENED, sa.select(HumanTask.case_id.label("id"))
    reads = _definitions(actor, "manager", "reader")
    if key is not None:
        reads = reads.join(ProcessDefinition).where(ProcessDefinition.key == key)
    known = db.session.scalars(reads).all()  # else databases reckon with many
    offered = task.join(TaskCandidate, TaskCandidate.task_id == HumanTask.id)
    return [
        task.where(HumanTask.assignee == actor.name),
        task.where(HumanTask.delegated_by == actor.name),
        offered.where(_named(TaskCandidate.principal, actor.principals)),
        task.where(did_for_another(actor)),
        *([task.where(stood_in(actor))] if actor.stands_in else []),
        sa.select(case.id).where(case.created_by == actor.name),
        *([sa.select(case.id).where(case.definition_id.in_(known))] if known else []),
    ]


def _confided(actor: Asker, *accesses: str) -> list[Condition]:
    """That `actor` owns the row of `case`, or has a role in it (with one of these accesses)."""
    roles = sa.select(CaseRole.case_id).where(CaseRole.case_id == Case.id, _named(CaseRole.principal, actor.principals))
    has_role = _there(roles.where(CaseRole.access.in_(accesses)) if accesses else roles)
    return [has_role] if actor.id is None else [Case.owner_id == actor.id, has_role]  # the cheap one first


def _works_on(actor: Asker) -> Condition:
    """That the actor has, had, or may claim a task of the row of `case`; only open tasks are offered to anybody."""
    task, open_task = aliased(HumanTask), aliased(HumanTask)
    own = sa.select(task.id).where(task.case_id == Case.id)
    offered = (
        sa.select(TaskCandidate.task_id)
        .join(open_task, open_task.id == TaskCandidate.task_id)
        .where(open_task.case_id == Case.id, open_task.closed_at.is_(None))
        .where(_named(TaskCandidate.principal, actor.principals))
    )
    mine = own.where(task.assignee == actor.name), own.where(task.delegated_by == actor.name)
    for_others = (
        own.where(did_for_another(actor, task)),
        *([own.where(stood_in(actor, task))] if actor.stands_in else []),
    )
    return sa.or_(*map(_there, (*mine, offered, *for_others)))


def _is_offered(actor: Asker) -> Condition:
    """That the row of `human_task` has the actor as a candidate."""
    candidate = sa.select(TaskCandidate.task_id).where(TaskCandidate.task_id == HumanTask.id)
    return _there(candidate.where(_named(TaskCandidate.principal, actor.principals)))


def _by_definition(actor: Asker, *roles: str) -> Condition:
    return Case.definition_id.in_(_definitions(actor, *roles))


def _definitions(actor: Asker, *roles: str) -> sa.Select[uuid.UUID]:
    chosen = sa.select(DefinitionAccess.definition_id).where(DefinitionAccess.role.in_(roles))
    return chosen.where(_named(DefinitionAccess.principal, actor.principals))


def _named(column: Any, principals: frozenset[str] | sa.BindParameter[Any]) -> Condition:
    found: Condition = column.in_(sorted(principals) if isinstance(principals, frozenset) else principals)
    return found


def _among(column: Any, ids: sa.CompoundSelect[Any]) -> Condition:
    """That `column`, a key, is one of few ids.

    PostgreSQL may read a whole table in the order of the list to leave out what is not in a set; of an array it looks
    up each.
    """
    found: Condition = column.in_(ids)
    if db.session.get_bind().dialect.name == "postgresql":
        found = column == sa.any_(sa.func.array(ids.scalar_subquery(), type_=postgresql.ARRAY(column.type)))
    return found


def _there(rows: sa.Select[Any]) -> Condition:
    """Whether there is one, asked for a value: for an EXISTS or IN, databases may put together the whole set first."""
    return rows.limit(1).scalar_subquery().is_not(None)
