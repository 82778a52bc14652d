"""One condition of a filter as SQL: over rows of `human_task`, or over rows of `case`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.execution.facts import LONGEST
from service.execution.search import folded
from service.filters import All, AnyOf, Bounds, Empty, Is, Leaf, Node, Not
from service.models import (
    Actor,
    Case,
    CaseLink,
    CaseRole,
    CaseState,
    CaseVariable,
    HumanTask,
    LinkKind,
    ServiceClock,
    TaskCandidate,
    User,
)
from service.queries import search
from service.queries.filtering.levels import level_is
from service.queries.visibility import closed_to, of_a_case

Condition = sa.ColumnElement[bool]
LAST = "\U0010ffff"  #: comes after every sign, for all that begins so


@dataclass(frozen=True)
class About:
    """Who asks, when, and whether of tasks."""

    actor: Actor
    now: datetime
    of_tasks: bool


#: What is asked of a task itself; all else is asked of its case.
OF_TASKS = {
    "assignee",
    "candidate",
    "group",
    "due",
    "follow-up",
    "created",
    "priority",
    "state",
    "task",
    "stage",
    "level",
    "",
}
#: What a task of a closed case shows of it nevertheless.
_SHOWN = {"type", "case", "title", "opened-by"}


def of_tasks(node: Node, about: About) -> Condition:
    """`node` over rows of `human_task`; never NULL where it is negated."""
    if _asks_cases_only(node):
        return of_a_case(HumanTask.case_id, _of_case(node, about))
    match node:
        case Leaf():
            return _of_task(node, about)
        case Not():
            return _not(of_tasks(node.part, about))
        case AnyOf():
            return sa.or_(*(of_tasks(part, about) for part in node.parts))
    of_case = tuple(part for part in node.parts if _asks_cases_only(part))
    own = [of_tasks(part, about) for part in node.parts if not _asks_cases_only(part)]
    return sa.and_(*own, *([of_tasks(All(of_case), about)] if of_case else []))


def of_cases(node: Node, about: About) -> Condition:
    """`node` over rows of `case`; never NULL where it is negated."""
    return _of_case(node, about)


def _asks_cases_only(node: Node) -> bool:
    match node:
        case Leaf():
            return node.field is not None and (node.field.fact or node.field.name not in OF_TASKS)
        case Not():
            return _asks_cases_only(node.part)
    return all(map(_asks_cases_only, node.parts))


def _of_case(node: Node, about: About) -> Condition:
    match node:
        case Leaf():
            return guarded(node, _leaf_of_case(node, about), about)
        case Not():
            return _not(_of_case(node.part, about))
        case AnyOf():
            return sa.or_(*(_of_case(part, about) for part in node.parts))
    return sa.and_(*(_of_case(part, about) for part in node.parts))


def guarded(leaf: Leaf, condition: Condition, about: About) -> Condition:
    """`condition`, where the case may be asked it: of a case that is closed to them, people see their own task only."""
    name = leaf.field.name if leaf.field else ""
    if not about.of_tasks or (name in _SHOWN and not (leaf.field and leaf.field.fact)):
        return condition
    open_to_me = sa.or_(Case.restricted.is_(False), sa.not_(closed_to(about.actor, Case.id)))
    return sa.and_(condition, open_to_me)


def _not(condition: Condition) -> Condition:
    return sa.not_(sa.func.coalesce(condition, sa.false()))


def _any(leaf: Leaf, test_of: Callable[[Any], Condition]) -> Condition:
    """That one of the leaf's tests holds, or for `any` that none does."""
    found = sa.or_(*map(test_of, leaf.tests))
    return found if leaf.wanted else _not(found)


# --- of a task


def _of_task(leaf: Leaf, about: About) -> Condition:
    if leaf.field is None:
        return sa.or_(*(search.tasks(test.value) for test in leaf.tests if isinstance(test, Is)))
    match leaf.field.name:
        case "assignee":
            return _any(leaf, lambda test: _is_user(HumanTask.assignee, test, about))
        case "candidate" | "group":
            return _any(leaf, lambda test: _is_offered(test, about, group=leaf.field.name == "group"))  # type: ignore[union-attr]
        case "due" | "follow-up" | "created" | "priority":
            return _any(leaf, lambda test: within(_TASK_COLUMNS[leaf.field.name], test))  # type: ignore[union-attr]
        case "state":
            return _any(leaf, lambda test: _task_state(test.value, about))
        case "task":
            return _any(leaf, lambda test: search.in_task_name(test.value))
        case "level":
            return _level(leaf, about)
    own, its_cases = HumanTask.stage, of_a_case(HumanTask.case_id, guarded(leaf, _is_one(Case.stage, leaf), about))
    return sa.or_(sa.and_(own.is_not(None), _is_one(own, leaf)), sa.and_(own.is_(None), its_cases))


_TASK_COLUMNS: Mapping[str, Any] = {
    "due": HumanTask.due_at,
    "follow-up": HumanTask.follow_up_at,
    "created": HumanTask.created_at,
    "priority": HumanTask.priority,
}


