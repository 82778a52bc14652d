"""TO WHOM A TASK IS GIVEN BY ITSELF: `case:assignBy` chooses one of its candidates as the task is opened.

The rule to know: who chooses does so one after the other, in the whole installation, so that what somebody was given a
moment ago counts. Nobody waits long for their turn: after a while they choose by what they can see.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from service import audit
from service.db import db, utcnow
from service.engine.definition import ASSIGN_BY
from service.models import (
    SYSTEM,
    Absence,
    AssignmentTurn,
    Case,
    CaseRole,
    HumanTask,
    Membership,
    TaskState,
    User,
    UserSkill,
)

LOCK = 0x6361736561737367  #: the number of PostgreSQL's advisory lock
TRIES, PAUSE = 100, 0.02  #: how often, and after how many seconds again, a turn is asked for


@dataclass(frozen=True)
class _Chosen:
    """Who gets the task, or nobody; and why, as the end of a sentence."""

    name: str | None
    why: str


def assign(case: Case, task: HumanTask, rule: str, principals: Sequence[str]) -> None:
    """Give the new task to the candidate whom the rule chooses; where none fits it stays in the queue. The case's
    story says which, and why."""
    db.session.flush()
    chosen = _choose(case, task, rule.strip(), principals)
    about = {"task": str(task.id), "by": rule[:100], "why": chosen.why}
    if chosen.name is None:
        audit.record(case, "task:left-free", by=SYSTEM, element=task.element_id or None, details=about)
        return
    task.assignee, task.state = chosen.name, TaskState.RESERVED
    audit.record(case, "task:given", by=SYSTEM, element=task.element_id or None, details={**about, "to": chosen.name})


def _choose(case: Case, task: HumanTask, rule: str, principals: Sequence[str]) -> _Chosen:
    if not re.fullmatch(ASSIGN_BY, rule):
        return _Chosen(None, f"“{rule[:60]}” is no way to choose somebody")
    skill = rule.partition(":")[2]
    is_my_turn = _turn()
    fitting, why_not = _fitting(case, task, skill, principals)
    if not fitting:
        return _Chosen(None, why_not)
    if rule == "round-robin":
        return _Chosen(
            _whose_turn(f"{case.case_type}:{task.element_id}", sorted(fitting), noted=is_my_turn), "their turn"
        )
    loads = _loads(fitting)
    name = min(fitting, key=lambda each: (loads.get(each, 0), each))
    had = f"{loads.get(name, 0)} open task{'s' * (loads.get(name, 0) != 1)}, the fewest"
    return _Chosen(name, f"the skill “{skill}”, and {had}" if skill else had)


def _fitting(case: Case, task: HumanTask, skill: str, principals: Sequence[str]) -> tuple[dict[str, User], str]:
    """Of the candidates those who may and can do the task, by name; where none is left, why not."""
    found = {user.name: user for user in _candidates(principals)}
    if case.restricted:
        holders = set(db.session.scalars(sa.select(CaseRole.principal).where(CaseRole.case_id == case.id)))
        involved = {user.name for user in _candidates(sorted(holders))}
        found = {name: user for name, user in found.items() if name in involved}
    if not found:
        return found, "it has no candidate who can sign in"
    for left_out, why in (
        (partial(_unskilled, skill), f"no candidate has the skill “{skill}”"),
        (partial(_earlier_doers, task), "whoever is left did an earlier step (four eyes)"),
        (absent, "whoever is left is absent"),
        (_full, "whoever is left has as many tasks as they are to have"),
    ):
        gone = left_out(found)
        found = {name: user for name, user in found.items() if name not in gone}
        if not found:
            return found, why
    return found, ""


def absent(users: Mapping[str, User]) -> Collection[str]:
    """The names of who of these is away now and gets no new work."""
    now = utcnow()
    away = sa.select(Absence.person).where(Absence.person.in_(users), Absence.begins_at <= now, Absence.ends_at > now)
    return frozenset(db.session.scalars(away))


def _candidates(principals: Sequence[str]) -> Sequence[User]:
    names = [each.removeprefix("user:") for each in principals if each.startswith("user:")]
    groups = [each.removeprefix("group:") for each in principals if each.startswith("group:")]
    members = sa.select(Membership.user_id).where(Membership.group_name.in_(groups))
    chosen = sa.select(User).where(User.active, ~User.is_machine, sa.or_(User.name.in_(names), User.id.in_(members)))
    return db.session.scalars(chosen.order_by(User.name)).all()


def _unskilled(skill: str, users: Mapping[str, User]) -> Collection[str]:
    if not skill:
        return ()
    having = sa.select(User.name).join(UserSkill, UserSkill.user_id == User.id).where(UserSkill.skill == skill)
    return users.keys() - set(db.session.scalars(having.where(User.name.in_(users))))


def _earlier_doers(task: HumanTask, _users: Mapping[str, User]) -> Collection[str]:
    if not task.not_done_by:
        return ()
    done = sa.select(HumanTask.closed_by, HumanTask.closed_for).where(
        HumanTask.case_id == task.case_id,
        HumanTask.element_id.in_(task.not_done_by),
        HumanTask.closed_by.is_not(None),
    )
    return {name for row in db.session.execute(done) for name in row if name is not None}


def _full(users: Mapping[str, User]) -> Collection[str]:
    limited = {name: user.capacity for name, user in users.items() if user.capacity is not None}
    loads = _loads(limited)
    return {name for name, capacity in limited.items() if loads.get(name, 0) >= capacity}


def _loads(names: Iterable[str]) -> dict[str, int]:
    """How many open tasks each of these has; who has none is left out."""
    wanted = list(names)
    counted = sa.select(HumanTask.assignee, sa.func.count()).where(
        HumanTask.assignee.in_(wanted), HumanTask.closed_at.is_(None)
    )
    rows = db.session.execute(counted.group_by(HumanTask.assignee)) if wanted else ()
    return {name: number for name, number in rows if name is not None}


def _whose_turn(key: str, names: Sequence[str], *, noted: bool) -> str:
    """The name after the one that came last, of names in order; `noted`: from then on it is the last."""
    turn = db.session.get(AssignmentTurn, key, populate_existing=True)
    chosen = next((name for name in names if turn is not None and name > turn.last), names[0])
    if turn is None and noted:
        db.session.add(AssignmentTurn(key=key, last=chosen))
    elif turn is not None and noted:
        turn.last = chosen
    if noted:
        db.session.flush()
    return chosen


def _turn() -> bool:
    """Whether nobody else chooses until this transaction ends; on SQLite nobody else writes."""
    if db.session.get_bind().dialect.name == "sqlite":
        return True
    for _ in range(TRIES):
        if db.session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))):
            return True
        time.sleep(PAUSE)
    return False
