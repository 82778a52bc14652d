"""Human tasks: whose they are, who may take them, the most urgent first."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from service import logs
from service.db import Moment, db, rows, utcnow
from service.errors import NotFound
from service.execution.running import read_at
from service.models import Actor, Case, HumanTask, TaskCandidate
from service.policy.asking import Asker, asked_by, asker
from service.policy.permissions import Action, require
from service.policy.standing_in import stood_in
from service.queries import queue, search
from service.queries.actions import know_doers, know_roles
from service.queries.pages import LIMIT, Page, Sort, cut, page, place
from service.queries.visibility import closed_to, hidden, listed_tasks

_DUE, _OLDEST = Sort(HumanTask.due_at, datetime, nullable=True), Sort(HumanTask.id, uuid.UUID)
_PRIORITY = Sort(HumanTask.priority, int, descending=True)
#: What a list of tasks may be sorted by; ids are in the order of opening, what is not due comes last. By when something
#: is due, what is late comes before all that is not, the longest late first.
SORTS: Mapping[str, Sequence[Sort]] = {
    "urgency": (_DUE, _PRIORITY, _OLDEST),
    "priority": (_PRIORITY, _DUE, _OLDEST),
    "due": (_DUE, _OLDEST),
    "oldest": (_OLDEST,),
    "newest": (Sort(HumanTask.id, uuid.UUID, descending=True),),
}
#: The orders in which the index of the team queue is read.
QUEUED = {"urgency": queue.URGENCY, "priority": queue.PRIORITY, "due": queue.DUE}
#: Of so many principals the queue is counted first: mostly that is enough to say “99+”.
FEW = 4
SPARE = 20  #: tasks of the queue that are looked at beyond a page, for those of restricted cases

#: What lists show of a task's case; never its variables.
_SHOWN = (
    Case.number, Case.title, Case.case_type, Case.state, Case.definition_id, Case.stage, Case.version, Case.restricted,
    Case.owner_id,
)  # fmt: skip
_CASE = joinedload(HumanTask.case, innerjoin=True).load_only(*_SHOWN)
#: And what rules and forms ask for besides.
_NEEDED = (*_SHOWN, Case.owner_id, Case.created_by, Case.inline, Case.apart)
_TO_CHANGE = rows.Query(
    [HumanTask, _NEEDED],
    lambda select: (
        select.join_from(HumanTask, Case, HumanTask.case_id == Case.id)
        .add_columns(_offered_to())
        .where(HumanTask.id == sa.bindparam("task_id"))
    ),
)
_OPEN = sa.select(HumanTask).where(HumanTask.closed_at.is_(None))
_OPEN_OF_ONE = _OPEN.where(HumanTask.case_id == sa.bindparam("case"))
_OPEN_OF_SEVERAL = _OPEN.where(HumanTask.case_id.in_(sa.bindparam("cases", expanding=True)))
_CANDIDATES = sa.select(TaskCandidate.task_id, TaskCandidate.principal).where(
    TaskCandidate.task_id.in_(sa.bindparam("tasks", expanding=True))
)


@dataclass(frozen=True)
class Offered:
    """A candidate of a task, where the session need not keep an eye on it."""

    principal: str


@dataclass(frozen=True)
class Counts:
    """How many open tasks: `mine`, `late` ones of them, and what my groups are offered."""

    mine: int
    late: int
    team: int


def get(task_id: uuid.UUID, *, by: Actor) -> HumanTask:
    """The task with its case. Raises `NotFound` also for a task that `by` may not see."""
    task = db.session.get(HumanTask, task_id, options=[joinedload(HumanTask.case, innerjoin=True)])
    if task is None:
        raise NotFound(NotFound.__doc__)
    require(by, Action.READ_TASK, task)
    logs.about(task.case.number)
    return task


def to_change(task_id: uuid.UUID, *, by: Actor) -> HumanTask:
    """The task for an operation, which locks it, reads it again and asks for the permission to change it.

    Raises `NotFound` also for a task that `by` may not see, so that they do not even learn its state.
    """
    found = _TO_CHANGE.one_or_none(db.session(), task_id=task_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    task: HumanTask = found[0]
    case, candidates = found[1:]
    set_committed_value(task, "candidates", [Offered(name) for name in (candidates or "").splitlines()])
    set_committed_value(task, "case", case)
    read_at(task, case.version)
    require(by, Action.READ_TASK, task)
    return task


def _offered_to() -> sa.ScalarSelect[str]:
    """The candidates of a task, a line for each."""
    named = sa.func.aggregate_strings(TaskCandidate.principal, "\n")
    return sa.select(named).where(TaskCandidate.task_id == HumanTask.id).scalar_subquery()


def mine(actor: Actor, *, limit: int = LIMIT, cursor: str | None = None, **only: Any) -> Page[HumanTask]:
    """Open tasks that are `actor`'s to do. `only`: see `narrowed`, and `sort`, one of SORTS."""
    return _page(_mine(actor), limit, cursor, only)


