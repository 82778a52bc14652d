"""WHO STANDS IN FOR WHOM: as a condition in SQL. One step, no further: who stands in for Ann does what is Ann's to do,
never what Ann does for somebody else.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from service.db import utcnow
from service.models import Absence, Case, HumanTask, Substitution, TaskCandidate
from service.policy.asking import AnyActor, Asker


def now_of(actor: Asker) -> Any:
    """The moment for which it is asked: what stands for it, in a statement that is kept."""
    return actor.now if isinstance(actor, AnyActor) else utcnow()


def current(now: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """That a row of `substitution`, with its absence, holds at that moment."""
    return Substitution.absence_id == Absence.id, Absence.begins_at <= now, Absence.ends_at > now


def stood_in(actor: Asker, task: Any = HumanTask) -> sa.ColumnElement[bool]:
    """Which rows of `human_task` (or of an alias) are open and of somebody for whom `actor` stands in now."""
    if not actor.stands_in:
        return sa.false()
    conditions = *current(now_of(actor)), *covers(task), Substitution.substitute == actor.name
    found = sa.select(Substitution.absence_id).where(*conditions).correlate(task).limit(1)
    return sa.and_(task.closed_at.is_(None), found.scalar_subquery().is_not(None))


def covers(task: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """That a row of `substitution`, with its absence, is about a row of `human_task` (or of an alias)."""
    case, offered = aliased(Case), aliased(TaskCandidate)
    of_type = sa.exists().where(case.id == task.case_id, case.case_type == Substitution.case_type)
    of_group = sa.exists().where(offered.task_id == task.id, offered.principal == Substitution.principal)
    return (
        Absence.person == task.assignee,
        sa.or_(Substitution.case_type.is_(None), of_type),
        sa.or_(Substitution.principal.is_(None), of_group),
    )


def did_for_another(actor: Asker, task: Any = HumanTask) -> sa.ColumnElement[bool]:
    """Which rows of `human_task` the actor completed for somebody who was away."""
    return sa.and_(task.closed_for.is_not(None), task.closed_by == actor.name)


def stands_in_now(name: Any, now: Any) -> sa.ColumnElement[bool]:
    """Whether the person of that name stands in for anybody now."""
    return sa.exists().where(*current(now), Substitution.substitute == name)