def _is_user(column: Any, test: Is | Empty, about: About) -> Condition:
    if isinstance(test, Empty):
        return sa.type_coerce(column.is_(None), sa.Boolean)
    return sa.type_coerce(column == (about.actor.name if test.value == "me" else test.value), sa.Boolean)


def principals_of(test: Is, about: About, *, group: bool = False) -> list[str]:
    """Whom a name of a person or group means."""
    if group:
        return [f"group:{test.value}"]
    return sorted(about.actor.principals) if test.value == "me" else [f"user:{test.value}", f"group:{test.value}"]


def _is_offered(test: Is | Empty, about: About, *, group: bool) -> Condition:
    rows = sa.select(TaskCandidate.task_id).where(TaskCandidate.task_id == HumanTask.id)
    if isinstance(test, Empty):
        return _is_not_there(rows)
    return _is_there(rows.where(TaskCandidate.principal.in_(principals_of(test, about, group=group))))


def _task_state(word: str, about: About) -> Condition:
    now = about.now
    match word:
        case "free":
            return HumanTask.assignee.is_(None)
        case "taken":
            return HumanTask.assignee.is_not(None)
        case "overdue":
            return HumanTask.due_at < now
        case "later":
            not_late = sa.or_(HumanTask.due_at.is_(None), HumanTask.due_at >= now)
            return sa.and_(HumanTask.follow_up_at > now, not_late)
        case "delegated":
            return HumanTask.delegated_by.is_not(None)
    state = CaseState.SUSPENDED if word == "held" else CaseState.FAILED
    return of_a_case(HumanTask.case_id, Case.state == state)


# --- of a case


def _leaf_of_case(leaf: Leaf, about: About) -> Condition:
    if leaf.field is None:
        return sa.or_(*(search.cases(test.value) for test in leaf.tests if isinstance(test, Is)))
    if leaf.field.fact:
        return _any(leaf, lambda test: _fact(leaf.field.name, test))  # type: ignore[union-attr]
    if leaf.field.name in _CASE_COLUMNS:
        return _any(leaf, lambda test: within(_CASE_COLUMNS[leaf.field.name], test))  # type: ignore[union-attr]
    return _CASE_LEAVES[leaf.field.name](leaf, about)


_CASE_COLUMNS: Mapping[str, Any] = {
    "due": Case.due_at,
    "created": Case.created_at,
    "closed": Case.closed_at,
    "priority": Case.priority,
}


def within(column: Any, test: Bounds | Empty) -> Condition:
    """That the column's value lies within the bounds."""
    if isinstance(test, Empty):
        return sa.type_coerce(column.is_(None), sa.Boolean)
    conditions = []
    if test.low is not None:
        conditions.append(column > test.low if test.low_open else column >= test.low)
    if test.high is not None:
        conditions.append(column < test.high if test.high_open else column <= test.high)
    return sa.and_(*conditions) if conditions else column.is_not(None)


def _is_one(column: Any, leaf: Leaf) -> Condition:
    values = [test.value for test in leaf.tests if isinstance(test, Is)]
    found = [column.in_(values)] if values else []
    if any(isinstance(test, Empty) for test in leaf.tests):
        found.append(column.is_(None))
    either = sa.or_(*found)
    return either if leaf.wanted else _not(either)


def _number(leaf: Leaf, _about: About) -> Condition:
    return _any(leaf, lambda test: numbered(test))


def numbered(test: Is) -> Condition:
    """That the case has this number, or one that begins so, in small letters or capitals."""
    spelled = {test.value, test.value.upper()}
    if not test.begins:
        return Case.number.in_(spelled)
    begins = sa.or_(*(Case.number.startswith(each, autoescape=True) for each in spelled))
    return sa.and_(search.cases(test.value), begins) if len(test.value) >= search.GRAM else begins


def _title(leaf: Leaf, _about: About) -> Condition:
    return _any(leaf, lambda test: sa.and_(search.cases(test.value), Case.title.icontains(test.value, autoescape=True)))


def _owner(leaf: Leaf, about: About) -> Condition:
    return _any(leaf, lambda test: _owned(test, about))


def _owned(test: Is | Empty, about: About) -> Condition:
    if isinstance(test, Empty):
        return Case.owner_id.is_(None)
    if test.value == "me":
        return Case.owner_id == about.actor.id
    return Case.owner_id.in_(sa.select(User.id).where(User.name == test.value))


def _opened_by(leaf: Leaf, about: About) -> Condition:
    return _any(leaf, lambda test: _is_user(Case.created_by, test, about))


def _role(leaf: Leaf, about: About) -> Condition:
    rows = sa.select(CaseRole.case_id).where(CaseRole.case_id == Case.id)
    if leaf.part:
        rows = rows.where(CaseRole.role == leaf.part)

    def held(test: Is | Empty) -> Condition:
        if isinstance(test, Empty):
            return _is_not_there(rows)
        return _is_there(rows.where(CaseRole.principal.in_(principals_of(test, about))))

    return _any(leaf, held)


def _link(leaf: Leaf, _about: About) -> Condition:
    return _any(leaf, lambda test: _linked(leaf.part, test))


