"""WHAT HAS CHANGED since a page was made, asked again and again by every page that is open: so each question is one
statement that is built once, reads a bounded piece of an index, and loads no objects.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.db import Moment, db, utcnow
from service.models import Actor, HumanTask, ListName, Presence, User
from service.models.presence import STAYS
from service.policy.asking import Asker, asked_by, asker
from service.queries import queue, tasks
from service.queries.visibility import closed_to, readable_task

OTHERS = 5  #: people who are said to be at a task
AGAIN = timedelta(seconds=40)  #: when somebody who stays is written down anew

Versions = Mapping[uuid.UUID, int]


class Task(NamedTuple):
    """A task as it stands now."""

    version: int
    assignee: str | None
    closed_at: datetime | None
    closed_by: str | None
    others: Sequence[str]  #: display names of who else looks at it
    known: bool  #: whether it was written down lately that the asker is there


def first(name: ListName, actor: Actor, sort: str, *, most: int) -> Versions | None:
    """The first rows of a list of tasks at hand, in its order; None where it is not read in so short a way."""
    now = {**asked_by(actor), "now": utcnow(), "most": most}
    if name is ListName.MINE:
        return _versions(_mine(asker(actor), sort), now)
    if sort not in tasks.QUEUED or len(actor.principals) > queue.RANGES:
        return None
    named = {f"principal_{place}": each for place, each in enumerate(sorted(actor.principals))}
    return _versions(_team(asker(actor), len(named), most, sort), {**now, **named})


def _versions(statement: sa.Select[*tuple[Any, ...]], given: Mapping[str, Any]) -> Versions:
    return {row[0]: row[1] for row in db.session.execute(statement, given)}


@cache
def _mine(who: Asker, sort: str) -> sa.Select[*tuple[Any, ...]]:
    order = [column for sort in tasks.SORTS[sort] for column in sort.order]
    found = sa.select(HumanTask.id, HumanTask.version).where(tasks.of_mine(who), tasks.at_hand(_now()))
    return found.order_by(*order).limit(sa.bindparam("most", type_=sa.Integer()))


@lru_cache(maxsize=64)
def _team(who: Asker, principals: int, most: int, sort: str) -> sa.Select[*tuple[Any, ...]]:
    names = [sa.bindparam(f"principal_{place}", type_=sa.String()) for place in range(principals)]
    keys = queue.first(names, most + tasks.SPARE, queue.at_hand(_now()), order=tasks.QUEUED[sort])
    found = sa.select(HumanTask.id, HumanTask.version).join(keys, keys.c.task_id == HumanTask.id)
    open_ones = found.where(sa.not_(closed_to(who, HumanTask.case_id)))
    return open_ones.order_by(*keys.c).limit(sa.bindparam("most", type_=sa.Integer()))


def _now() -> sa.BindParameter[datetime]:
    return sa.bindparam("now", type_=Moment())


def task(task_id: uuid.UUID, actor: Actor) -> Task | None:
    """The task as it stands, and who else looks at it; None where `actor` may not see it."""
    since = utcnow() - STAYS
    rows = db.session.execute(_task(asker(actor)), {**asked_by(actor), "task": task_id, "since": since}).all()
    if not rows:
        return None
    others = [row.display_name for row in rows if row.user_id not in (None, actor.id)]
    own = next((row.seen_at for row in rows if row.user_id == actor.id), None)
    known = own is not None and own > utcnow() - AGAIN
    first = rows[0]
    return Task(first.version, first.assignee, first.closed_at, first.closed_by, others[:OTHERS], known)


@cache
def _task(who: Asker) -> sa.Select[*tuple[Any, ...]]:
    there = sa.and_(Presence.task_id == HumanTask.id, Presence.seen_at > sa.bindparam("since", type_=Moment()))
    found = sa.select(
        HumanTask.version, HumanTask.assignee, HumanTask.closed_at, HumanTask.closed_by,
        Presence.user_id, Presence.seen_at, User.display_name,
    )  # fmt: skip
    beside = found.outerjoin(Presence, there).outerjoin(User, User.id == Presence.user_id)
    return beside.where(HumanTask.id == sa.bindparam("task"), readable_task(who)).order_by(Presence.seen_at).limit(50)
