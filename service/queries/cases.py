"""Cases that the actor may read: found, listed, and where each one stands."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from service import logs
from service.db import db
from service.errors import NotFound
from service.execution import search
from service.models import (
    SYSTEM,
    Actor,
    Case,
    CaseRole,
    CaseState,
    DefinitionAccess,
    HumanTask,
    Incident,
    IncidentState,
    TaskCandidate,
    User,
)
from service.policy.permissions import Action, may, require
from service.queries.actions import know_roles
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(Case.id, uuid.UUID, descending=True),)
_DUE, _OLDEST = Sort(Case.due_at, datetime, nullable=True), Sort(Case.id, uuid.UUID)
#: What a list of cases may be sorted by; ids are in the order of opening, what is not due comes last.
SORTS = {
    "newest": NEWEST,
    "oldest": (_OLDEST,),
    "due": (_DUE, _OLDEST),
    "priority": (Sort(Case.priority, int, descending=True), _DUE, _OLDEST),
}


@dataclass(frozen=True)
class DiagramState:
    """What the live diagram shows: tokens and completions per element or flow id, and where it is stuck."""

    marked: Mapping[str, int]
    visits: Mapping[str, int]
    failed: tuple[str, ...]


def get(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case. Raises `NotFound` also for a case that `by` may not read."""
    return _readable_or_not_found(db.session.get(Case, case_id), by)


