"""Cases that the actor may read: found, listed, and where each one stands."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased, defer, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from service import logs
from service.db import db, rows
from service.errors import NotFound
from service.models import (
    Actor,
    Case,
    CaseState,
    Incident,
    IncidentState,
    User,
)
from service.policy.asking import Asker, asked_by, asker
from service.policy.permissions import Action, may, require
from service.queries import search
from service.queries.actions import know_roles
from service.queries.pages import LIMIT, Page, Sort, page
from service.queries.visibility import listed, readable, reads_few

NEWEST = (Sort(Case.id, uuid.UUID, descending=True),)
_DUE, _OLDEST = Sort(Case.due_at, datetime, nullable=True), Sort(Case.id, uuid.UUID)
#: What a list of cases may be sorted by; ids are in the order of opening, what is not due comes last.
SORTS = {
    "newest": NEWEST,
    "oldest": (_OLDEST,),
    "due": (_DUE, _OLDEST),
    "priority": (Sort(Case.priority, int, descending=True), _DUE, _OLDEST),
}
LOOKED_AT = 200  #: cases that are looked at to count those among them that somebody may read

_NUMBERED = sa.select(Case).where(Case.number == sa.bindparam("number")).options(joinedload(Case.owner))


class Counted(NamedTuple):
    """How many there are, or (not `is_all`) at least."""

    number: int
    is_all: bool


@dataclass(frozen=True)
class DiagramState:
    """What the live diagram shows: tokens and completions per element or flow id, and where it is stuck."""

    marked: Mapping[str, int]
    visits: Mapping[str, int]
    failed: tuple[str, ...]


def get(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case. Raises `NotFound` also for a case that `by` may not read."""
    return _readable_or_not_found(_one().get(db.session(), case_id, case_id=case_id), by)


@cache
def _one() -> rows.Query:
    """A case without what lists and pages do not show, as the mapper says it."""
    shown = [getattr(Case, column.key) for column in sa.inspect(Case).column_attrs if not column.deferred]
    return rows.Query([shown], lambda select: select.where(Case.id == sa.bindparam("case_id")))


def to_move(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case, also for who may not read it, but move it to another version. Raises `NotFound`."""
    return _also_for(Action.MIGRATE, case_id, by)


def to_modify(case_id: uuid.UUID, *, by: Actor) -> Case:
    """The case, also for who may not read it, but change where it stands. Raises `NotFound`."""
    return _also_for(Action.MODIFY, case_id, by)


def numbered_to_modify(number: str, *, by: Actor) -> Case:
    """The same by its readable number."""
    case = db.session.scalar(_NUMBERED, {"number": number})
    return case if case is not None and may(by, Action.MODIFY, case) else _readable_or_not_found(case, by)


def _also_for(action: Action, case_id: uuid.UUID, by: Actor) -> Case:
    case = db.session.get(Case, case_id)
    return case if case is not None and may(by, action, case) else _readable_or_not_found(case, by)


def numbered_to_move(number: str, *, by: Actor) -> Case:
    """The same, by the case's number."""
    case = db.session.scalar(_NUMBERED, {"number": number})
    if case is None:
        raise NotFound(NotFound.__doc__)
    return to_move(case.id, by=by)


def by_number(number: str, *, by: Actor) -> Case:
    """The case with this readable number. Raises `NotFound` as `get` does."""
    case = db.session.scalar(_NUMBERED, {"number": number})
    if case is not None:
        know_roles(case)
    return _readable_or_not_found(case, by)


def version(number: str, *, by: Actor) -> int:
    """The version of the case with this number. Raises `NotFound` also where `by` may not read it."""
    found = db.session.scalar(_version(asker(by)), {"number": number, **asked_by(by)})
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found


@cache
def _version(who: Asker) -> sa.Select[int]:
    return sa.select(Case.version).where(Case.number == sa.bindparam("number"), readable(who))


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
    filtered: Sequence[sa.ColumnElement[bool]] = (),
    sort: str = "newest",
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Case]:
    """Cases that `actor` may read; `owner` is a user name, `text`: see queries/search.py, `sort` is one of SORTS,
    `filtered` are conditions of queries/filtering.

    The rows come without variables, visits and marks. Plan fragments are parts of their cases and not listed.
    """
    conditions = [listed(actor), Case.fragment.is_(False), *filtered]
    if state is not None:
        conditions += _in_state(state)
    if case_type is not None:
        conditions.append(Case.case_type == case_type)
    if owner is not None:
        own = aliased(Case)
        conditions.append(Case.id.in_(sa.select(own.id).join(User, User.id == own.owner_id).where(User.name == owner)))
    if text:
        conditions.append(search.cases(text))
    for column, value in ((Case.stage, stage), (Case.created_by, created_by), (Case.parent_id, parent_id)):
        if value is not None:
            conditions.append(column == value)
    if created_from is not None:
        conditions.append(Case.created_at >= created_from)
    if due_before is not None:
        conditions.append(Case.due_at < due_before)
    return page(Case, *conditions, sorts=SORTS[sort], limit=limit, cursor=cursor, options=_light())


