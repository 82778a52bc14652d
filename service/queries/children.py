"""A case's family: its descendants to any depth with their open work rolled up, its ancestors, and what blocks it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.db import db, utcnow
from service.execution import family
from service.models import Actor, Case, CaseState, HumanTask
from service.policy.asking import Asker, asked_by, asker
from service.policy.permissions import Action, require
from service.queries.visibility import readable

_WITH_REASON = (CaseState.FAILED, CaseState.SUSPENDED, CaseState.TERMINATED)
DEEPEST = 60  #: generations that are followed, so that even a damaged tree ends
_REASONS = sa.select(Case.id, Case.reason).where(
    Case.id.in_(sa.bindparam("cases", expanding=True)), Case.state.in_(_WITH_REASON)
)


class Totals(NamedTuple):
    """Over a case and all below it that are open: cases, late ones of them, open tasks, late ones of these."""

    cases: int = 0
    open: int = 0
    late: int = 0
    failed: int = 0
    tasks: int = 0
    late_tasks: int = 0


@dataclass(slots=True)
class Descendant:
    """A case below another."""

    id: uuid.UUID
    parent_id: uuid.UUID
    depth: int  #: 1: a child
    number: str
    title: str
    case_type: str
    definition_id: uuid.UUID
    state: CaseState
    stage: str | None
    due_at: datetime | None
    fragment: bool
    blocking: bool
    stays: bool  #: goes on when its parent is cancelled
    readable: bool
    own: Totals
    below: Totals  #: with its own

    @property
    def late(self) -> bool:
        return self.own.late > 0


def tree(case: Case, *, actor: Actor) -> Sequence[Descendant]:
    """The descendants of a case that `actor` may read, each before its own children, oldest first; one statement.

    What `actor` may not read is neither named nor counted; what is below it, and readable, is.
    """
    require(actor, Action.READ_CASE, case)
    now = utcnow()
    rows = db.session.execute(_below(asker(actor)), {"case": case.id, "now": now, **asked_by(actor)}).all()
    found = [_descendant(row, now) for row in rows]
    return [each for each in _ordered(case.id, found) if each.readable]


def totals(descendants: Sequence[Descendant]) -> Totals:
    """Everything in the tree, added up."""
    return Totals._make(map(sum, zip(Totals(), *(each.own for each in descendants), strict=True)))


def reasons(case_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Why each of these cases, which the actor may read, is stuck, on hold or cancelled; others are left out."""
    rows = db.session.execute(_REASONS, {"cases": case_ids}) if case_ids else ()
    return {row[0]: row[1] for row in rows if row[1]}


def blockers(case: Case, *, actor: Actor) -> Sequence[family.Blocker]:
    """What keeps a case that `actor` may read from being closed."""
    require(actor, Action.READ_CASE, case)
    return family.blockers(case.id)


@dataclass(frozen=True)
class InTheWay:
    """Something that has to end first: a task, or a case; `title` and `readable` are for who may read that."""

    kind: str  #: child, link or task
    id: uuid.UUID
    name: str
    title: str
    readable: bool


def in_the_way(case: Case, *, actor: Actor) -> Sequence[InTheWay]:
    """`blockers` for a page: with the titles of the cases that `actor` may read."""
    found = blockers(case, actor=actor)
    chosen = sa.select(Case.id, Case.title).where(Case.id.in_([each.id for each in found]), readable(actor))
    titles = {row[0]: row[1] for row in db.session.execute(chosen)} if found else {}
    return [
        InTheWay(each.kind, each.id, each.name, titles.get(each.id, ""), each.kind == "task" or each.id in titles)
        for each in found
    ]


def line(case: Case, *, actor: Actor) -> Sequence[Case]:
    """The case's ancestors that `actor` may read, the outermost first."""
    require(actor, Action.READ_CASE, case)
    if case.parent_id is None:
        return []
    above = sa.select(Case.id, Case.parent_id, sa.literal(0).label("up")).where(Case.id == case.parent_id)
    cte = above.cte(recursive=True)
    cte = cte.union_all(
        sa.select(Case.id, Case.parent_id, cte.c.up + 1).where(Case.id == cte.c.parent_id, cte.c.up < DEEPEST)
    )
    found = sa.select(Case).join(cte, cte.c.id == Case.id).where(readable(actor)).order_by(cte.c.up.desc())
    return db.session.scalars(found).all()


@cache
def _below(who: Asker) -> sa.Select[tuple[Any, ...]]:
    children = sa.select(Case.id, sa.literal(1).label("depth")).where(Case.parent_id == sa.bindparam("case"))
    below = children.cte(recursive=True)
    below = below.union_all(
        sa.select(Case.id, below.c.depth + 1).join(below, Case.parent_id == below.c.id).where(below.c.depth < DEEPEST)
    )
    late = sa.func.sum(sa.case((HumanTask.due_at < sa.bindparam("now"), 1), else_=0))
    work = (
        sa.select(HumanTask.case_id, sa.func.count().label("tasks"), late.label("late_tasks"))
        .where(HumanTask.closed_at.is_(None), HumanTask.case_id.in_(sa.select(below.c.id)))
        .group_by(HumanTask.case_id)
        .subquery()
    )
    columns = (
        Case.id, Case.parent_id, below.c.depth, Case.number, Case.title, Case.case_type, Case.definition_id,
        Case.state, Case.stage, Case.due_at, Case.fragment, Case.blocking,
        (Case.on_parent_cancel == "keep").label("stays"), readable(who).label("readable"),
        sa.func.coalesce(work.c.tasks, 0).label("tasks"), sa.func.coalesce(work.c.late_tasks, 0).label("late_tasks"),
    )  # fmt: skip
    return (
        sa.select(*columns)
        .join(below, below.c.id == Case.id)
        .outerjoin(work, work.c.case_id == Case.id)
        .order_by(below.c.depth, Case.id)
    )


def _descendant(row: Sequence[Any], now: datetime) -> Descendant:
    case_id, parent, depth, number, title, key, definition, state, stage, due_at, *flags, tasks, late_tasks = row
    fragment, blocking, stays, seen = map(bool, flags)
    is_open = not state.is_closed
    late = is_open and due_at is not None and due_at < now
    own = (
        Totals()
        if not seen
        else Totals(1, int(is_open), int(late), int(state is CaseState.FAILED), int(tasks), int(late_tasks))
    )
    return Descendant(
        case_id,
        parent,
        depth,
        number,
        title,
        key,
        definition,
        state,
        stage,
        due_at,
        fragment,
        blocking,
        stays,
        seen,
        own,
        own,
    )


def _ordered(root: uuid.UUID, found: Sequence[Descendant]) -> list[Descendant]:
    """Each before its children, and the totals of what is below added up from the leaves."""
    children: dict[uuid.UUID, list[Descendant]] = {}
    for each in found:
        children.setdefault(each.parent_id, []).append(each)
    for each in reversed(found):  # the deepest first
        if each.id in children:
            parts = (each.own, *(child.below for child in children[each.id]))
            each.below = Totals._make(map(sum, zip(*parts, strict=True)))
    ordered: list[Descendant] = []
    ahead = children.get(root, [])[::-1]
    while ahead:
        each = ahead.pop()
        ordered.append(each)
        ahead += children.get(each.id, [])[::-1]
    return ordered
