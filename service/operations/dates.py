"""What nobody does and people are told all the same: a date comes near or passes, and a group is offered something.

Looked for each minute in short pieces of indexes; what somebody was told of already is left out by its row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.db import db, utcnow
from service.models import (
    Case,
    CaseState,
    HumanTask,
    Membership,
    Notification,
    NotificationChoice,
    TaskCandidate,
    Timing,
    User,
)
from service.notifications import notify

SOME = 500  #: of each kind in one transaction
SOON, BACK = timedelta(days=1), timedelta(days=1)  #: how far is looked ahead, and back after an outage


def look() -> int:
    """Leave word of what is due within a day, late, back from a follow-up date, or offered; of how many tasks."""
    now, found = utcnow(), 0
    spans: tuple[tuple[str, Any, datetime, datetime], ...] = (
        ("due-soon", HumanTask.due_at, now, now + SOON),
        ("overdue", HumanTask.due_at, now - BACK, now),
        ("taken-up", HumanTask.follow_up_at, now - BACK, now),
    )
    for kind, column, since, until in spans:
        for task, at in _passing(kind, column, since, until):
            notify([task.assignee], kind, f"{kind}:{task.id}:{at.isoformat()}", task=task, at=at)
            found += 1
    for task, name in _offered(now - BACK):
        notify([name], "offered", f"offered:{task.id}", task=task)
        found += 1
    return found


def _passing(kind: str, column: Any, since: datetime, until: datetime) -> Iterator[tuple[HumanTask, datetime]]:
    told = sa.select(Notification.id).where(
        Notification.task_id == HumanTask.id,
        Notification.kind == kind,
        Notification.person == HumanTask.assignee,
        Notification.about_at == column,
    )
    chosen = sa.select(HumanTask, column).join(Case, Case.id == HumanTask.case_id).where(
        HumanTask.closed_at.is_(None), HumanTask.assignee.is_not(None), column > since, column <= until,
        Case.state == CaseState.ACTIVE, ~told.exists(),
    )  # fmt: skip
    yield from db.session.execute(chosen.order_by(column, HumanTask.id).limit(SOME)).all()


def _offered(since: datetime) -> Iterator[tuple[HumanTask, str]]:
    """New tasks that nobody has, with who wants to be told what their groups are offered."""
    wants = sa.select(NotificationChoice.user_id).where(
        NotificationChoice.kind == "offered", NotificationChoice.timing != Timing.NEVER
    )
    if db.session.scalar(wants.limit(1)) is None:
        return
    told = sa.select(Notification.id).where(
        Notification.task_id == HumanTask.id, Notification.kind == "offered", Notification.person == User.name
    )
    chosen = (
        sa.select(HumanTask, User.name)
        .join(TaskCandidate, TaskCandidate.task_id == HumanTask.id)
        .join(Membership, sa.literal("group:") + Membership.group_name == TaskCandidate.principal)
        .join(User, User.id == Membership.user_id)
        .where(User.id.in_(wants), User.active, TaskCandidate.free, HumanTask.created_at > since, ~told.exists())
    )
    yield from db.session.execute(chosen.order_by(HumanTask.id).limit(SOME)).all()