def team(actor: Actor, *, limit: int = LIMIT, cursor: str | None = None, **only: Any) -> Page[HumanTask]:
    """Open tasks that nobody has and `actor` may claim. `only`: see `narrowed`, and `sort`, one of SORTS."""
    sort, aside = only.get("sort", "urgency"), only.get("set_aside")
    further = any(value for name, value in only.items() if name not in ("sort", "set_aside"))
    if further or sort not in QUEUED or len(actor.principals) > queue.RANGES:
        return _page(_team(actor), limit, cursor, only)
    after = place(SORTS[sort], cursor) if cursor is not None else None
    conditions = [] if aside is None else [queue.set_aside() if aside else queue.at_hand()]
    rows = _queued(actor, limit + 1, *conditions, after=after, order=QUEUED[sort])
    return _looked_up(cut(rows, SORTS[sort], limit))


def _queued(
    actor: Actor, most: int, *conditions: sa.ColumnElement[bool], after: queue.Place | None, order: queue.Order
) -> list[HumanTask]:
    """The first `most` tasks of the queue; where restricted cases leave too few, a longer piece of it is looked at."""
    looked_at = most + SPARE
    while True:
        keys = queue.first(sorted(actor.principals), looked_at, *conditions, after=after, order=order)
        there = sa.select(sa.func.count()).select_from(keys).scalar_subquery()
        chosen = sa.select(HumanTask, there).join(keys, keys.c.task_id == HumanTask.id)
        chosen = chosen.where(~closed_to(actor, HumanTask.case_id)).order_by(*keys.c)
        rows = db.session.execute(chosen.limit(most).options(_CASE)).all()
        if len(rows) == most or (rows[0][1] if rows else db.session.execute(sa.select(there)).scalar_one()) < looked_at:
            return [row[0] for row in rows]
        looked_at *= 4


def all_open(actor: Actor, *, limit: int = LIMIT, cursor: str | None = None, **only: Any) -> Page[HumanTask]:
    """Open tasks that `actor` may see: own, offered, delegated, and those of cases that they may read."""
    return _page(listed_tasks(actor), limit, cursor, only)


def some(task_ids: Sequence[uuid.UUID], actor: Actor) -> Mapping[uuid.UUID, HumanTask]:
    """Those of these tasks, open or not, that `actor` may see."""
    chosen = sa.select(HumanTask).where(HumanTask.id.in_(task_ids), listed_tasks(actor)).options(_CASE)
    found = db.session.scalars(chosen).all() if task_ids else []
    return {task.id: task for task in _looked_up(Page(found, None)).rows}


def of_case(case: Case, *, actor: Actor) -> Sequence[HumanTask]:
    """The tasks of a case that `actor` may read: the open ones by urgency, then the closed ones, latest first."""
    require(actor, Action.READ_CASE, case)
    know_roles(case)
    tasks = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).all()
    _look_up_candidates(tasks)
    doers = [(task.case_id, task.element_id, name) for task in tasks for name in (task.closed_by, task.closed_for)]
    know_doers(tasks, doers)
    closed = [task for task in tasks if task.closed_at is not None]
    closed.sort(key=lambda task: (task.closed_at, task.id), reverse=True)
    return [*_by_urgency(task for task in tasks if task.closed_at is None), *closed]


def open_of_case(case: Case, *, actor: Actor) -> Sequence[HumanTask]:
    """The open tasks of a case that `actor` may read, by urgency."""
    require(actor, Action.READ_CASE, case)
    know_roles(case)
    found = db.session.scalars(_OPEN_OF_ONE, {"case": case.id}).all()
    _look_up_candidates(found)
    _look_up_doers(found)
    return _by_urgency(found)