def _in_state(state: CaseState) -> list[sa.ColumnElement[bool]]:
    """That it is closed or not follows; it is what the indexes of open and of closed cases are known by."""
    return [Case.state == state, Case.closed_at.is_not(None) if state.is_closed else Case.closed_at.is_(None)]


def numbers(actor: Actor, *, most: int) -> Mapping[CaseState, Counted]:
    """How many cases of each state `actor` may read; counting stops at `most`, and after so many that they may not, so
    that it costs the same for ever."""
    found = [_counted(actor, most, *_in_state(state)) for state in CaseState]
    row = db.session.execute(sa.select(*(part for each in found for part in each))).one()
    pairs = zip(row[::2], row[1::2], strict=True)
    return {
        state: Counted(number, number >= most or not more)
        for state, (number, more) in zip(CaseState, pairs, strict=True)
    }


def _counted(
    actor: Actor, most: int, *conditions: sa.ColumnElement[bool]
) -> tuple[sa.ScalarSelect[int], sa.ColumnElement[bool]]:
    """How many cases under `conditions` `actor` may read, up to `most`; and whether not all were looked at."""
    chosen = sa.select(Case.id).where(*conditions, Case.fragment.is_(False))
    if reads_few(actor):
        theirs = chosen.where(listed(actor))
        more: sa.ColumnElement[bool] = sa.false()
    else:
        newest = chosen.order_by(Case.id.desc())
        theirs = sa.select(Case.id).where(Case.id.in_(newest.limit(LOOKED_AT)), readable(actor))
        more = newest.offset(LOOKED_AT).limit(1).scalar_subquery().is_not(None)
    return sa.select(sa.func.count()).select_from(theirs.limit(most).subquery()).scalar_subquery(), more


def exactly(number: str, *, by: Actor) -> Case | None:
    """The case with this very number, however it is written, in whatever state; None where `by` may not read it."""
    spellings = {number, number.upper()}
    chosen = sa.select(Case).where(Case.number.in_(spellings), readable(by)).options(*_light())
    return db.session.scalars(chosen.limit(1)).one_or_none()


def how_many(actor: Actor, text: str, *, most: int = 100) -> int:
    """How many cases in any state `text` finds; counting stops at `most`."""
    found = sa.select(Case.id).where(listed(actor), Case.fragment.is_(False), search.cases(text)).limit(most)
    return db.session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def running(definitions: Iterable[uuid.UUID], *, actor: Actor, most: int = 100) -> Mapping[uuid.UUID, int]:
    """Definition id -> how many of its cases that `actor` may read are not closed; counting stops at `most`,
    and of a definition with many, only the newest `LOOKED_AT` are looked at."""
    ids = list(definitions)
    if not ids:
        return {}
    open_cases = sa.select(Case.id).where(Case.closed_at.is_(None), Case.fragment.is_(False))
    if reads_few(actor):
        theirs = Case.id.in_(open_cases.where(Case.definition_id.in_(ids))), listed(actor)
    else:
        newest = open_cases.order_by(Case.id.desc()).limit(LOOKED_AT)
        looked_at = (newest.where(Case.definition_id == each).subquery() for each in ids)
        theirs = Case.id.in_(sa.union_all(*map(sa.select, looked_at))), readable(actor)
    counted = sa.select(Case.definition_id, sa.func.count().label("number")).where(*theirs).group_by(Case.definition_id)
    found = {row.definition_id: row.number for row in db.session.execute(counted)}
    return {each: min(found.get(each, 0), most) for each in ids}


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
        defer(Case.inline),
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