def _linked(kind: str, test: Is | Empty) -> Condition:
    """That the case is linked so. Who sees a case sees the numbers of all that it is linked with."""
    kinds = [LinkKind(each) for each in {kind} | ({test.value} if isinstance(test, Is) else set()) if each in _KINDS]
    chosen = [CaseLink.kind.in_(kinds)] if kinds else []
    forth = sa.select(CaseLink.id).where(CaseLink.source_id == Case.id, *chosen)
    back = sa.select(CaseLink.id).where(CaseLink.target_id == Case.id, *chosen)
    if isinstance(test, Empty):
        return sa.and_(_is_not_there(forth), _is_not_there(back))
    if test.value not in _KINDS:
        ids = ids_numbered(test)
        forth, back = forth.where(CaseLink.target_id.in_(ids)), back.where(CaseLink.source_id.in_(ids))
    return sa.or_(_is_there(forth), _is_there(back))


_KINDS = {each.value for each in LinkKind}


def ids_numbered(test: Is) -> Sequence[Any]:
    """The ids of the cases with that number; of those that only begin so the first."""
    return db.session.scalars(sa.select(Case.id).where(numbered(test)).limit(search.MOST)).all()


def _parent(leaf: Leaf, _about: About) -> Condition:
    def below(test: Is | Empty) -> Condition:
        return Case.parent_id.is_(None) if isinstance(test, Empty) else Case.parent_id.in_(ids_numbered(test))

    return _any(leaf, below)


def _case_state(leaf: Leaf, about: About) -> Condition:
    states: Mapping[str, Condition] = {
        "open": Case.closed_at.is_(None),
        "active": sa.and_(Case.closed_at.is_(None), Case.state == CaseState.ACTIVE),
        "held": sa.and_(Case.closed_at.is_(None), Case.state == CaseState.SUSPENDED),
        "stuck": sa.and_(Case.closed_at.is_(None), Case.state == CaseState.FAILED),
        "completed": sa.and_(Case.closed_at.is_not(None), Case.state == CaseState.COMPLETED),
        "cancelled": sa.and_(Case.closed_at.is_not(None), Case.state == CaseState.TERMINATED),
        "closed": Case.closed_at.is_not(None),
        "overdue": sa.and_(Case.closed_at.is_(None), Case.due_at < about.now),
        "restricted": Case.restricted.is_(True),
    }
    return _any(leaf, lambda test: states[test.value])


def _open_task(leaf: Leaf, about: About) -> Condition:
    rows = sa.select(HumanTask.id).where(HumanTask.case_id == Case.id, HumanTask.closed_at.is_(None))

    def has(test: Is) -> Condition:
        if leaf.field is not None and leaf.field.name == "assignee":
            return _is_there(rows.where(_is_user(HumanTask.assignee, test, about)))
        return _is_there(rows.where(HumanTask.name.icontains(test.value, autoescape=True)))

    return _any(leaf, has)


def _level(leaf: Leaf, about: About) -> Condition:
    """That a service level which is measured now stands so: of the task, or of the case and what is open in it."""
    own = ServiceClock.task_id == HumanTask.id if about.of_tasks else ServiceClock.case_id == Case.id
    rows = sa.select(ServiceClock.id).where(own, ServiceClock.ended_at.is_(None))

    def stands(test: Is | Empty) -> Condition:
        return (
            _is_not_there(rows) if isinstance(test, Empty) else _is_there(rows.where(level_is(test.value, about.now)))
        )

    return _any(leaf, stands)


_CASE_LEAVES: Mapping[str, Callable[[Leaf, About], Condition]] = {
    "type": lambda leaf, _about: _is_one(Case.case_type, leaf),
    "stage": lambda leaf, _about: _is_one(Case.stage, leaf),
    "outcome": lambda leaf, _about: _is_one(Case.outcome, leaf),
    "case": _number,
    "title": _title,
    "owner": _owner,
    "opened-by": _opened_by,
    "role": _role,
    "link": _link,
    "parent": _parent,
    "state": _case_state,
    "level": _level,
    "task": _open_task,
    "assignee": _open_task,
}


def _fact(name: str, test: Is | Bounds | Empty) -> Condition:
    rows = sa.select(CaseVariable.case_id).where(CaseVariable.case_id == Case.id, CaseVariable.name == name)
    return _is_not_there(rows) if isinstance(test, Empty) else _is_there(rows.where(fact_is(test)))


def fact_is(test: Is | Bounds) -> Condition:
    """That a row of `case_variable` has such a value; the column is that of the value's kind."""
    if isinstance(test, Bounds):
        moments = isinstance(test.low if test.low is not None else test.high, datetime)
        return within(CaseVariable.date if moments else CaseVariable.number, test)
    text = folded(" ".join(test.value.split()))[:LONGEST]
    if not test.begins:
        return CaseVariable.text == text
    return sa.and_(CaseVariable.text >= text, CaseVariable.text < text + LAST)


def _is_there(rows: sa.Select[Any]) -> Condition:
    return rows.limit(1).scalar_subquery().is_not(None)


def _is_not_there(rows: sa.Select[Any]) -> Condition:
    return rows.limit(1).scalar_subquery().is_(None)