def to_move(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case, also for who may not read it, but move it to another version. Raises `NotFound`."""
    case = db.session.get(Case, case_id)
    return case if case is not None and may(by, Action.MIGRATE, case) else _readable_or_not_found(case, by)


def by_number(number: str, *, by: Actor) -> Case:
    """The case with this readable number. Raises `NotFound` as `get` does."""
    case = db.session.scalar(sa.select(Case).where(Case.number == number).options(joinedload(Case.owner)))
    if case is not None:
        know_roles(case)
    return _readable_or_not_found(case, by)


def version(number: str, *, by: Actor) -> int:
    """The version of the case with this number. Raises `NotFound` also where `by` may not read it."""
    found = db.session.scalar(sa.select(Case.version).where(Case.number == number, readable(by)))
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found


def visible(
    actor: Actor,
    *,
    state: CaseState | None = None,
    case_type: str | None = None,
    owner: str | None = None,
    text: str | None = None,
    stage: str | None = None,
    created_by: str | None = None,
    parent_id: uuid.UUID | None = None,
    created_from: datetime | None = None,
    due_before: datetime | None = None,
    sort: str = "newest",
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Case]:
    """Cases that `actor` may read; `owner` is a user name, `text`: see `found_by`, `sort` is one of SORTS.

    The rows come without variables, visits and marks. Plan fragments are parts of their cases and not listed.
    """
    conditions = [readable(actor), Case.fragment.is_(False)]
    if state is not None:
        conditions.append(Case.state == state)
        if not state.is_closed:
            conditions.append(Case.closed_at.is_(None))  # follows; it is what the index of open cases is known by
    if case_type is not None:
        conditions.append(Case.case_type == case_type)
    if owner is not None:
        conditions.append(Case.owner_id.in_(sa.select(User.id).where(User.name == owner)))
    if text:
        conditions.append(found_by(text))
    for column, value in ((Case.stage, stage), (Case.created_by, created_by), (Case.parent_id, parent_id)):
        if value is not None:
            conditions.append(column == value)
    if created_from is not None:
        conditions.append(Case.created_at >= created_from)
    if due_before is not None:
        conditions.append(Case.due_at < due_before)
    return page(Case, *conditions, sorts=SORTS[sort], limit=limit, cursor=cursor, options=_light())


def found_by(text: str) -> sa.ColumnElement[bool]:
    """The cases in whose number, title and facts all words of `text` stand, in any order, accents or not."""
    words, joined = search.wanted(text)
    all_words = sa.and_(*(Case.search_text.contains(word, autoescape=True) for word in words))
    return sa.or_(all_words, Case.search_text.contains(joined, autoescape=True)) if joined else all_words


def exactly(number: str, *, by: Actor) -> Case | None:
    """The case with this very number, however it is written, in whatever state; None where `by` may not read it."""
    spellings = {number, number.upper()}
    chosen = sa.select(Case).where(Case.number.in_(spellings), readable(by)).options(*_light())
    return db.session.scalars(chosen.limit(1)).one_or_none()


def how_many(actor: Actor, text: str, *, most: int = 100) -> int:
    """How many cases in any state `text` finds; counting stops at `most`."""
    found = sa.select(Case.id).where(readable(actor), Case.fragment.is_(False), found_by(text)).limit(most)
    return db.session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def running(definitions: Iterable[uuid.UUID], *, actor: Actor) -> Mapping[uuid.UUID, int]:
    """Definition id -> how many of its cases that `actor` may read are not closed; 0 included."""
    ids = list(definitions)
    counted = (
        sa.select(Case.definition_id, sa.func.count())
        .where(Case.definition_id.in_(ids), Case.closed_at.is_(None), Case.fragment.is_(False), readable(actor))
        .group_by(Case.definition_id)
    )
    return {**dict.fromkeys(ids, 0), **{row[0]: row[1] for row in db.session.execute(counted)}}


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """`RULES[READ_CASE]` as SQL: which rows of `case` the actor may read. A test holds the two against each other."""
    if actor is SYSTEM:
        return sa.true()
    principals = sorted(actor.principals)
    confided: sa.ColumnElement[bool] = Case.id.in_(
        sa.select(CaseRole.case_id).where(CaseRole.principal.in_(principals))
    )
    if actor.id is not None:
        confided = sa.or_(Case.owner_id == actor.id, confided)  # the cheap one first: databases stop there
    if actor.is_admin:
        return sa.or_(Case.restricted.is_(False), confided)
    by_definition = sa.select(DefinitionAccess.definition_id).where(
        DefinitionAccess.principal.in_(principals), DefinitionAccess.role.in_(("manager", "reader"))
    )
    rules = [Case.created_by == actor.name, Case.definition_id.in_(by_definition), _worked_on(actor)]
    return sa.or_(confided, sa.and_(Case.restricted.is_(False), sa.or_(*rules)))


def in_team(actor: Actor) -> sa.ColumnElement[bool]:
    """`RULES[WRITE_NOTE]` as SQL, whatever the scopes: in which rows of `case` the actor is one of the team."""
    if actor is SYSTEM:
        return sa.true()
    principals = sorted(actor.principals)
    works = sa.select(CaseRole.case_id).where(
        CaseRole.principal.in_(principals), CaseRole.access.in_(("work", "steer"))
    )
    confided: sa.ColumnElement[bool] = Case.id.in_(works)
    if actor.id is not None:
        confided = sa.or_(Case.owner_id == actor.id, confided)
    if actor.is_admin:
        return sa.or_(Case.restricted.is_(False), confided)
    manages = Case.definition_id.in_(
        sa.select(DefinitionAccess.definition_id).where(
            DefinitionAccess.principal.in_(principals), DefinitionAccess.role == "manager"
        )
    )
    return sa.or_(confided, sa.and_(Case.restricted.is_(False), sa.or_(manages, _worked_on(actor))))


def _worked_on(actor: Actor) -> sa.ColumnElement[bool]:
    """Where the actor has, had, or may claim a task."""
    held = sa.select(HumanTask.case_id).where(
        sa.or_(HumanTask.assignee == actor.name, HumanTask.delegated_by == actor.name)
    )
    offered = (
        sa.select(HumanTask.case_id)
        .join(TaskCandidate, TaskCandidate.task_id == HumanTask.id)
        .where(TaskCandidate.principal.in_(sorted(actor.principals)))
    )
    return Case.id.in_(held.union(offered))


def hidden(actor: Actor) -> sa.Select[uuid.UUID]:
    """The ids of the restricted cases that are closed to `actor`: few, and found by an index of their own."""
    mine = sa.exists().where(CaseRole.case_id == Case.id, CaseRole.principal.in_(sorted(actor.principals)))
    return sa.select(Case.id).where(Case.restricted, ~mine, Case.owner_id.is_distinct_from(actor.id))


def diagram_state(case: Case) -> DiagramState:
    """Where `case` stands, for its diagram."""
    marked: dict[str, int] = {}
    for element in case.marked or []:
        marked[element] = marked.get(element, 0) + 1
    open_incidents = sa.select(Incident.element_id).where(
        Incident.case_id == case.id, Incident.state == IncidentState.OPEN, Incident.element_id.is_not(None)
    )
    failed = tuple(sorted({element for element in db.session.scalars(open_incidents) if element}))
    return DiagramState(marked, dict(case.visits or {}), failed)


def _light() -> tuple[ORMOption, ...]:
    return (
        defer(Case.variables),
        defer(Case.visits),
        defer(Case.marked),
        joinedload(Case.owner).load_only(User.name, User.display_name),
    )


def _readable_or_not_found(case: Case | None, by: Actor) -> Case:
    if case is None:
        raise NotFound(NotFound.__doc__)
    require(by, Action.READ_CASE, case)
    logs.about(case.number)
    return case
