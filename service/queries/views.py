"""Saved views: which ones somebody has, and what each of them shows to whoever looks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import db, limits
from service.errors import BadFilter, NotFound
from service.models import Actor, Case, DefaultView, HumanTask, SavedView, User, ViewOf, ViewShare
from service.models.arrangements import CASE_COLUMNS, CASE_GROUPS, TASK_COLUMNS, TASK_GROUPS
from service.queries import arrangements, filtering
from service.queries import cases as case_lists
from service.queries import tasks as task_lists
from service.queries.filtering import bounding, counting
from service.queries.pages import LIMIT, Page, Sort, page
from service.queries.visibility import listed, listed_tasks

MOST = 100  #: views of one person that are listed
COUNTING = 0.2  #: seconds that one view's number may take

TASK_SORTS: Mapping[str, Sequence[Sort]] = {
    "due": task_lists.SORTS["urgency"],
    "priority": task_lists.SORTS["priority"],
    "newest": task_lists.SORTS["newest"],
    "oldest": task_lists.SORTS["oldest"],
}
#: What groups are kept together by across pages; others are gathered within a page.
_TASK_GROUPS: Mapping[str, Sort] = {
    "due": Sort(HumanTask.due_at, datetime, nullable=True),
    "assignee": Sort(HumanTask.assignee, str, nullable=True),
    "stage": Sort(HumanTask.stage, str, nullable=True),
    "priority": Sort(HumanTask.priority, int, descending=True),
}
_CASE_GROUPS: Mapping[str, Sort] = {
    "due": Sort(Case.due_at, datetime, nullable=True),
    "type": Sort(Case.case_type, str),
    "stage": Sort(Case.stage, str, nullable=True),
    "priority": Sort(Case.priority, int, descending=True),
}
_CASE = (
    joinedload(HumanTask.case, innerjoin=True).load_only(
        Case.number, Case.title, Case.case_type, Case.definition_id, Case.stage, Case.state
    ),
)


@dataclass(frozen=True)
class Shown:
    """A page of a view; `facts`: case id -> fact -> how it is shown."""

    rows: Sequence[Any]
    next: str | None
    facts: Mapping[uuid.UUID, Mapping[str, str]]


def columns_of(of: ViewOf) -> Mapping[str, str]:
    """Name -> heading of the columns that a view may have: facts too, as `fact.NAME`."""
    own = TASK_COLUMNS if of is ViewOf.TASKS else CASE_COLUMNS
    return {**own, **{f"fact.{name}": arrangements.heading(name) for name in filtering.known().facts}}


def groups_of(of: ViewOf) -> Mapping[str, str]:
    """Name -> words of what a view may be grouped by."""
    return TASK_GROUPS if of is ViewOf.TASKS else CASE_GROUPS


def owner_of(view: SavedView) -> str:
    """The user name of who saved it."""
    return db.session.scalar(sa.select(User.name).where(User.id == view.owner_id)) or ""


def of(actor: Actor, of: ViewOf | None = None) -> Sequence[SavedView]:
    """The views that `actor` has, own and shared ones, by name."""
    chosen = sa.select(SavedView).where(_has(actor))
    if of is not None:
        chosen = chosen.where(SavedView.of == of)
    return db.session.scalars(chosen.order_by(SavedView.name, SavedView.id).limit(MOST)).all()


def get(view_id: uuid.UUID, *, by: Actor) -> SavedView:
    """The view. Raises `NotFound` also for one that `by` does not have."""
    found = db.session.scalar(sa.select(SavedView).where(SavedView.id == view_id, _has(by)))
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found


def begins_with(actor: Actor, of: ViewOf) -> SavedView | None:
    """The view that `actor` has chosen to begin with, as long as they have it."""
    chosen = sa.select(SavedView).join(DefaultView, DefaultView.view_id == SavedView.id)
    return db.session.scalar(chosen.where(DefaultView.user_id == actor.id, DefaultView.of == of, _has(actor)))


def _has(actor: Actor) -> sa.ColumnElement[bool]:
    shared = sa.select(ViewShare.view_id).where(ViewShare.group_name.in_(sorted(actor.groups)))
    return sa.or_(SavedView.owner_id == actor.id, SavedView.id.in_(shared))


def count(view: SavedView, actor: Actor, *, most: int) -> int | None:
    """How much the view shows to `actor`; counting stops at `most`. None where it cannot be said in a short time."""
    try:
        with limits.within(COUNTING):
            if view.of is ViewOf.TASKS:
                return counting.tasks(actor, view.scope, filtering.tasks(view.filter, actor), most=most)
            return counting.cases(actor, filtering.cases(view.filter, actor), most=most)
    except (BadFilter, limits.TookTooLong):
        return None


def rows(view: SavedView, actor: Actor, *, text: str, limit: int = LIMIT, cursor: str | None = None) -> Shown:
    """What the view shows to `actor`, filtered by `text`. Raises `BadFilter`."""
    with bounding.in_time(text):
        listed_of = _tasks if view.of is ViewOf.TASKS else _cases
        found: Page[Any] = listed_of(view, actor, text, limit, cursor)
    ids = [row.case_id if isinstance(row, HumanTask) else row.id for row in found.rows]
    return Shown(found.rows, found.next, arrangements.facts(view.columns, actor, ids))


def _tasks(view: SavedView, actor: Actor, text: str, limit: int, cursor: str | None) -> Page[HumanTask]:
    whose = {"mine": task_lists.of_mine, "team": task_lists.of_team}.get(view.scope, listed_tasks)(actor)
    grouped = [_TASK_GROUPS[view.grouped_by]] if view.grouped_by and view.grouped_by in _TASK_GROUPS else []
    sorts = [*grouped, *TASK_SORTS.get(view.sort, TASK_SORTS["due"])]
    conditions = whose, HumanTask.closed_at.is_(None), *filtering.tasks(text, actor)
    return page(HumanTask, *conditions, sorts=_once(sorts), limit=limit, cursor=cursor, options=_CASE)


def _cases(view: SavedView, actor: Actor, text: str, limit: int, cursor: str | None) -> Page[Case]:
    grouped = [_CASE_GROUPS[view.grouped_by]] if view.grouped_by and view.grouped_by in _CASE_GROUPS else []
    sorts = [*grouped, *case_lists.SORTS.get(view.sort, case_lists.SORTS["due"])]
    conditions = listed(actor), Case.fragment.is_(False), *filtering.cases(text, actor)
    options = [joinedload(Case.owner).load_only(User.name, User.display_name)]
    return page(Case, *conditions, sorts=_once(sorts), limit=limit, cursor=cursor, options=options)


def _once(sorts: Sequence[Sort]) -> list[Sort]:
    """`sorts` without a second one of the same column."""
    return list({str(sort.column): sort for sort in reversed(sorts)}.values())[::-1]