def open_of(case_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Sequence[HumanTask]]:
    """The open tasks of each of these cases, which the actor may read, by urgency."""
    found: dict[uuid.UUID, list[HumanTask]] = {}
    for task in _by_urgency(db.session.scalars(_OPEN_OF_SEVERAL, {"cases": case_ids})) if case_ids else ():
        found.setdefault(task.case_id, []).append(task)
    return found


def _by_urgency(tasks: Iterable[HumanTask]) -> list[HumanTask]:
    return sorted(tasks, key=lambda task: (task.due_at is None, task.due_at, -task.priority, task.id))


def counts(actor: Actor, *, most: int = 1000) -> Counts:
    """The numbers beside the views; counting stops at `most`, so that it costs the same for ever.

    What is set aside until its follow-up date does not count.
    """
    principals = sorted(actor.principals)
    asked, wanted = principals[:FEW], most + SPARE
    team, looked_at, mine, late = _numbers(actor, asked, wanted, most)
    while team < most and (looked_at == wanted or asked != principals[: queue.RANGES]):
        wanted = wanted * 4 if looked_at == wanted else wanted
        asked = principals[: queue.RANGES]
        team, looked_at = _numbers(actor, asked, wanted)
    return Counts(mine, late, min(team, most))


def _numbers(actor: Actor, principals: Sequence[str], most: int, own: int | None = None) -> Sequence[int]:
    """How many of the first `most` free tasks at hand `actor` may claim, of what these are offered; and how many of
    them there are.

    With `own` also, counted up to it: the actor's own tasks at hand, and late ones.
    """
    asked = {f"principal_{place}": each for place, each in enumerate(principals)}
    given = {**asked_by(actor), **asked, "now": utcnow()}
    return db.session.execute(_counted(asker(actor), len(principals), most, own), given).one()


@lru_cache(maxsize=64)
def _counted(who: Asker, principals: int, most: int, own: int | None) -> sa.Select[*tuple[int, ...]]:
    """The statement of `_numbers`, which every page asks: to build it takes longer than to run it."""
    now = sa.bindparam("now", type_=Moment())
    names = [sa.bindparam(f"principal_{place}", type_=sa.String()) for place in range(principals)]
    keys = queue.first(names, most, queue.at_hand(now))
    seen = sa.select(HumanTask.id).join(keys, keys.c.task_id == HumanTask.id)
    found = [_number(seen.where(~closed_to(who, HumanTask.case_id))), _number(sa.select(keys))]
    if own is not None:
        mine = sa.select(HumanTask.id).where(_mine(who)).limit(own)
        found += [_number(mine.where(at_hand(now))), _number(mine.where(HumanTask.due_at < now))]
    return sa.select(*found)


