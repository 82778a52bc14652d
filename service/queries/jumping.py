"""What the palette finds by a few letters: tasks and cases that somebody may see, and people.

Each kind is asked for a bounded time: what cannot be found so soon is left to the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.db import db, limits
from service.models import Actor, Case, HumanTask, User
from service.queries import cases as case_lists
from service.queries import search
from service.queries.tasks import SORTS
from service.queries.visibility import listed, listed_tasks

SECONDS = 0.1  #: for each kind
FOUND = 6  #: of each kind
SHORTEST, LONGEST = 2, 200  #: letters

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Found:
    """What `text` finds; `in_time`: whether everything was asked for long enough."""

    tasks: Sequence[Row] = ()  #: .id .name .number .title
    cases: Sequence[Any] = ()  #: .number .title .state
    people: Sequence[Row] = ()  #: .name .display_name
    in_time: bool = True


def found_by(text: str, actor: Actor) -> Found:
    """What `text` finds for `actor`; nothing for less than two letters."""
    wanted = text.strip()[:LONGEST]
    if len(wanted) < SHORTEST:
        return Found()
    exact = case_lists.exactly(wanted, by=actor)
    cases = _in_time(lambda: _cases(wanted, actor))
    tasks = _in_time(lambda: _tasks(wanted, actor))
    first: list[Any] = [exact] if exact is not None else []
    others = [row for row in cases or () if exact is None or row.number != exact.number]
    return Found(tasks or (), [*first, *others][:FOUND], _people(wanted), cases is not None and tasks is not None)


def _in_time(ask: Callable[[], Sequence[Row]]) -> Sequence[Row] | None:
    try:
        with limits.within(SECONDS):
            return ask()
    except limits.TookTooLong:
        return None


def _cases(text: str, actor: Actor) -> Sequence[Row]:
    chosen = sa.select(Case.number, Case.title, Case.state)
    theirs = chosen.where(listed(actor), Case.fragment.is_(False), search.cases(text))
    return db.session.execute(theirs.order_by(Case.id.desc()).limit(FOUND)).all()


def _tasks(text: str, actor: Actor) -> Sequence[Row]:
    open_ones = listed_tasks(actor), HumanTask.closed_at.is_(None), search.tasks(text)
    order = [column for sort in SORTS["urgency"] for column in sort.order]
    few = sa.select(HumanTask.id).where(*open_ones).order_by(*order).limit(FOUND)
    chosen = sa.select(HumanTask.id, HumanTask.name, Case.number, Case.title).join(Case, Case.id == HumanTask.case_id)
    return db.session.execute(chosen.where(HumanTask.id.in_(few)).order_by(*order)).all()


def _people(text: str) -> Sequence[Row]:
    called = User.display_name.icontains(text, autoescape=True), User.name.istartswith(text, autoescape=True)
    chosen = sa.select(User.name, User.display_name).where(User.active, ~User.is_machine, sa.or_(*called))
    return db.session.execute(chosen.order_by(User.display_name, User.name).limit(FOUND)).all()
