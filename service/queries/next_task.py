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

    range: int  #: the part of a queue in which it was found
    due: datetime
    rank: int
    task_id: uuid.UUID
    fits: bool  #: whether it could be begun


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


def _parts(order: NextTask, now: datetime) -> Sequence[tuple[sa.ColumnElement[bool], Sequence[Any]]]:
    """The same orders for the database: parts of a queue, one after the other, each in the order of an index."""
    due = TaskCandidate.due
    parts: dict[NextTask, list[tuple[sa.ColumnElement[bool], Sequence[Any]]]] = {
        NextTask.URGENT: [(sa.true(), queue.URGENCY)],
        NextTask.PRIORITY: [(due < now, queue.PRIORITY), (due >= now, queue.PRIORITY)],
        NextTask.OLDEST: [(sa.true(), (TaskCandidate.task_id,))],
    }
    return parts[order]


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
    orders, ranges = _orders(principals), []
    places: list[int] = []  # of each part, the queue that it is of
    for place, principal in enumerate(principals):
        for part in _parts(orders[place], now):
            ranges.append(_range(actor, len(places), principal, part, now, most))
            places.append(place)
    rows: list[list[_Free]] = [[] for _ in places]
    for row in db.session.execute(sa.union_all(*ranges)):
        rows[row.range].append(_Free(*row))
    queues: list[list[_Free]] = [[] for _ in principals]
    is_cut = [False for _ in principals]  # more stands behind what was read
    for place, found in zip(places, rows, strict=True):
        if not is_cut[place]:
            queues[place] += found
            is_cut[place] = len(found) == most
    for place, waiting in enumerate(queues):
        waiting.sort(key=ORDERS[orders[place]](now))
    return list(dict.fromkeys(_merged(queues, is_cut, _usual(now)))), not any(is_cut)


def _merged(
    queues: Sequence[Sequence[_Free]], is_cut: Sequence[bool], key: Callable[[_Free], tuple[Any, ...]]
) -> Iterator[uuid.UUID]:
    """Of the heads of all queues the first, then what stands behind it joins the heads; up to where one was cut."""
    heads = [(key(waiting[0]), place, 0) for place, waiting in enumerate(queues) if waiting]
    heapq.heapify(heads)
    while heads:
        _, place, number = heapq.heappop(heads)
        if queues[place][number].fits:
            yield queues[place][number].task_id
        if number + 1 < len(queues[place]):
            heapq.heappush(heads, (key(queues[place][number + 1]), place, number + 1))
        elif is_cut[place]:
            return


def _orders(principals: Sequence[str]) -> list[NextTask]:
    groups = [each.removeprefix("group:") for each in principals if each.startswith("group:")]
    said = sa.select(Group.name, Group.next_task).where(Group.name.in_(groups), Group.next_task.is_not(None))
    known = {f"group:{name}": order for name, order in db.session.execute(said)}
    return [known.get(each) or NextTask.URGENT for each in principals]


def _range(
    actor: Actor,
    number: int,
    principal: str,
    part: tuple[sa.ColumnElement[bool], Sequence[Any]],
    now: datetime,
    most: int,
) -> sa.Select[Any]:
    """The first of one part of a queue, and whether each could be begun: its case goes on, and is open to the actor."""
    condition, order = part
    keys = (
        sa.select(TaskCandidate.due, TaskCandidate.rank, TaskCandidate.task_id)
        .where(TaskCandidate.principal == principal, TaskCandidate.free, queue.at_hand(now), condition)
        .order_by(*order)
        .limit(most)
        .subquery()
    )
    fits = sa.and_(Case.state == CaseState.ACTIVE, ~closed_to(actor, HumanTask.case_id))
    return (
        sa.select(sa.literal(number).label("range"), keys.c.due, keys.c.rank, keys.c.task_id, fits.label("fits"))
        .join(HumanTask, HumanTask.id == keys.c.task_id)
        .join(Case, Case.id == HumanTask.case_id)
    )
