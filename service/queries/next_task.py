"""WHAT COMES NEXT: free tasks that somebody may claim, in the order that their teams have set for it.

The one place where that order is said. Each team's queue is read in the team's own order; of the tasks that come first
in these queues, the one that comes first by the usual order is next.
"""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.db import db, utcnow
from service.models import Actor, Case, CaseState, Group, HumanTask, TaskCandidate
from service.models.users import NextTask
from service.queries import queue
from service.queries.visibility import closed_to

MOST = 50  #: tasks of each queue that are looked at, at first


class _Free(NamedTuple):
    """A free task as its queue has it."""

    place: int  #: which of the queues
    due: datetime
    rank: int
    task_id: uuid.UUID


def _usual(now: datetime) -> Callable[[_Free], tuple[Any, ...]]:
    """Late first, then by due date, then by priority, then by age: ids are in the order of opening."""
    return lambda free: (free.due >= now, free.due, free.rank, free.task_id)


def _by_priority(now: datetime) -> Callable[[_Free], tuple[Any, ...]]:
    return lambda free: (free.due >= now, free.rank, free.due, free.task_id)


def _oldest(_now: datetime) -> Callable[[_Free], tuple[Any, ...]]:
    return lambda free: (free.task_id,)


ORDERS: Mapping[NextTask, Callable[[datetime], Callable[[_Free], tuple[Any, ...]]]] = {
    NextTask.URGENT: _usual,
    NextTask.PRIORITY: _by_priority,
    NextTask.OLDEST: _oldest,
}


def _columns(order: NextTask, now: datetime) -> Sequence[Any]:
    """The same orders for the database, which reads the beginning of each queue."""
    late = sa.case((TaskCandidate.due < now, 0), else_=1)
    return {
        NextTask.URGENT: (TaskCandidate.due, TaskCandidate.rank, TaskCandidate.task_id),  # what is late is due before
        NextTask.PRIORITY: (late, TaskCandidate.rank, TaskCandidate.due, TaskCandidate.task_id),
        NextTask.OLDEST: (TaskCandidate.task_id,),
    }[order]


def candidates(actor: Actor) -> Iterator[uuid.UUID]:
    """The ids of what `actor` is offered and can be begun now, what comes next first; each once.

    Whoever takes one asks whether they may: of four eyes nothing is said here.
    """
    seen: set[uuid.UUID] = set()
    most = MOST
    while True:
        found, is_all = _first(actor, most)
        yield from (each for each in found if each not in seen)
        if is_all:
            return
        seen.update(found)
        most *= 4


def _first(actor: Actor, most: int) -> tuple[list[uuid.UUID], bool]:
    """The beginning of all queues, merged, and whether that was all."""
    now, principals = utcnow(), sorted(actor.principals)[: queue.RANGES]
    orders = _orders(principals)
    ranges = [_range(actor, place, each, orders[place], now, most) for place, each in enumerate(principals)]
    rows = [_Free(*row) for row in db.session.execute(sa.union_all(*ranges))]
    queues = [[row for row in rows if row.place == place] for place in range(len(principals))]
    for place, waiting in enumerate(queues):
        waiting.sort(key=ORDERS[orders[place]](now))
    is_all = all(len(waiting) < most for waiting in queues)
    return list(dict.fromkeys(_merged(queues, _usual(now)))), is_all


def _merged(queues: Sequence[Sequence[_Free]], key: Callable[[_Free], tuple[Any, ...]]) -> Iterator[uuid.UUID]:
    """Of the heads of all queues the first, then what stands behind it joins the heads."""
    heads = [(key(waiting[0]), place, 0) for place, waiting in enumerate(queues) if waiting]
    heapq.heapify(heads)
    while heads:
        _, place, number = heapq.heappop(heads)
        yield queues[place][number].task_id
        if number + 1 < len(queues[place]):
            heapq.heappush(heads, (key(queues[place][number + 1]), place, number + 1))


def _orders(principals: Sequence[str]) -> list[NextTask]:
    groups = [each.removeprefix("group:") for each in principals if each.startswith("group:")]
    said = sa.select(Group.name, Group.next_task).where(Group.name.in_(groups), Group.next_task.is_not(None))
    known = {f"group:{name}": order for name, order in db.session.execute(said)}
    return [known.get(each) or NextTask.URGENT for each in principals]


def _range(actor: Actor, place: int, principal: str, order: NextTask, now: datetime, most: int) -> sa.Select[Any]:
    chosen = (
        sa.select(sa.literal(place).label("place"), TaskCandidate.due, TaskCandidate.rank, TaskCandidate.task_id)
        .join(HumanTask, HumanTask.id == TaskCandidate.task_id)
        .join(Case, Case.id == HumanTask.case_id)
        .where(TaskCandidate.principal == principal, TaskCandidate.free, queue.at_hand(now))
        .where(Case.state == CaseState.ACTIVE, ~closed_to(actor, HumanTask.case_id))
        .order_by(*_columns(order, now))
        .limit(most)
    )
    return sa.select(chosen.subquery())