def _number(rows: sa.Select[Any]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(rows.subquery()).scalar_subquery()


def narrowed(
    *,
    case_type: str | None = None,
    text: str | None = None,
    late: bool = False,
    case_id: uuid.UUID | None = None,
    element_id: str | None = None,
    assignee: str | None = None,
    due_before: datetime | None = None,
    set_aside: bool | None = None,
    filtered: Sequence[sa.ColumnElement[bool]] = (),
) -> list[sa.ColumnElement[bool]]:
    """Conditions: of one case type, of one case, late, or a text in the task's name, or that finds its case.

    `set_aside`: only what waits for its follow-up date, or only what does not; `filtered`: further conditions, of
    queries/filtering.
    """
    conditions: list[sa.ColumnElement[bool]] = [*filtered]
    if case_type is not None:
        conditions.append(HumanTask.case.has(Case.case_type == case_type))
    if case_id is not None:
        conditions.append(HumanTask.case_id == case_id)
    if text:
        conditions.append(search.tasks(text))
    if late:
        conditions.append(HumanTask.due_at < utcnow())
    for column, value in ((HumanTask.element_id, element_id), (HumanTask.assignee, assignee)):
        if value is not None:
            conditions.append(column == value)
    if due_before is not None:
        conditions.append(HumanTask.due_at < due_before)
    if set_aside is not None:
        conditions.append(_set_aside() if set_aside else at_hand())
    return conditions


def _page(whose: sa.ColumnElement[bool], limit: int, cursor: str | None, only: Mapping[str, Any]) -> Page[HumanTask]:
    conditions = (whose, HumanTask.closed_at.is_(None), *_narrowed(only))
    sorts = SORTS[only.get("sort", "urgency")]
    return _looked_up(page(HumanTask, *conditions, sorts=sorts, limit=limit, cursor=cursor, options=[_CASE]))


def _narrowed(only: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    return narrowed(**{name: value for name, value in only.items() if name != "sort"})


def _looked_up(found: Page[HumanTask]) -> Page[HumanTask]:
    """`found` with what tells what may be done with each task, read for all of them at once."""
    know_roles(*(task.case for task in found.rows))
    _look_up_candidates(found.rows)
    _look_up_doers(found.rows)
    return found


def due_first(cases: Iterable[Case]) -> Mapping[uuid.UUID, datetime]:
    """When the first open task of each of these cases, which the actor may read, is due; those without are left out."""
    due = sa.select(HumanTask.case_id, sa.func.min(HumanTask.due_at)).where(
        HumanTask.case_id.in_([case.id for case in cases]), HumanTask.closed_at.is_(None), HumanTask.due_at.is_not(None)
    )
    return {case_id: at for case_id, at in db.session.execute(due.group_by(HumanTask.case_id)) if at is not None}


def _look_up_candidates(tasks: Sequence[HumanTask]) -> None:
    """Who may claim these tasks, as plain rows: for a list, the session need not keep an eye on each of them."""
    offered: dict[uuid.UUID, list[Any]] = {task.id: [] for task in tasks}
    if not offered:
        return
    for row in db.session.execute(_CANDIDATES, {"tasks": list(offered)}):
        offered[row.task_id].append(row)
    for task in tasks:
        set_committed_value(task, "candidates", offered[task.id])


def _look_up_doers(tasks: Iterable[HumanTask]) -> None:
    """Who did the earlier steps that some of these tasks must not share a doer with, for all of them at once."""
    guarded = [task for task in tasks if task.not_done_by]
    if guarded:
        done = sa.select(HumanTask.case_id, HumanTask.element_id, HumanTask.closed_by, HumanTask.closed_for)
        rows = db.session.execute(done.where(HumanTask.case_id.in_({task.case_id for task in guarded})))
        know_doers(guarded, [(row[0], row[1], name) for row in rows for name in row[2:]])


def _set_aside() -> sa.ColumnElement[bool]:
    """Not to be begun before its follow-up date; but what is late is nobody's for later."""
    now = utcnow()
    return sa.and_(HumanTask.follow_up_at > now, sa.or_(HumanTask.due_at.is_(None), HumanTask.due_at >= now))


def at_hand(now: Any = None) -> sa.ColumnElement[bool]:
    now = utcnow() if now is None else now
    return sa.or_(HumanTask.follow_up_at.is_(None), HumanTask.follow_up_at <= now, HumanTask.due_at < now)


def any_set_aside(actor: Actor, *, team: bool) -> bool:
    """Whether some of the tasks that are `actor`'s to do, or to claim, wait for their follow-up date."""
    mine = sa.select(HumanTask.id).where(_mine(actor), _set_aside())
    offered = sa.select(HumanTask.id).join(TaskCandidate, TaskCandidate.task_id == HumanTask.id)
    open_to_me = queue.of(actor), queue.set_aside(), ~closed_to(actor, HumanTask.case_id)
    return db.session.scalar((offered.where(*open_to_me) if team else mine).limit(1)) is not None


def _mine(actor: Asker) -> sa.ColumnElement[bool]:
    own: sa.ColumnElement[bool] = HumanTask.assignee == actor.name
    if actor.stands_in:
        own = sa.or_(own, sa.and_(stood_in(actor), sa.not_(closed_to(actor, HumanTask.case_id))))
    return sa.and_(own, HumanTask.closed_at.is_(None))


def _offered(actor: Actor) -> sa.ColumnElement[bool]:
    principals = sorted(actor.principals)
    offered = HumanTask.id.in_(sa.select(TaskCandidate.task_id).where(TaskCandidate.principal.in_(principals)))
    return sa.and_(offered, HumanTask.case_id.not_in(hidden(actor)))


def _team(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(HumanTask.assignee.is_(None), HumanTask.closed_at.is_(None), _offered(actor))


#: For what else chooses among the two lists.
of_mine, of_team = _mine, _team
