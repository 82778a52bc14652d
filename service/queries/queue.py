"""THE TEAM QUEUE: free tasks that somebody may claim, straight from the index that execution/offers.py keeps.

Each of their principals has a range of it that is in the order of the queue. A page takes the first of each range and
merges them, so that it costs the same however much waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute

from service.db import utcnow
from service.models import Actor, TaskCandidate
from service.models.tasks import NEVER

RANGES = 200  #: principals of one person that are read so; SQLite merges at most 500
#: What a queue may be in the order of; each has its index.
URGENCY = (TaskCandidate.due, TaskCandidate.rank, TaskCandidate.task_id)
PRIORITY = (TaskCandidate.rank, TaskCandidate.due, TaskCandidate.task_id)
DUE = (TaskCandidate.due, TaskCandidate.task_id)

Condition = sa.ColumnElement[bool]
Order = Sequence[QueryableAttribute[Any]]
Place = Sequence[Any]  #: of a task, what stands for each column of the order: its due date, its priority, its id


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
        begin = [sa.literal(_of_index(column, value), column.type) for column, value in zip(order, after, strict=True)]
        conditions = (*conditions, sa.tuple_(*order) > sa.tuple_(*begin))
    offered = sa.select(*order).where(TaskCandidate.free, *conditions).order_by(*order).limit(most)
    ranges = [offered.where(TaskCandidate.principal == each).subquery() for each in principals]
    merged = sa.union(*(sa.select(each) for each in ranges)).subquery()  # a task may be offered to several
    return sa.select(merged).order_by(*merged.c).limit(most).cte("queued")


def _of_index(column: QueryableAttribute[Any], value: Any) -> Any:
    """What stands in the index for a task's priority, due date or id."""
    if column.key == "rank":
        return -value
    return NEVER if value is None else value


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
