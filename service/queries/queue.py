"""THE TEAM QUEUE: free tasks that somebody may claim, straight from the index that execution/offers.py keeps.

Each of their principals has a range of it that is in the order of the queue. A page takes the first of each range and
merges them, so that it costs the same however much waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute

from service.db import utcnow
from service.models import Actor, TaskCandidate
from service.models.tasks import NEVER

RANGES = 200  #: principals of one person that are read so; SQLite merges at most 500
#: What a queue may be in the order of; each has its index.
URGENCY = (TaskCandidate.rank, TaskCandidate.due, TaskCandidate.task_id)
DUE = (TaskCandidate.due, TaskCandidate.task_id)

Condition = sa.ColumnElement[bool]
Order = Sequence[QueryableAttribute[Any]]
Place = Sequence[Any]  #: priority, due date and id of a task; by due date without the priority


def first(
    principals: Sequence[Any],
    most: int,
    *conditions: Condition,
    after: Place | None = None,
    order: Order = URGENCY,
) -> sa.CTE:
    """The columns of `order` of the first `most` free tasks that are offered to these, under `conditions`.

    Those of restricted cases too: whoever reads the tasks leaves them out. `principals`: names, or what stands for
    them in a statement that is kept.
    """
    if after is not None:
        *priority, due_at, task_id = after
        begin = zip((*(-each for each in priority), due_at or NEVER, task_id), order, strict=True)
        conditions = (*conditions, sa.tuple_(*order) > sa.tuple_(*(sa.literal(v, column.type) for v, column in begin)))
    offered = sa.select(*order).where(TaskCandidate.free, *conditions).order_by(*order).limit(most)
    ranges = [offered.where(TaskCandidate.principal == each).subquery() for each in principals]
    merged = sa.union(*(sa.select(each) for each in ranges)).subquery()  # a task may be offered to several
    return sa.select(merged).order_by(*merged.c).limit(most).cte("queued")


def parts(after: Sequence[Any] | None, now: datetime) -> list[tuple[Condition, Place | None]]:
    """What is late, then what is not: the condition of each part, and where to begin in it.

    `after`: 0 for a late task and 1 for another, and its place; without it, from the beginning.
    """
    late, others = TaskCandidate.due < now, TaskCandidate.due >= now
    if after is None:
        return [(late, None), (others, None)]
    return [(others, after[1:])] if after[0] else [(late, after[1:]), (others, None)]


def set_aside() -> Condition:
    """Not to be begun before its follow-up date; but what is late is nobody's for later."""
    now = utcnow()
    return sa.and_(TaskCandidate.follow_up_at > now, TaskCandidate.due >= now)


def at_hand(now: Any = None) -> Condition:
    """Not set aside. `now`: what stands for it."""
    now = utcnow() if now is None else now
    return sa.or_(TaskCandidate.follow_up_at.is_(None), TaskCandidate.follow_up_at <= now, TaskCandidate.due < now)


def of(actor: Actor) -> Condition:
    """Candidate rows of what `actor` may claim."""
    return sa.and_(TaskCandidate.free, TaskCandidate.principal.in_(sorted(actor.principals)))
