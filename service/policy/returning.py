"""TO WHOM A TASK GOES BACK: who had it before, else who did the step before it; if they may do it, and are here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from service.db import db
from service.models import AuditEntry, HumanTask, TaskState, User
from service.policy.permissions import earlier_doers

#: What the audit calls it when somebody comes to have a task.
GIVEN = (
    "task:claimed",
    "task:assigned",
    "task:delegated",
    "task:handed-back",
    "task:sent-back",
    "task:added",
    "task:given",
)


def former(task: HumanTask) -> User | None:
    """The person to whom the open `task` goes back; None: to its candidates' queue."""
    excluded = {task.assignee} | earlier_doers(task)
    for name in (*_held(task), *_did_the_step_before(task)):
        if name not in excluded and (user := _candidate(name, task)):
            return user
    return None


def _held(task: HumanTask) -> Iterator[str]:
    """Who had the task, the last first."""
    told = sa.select(AuditEntry).where(
        AuditEntry.case_id == task.case_id,
        AuditEntry.action.in_(GIVEN),
        AuditEntry.details["task"].as_string() == str(task.id),
    )
    for entry in db.session.scalars(told.order_by(AuditEntry.seq.desc())):
        holder = (entry.details or {}).get("to", entry.actor)
        if holder:
            yield holder


def _did_the_step_before(task: HumanTask) -> Iterable[str]:
    done = sa.select(HumanTask.closed_by).where(
        HumanTask.case_id == task.case_id,
        HumanTask.state == TaskState.COMPLETED,
        HumanTask.closed_by.is_not(None),
        HumanTask.closed_at <= task.created_at,
    )
    return [name for name in db.session.scalars(done.order_by(HumanTask.closed_at.desc()).limit(1)) if name]


def _candidate(name: str, task: HumanTask) -> User | None:
    """The active person of that name, if the task is offered to them."""
    found = sa.select(User).where(User.name == name, User.active, ~User.is_machine)
    user = db.session.scalar(found.options(selectinload(User.memberships)))
    if user is None:
        return None
    theirs = {f"user:{user.name}", *(f"group:{membership.group_name}" for membership in user.memberships)}
    return user if any(candidate.principal in theirs for candidate in task.candidates) else None
