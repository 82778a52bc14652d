"""The board of one case type: its open cases by stage, or their open tasks by person, as far as the actor may see them.

Each column is read by itself, in the order of an index and up to a bound, however many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from service.db import db
from service.languages import _
from service.models import Actor, Case, HumanTask, ProcessDefinition, User
from service.queries import tasks as task_lists
from service.queries.actions import know_roles
from service.queries.filtering import Conditions
from service.queries.visibility import listed_of_type, or_own

SHOWN, MOST = 20, 200  #: cards of a column at first, and once one asks for more
COUNTED = 99  #: beyond, a column says “99+”
STAGES, PEOPLE = 40, 12  #: columns, besides nobody's and one's own
VERSIONS = 20  #: whose stages are looked for
LOOKED_AT = 500  #: cases, the most urgent ones, whose people have columns
_CASE_ORDER = Case.due_at.is_(None), Case.due_at, Case.id
_TASK_ORDER = HumanTask.due_at.is_(None), HumanTask.due_at, HumanTask.id


@dataclass(frozen=True)
class Card:
    """A case with its open tasks, or one task."""

    case: Case
    tasks: Sequence[HumanTask]
    due_at: datetime | None  #: when the first of it is due

    @property
    def task(self) -> HumanTask:
        return self.tasks[0]


@dataclass(frozen=True)
class Column:
    """Cases of a stage, or tasks of a person; `key` is empty for no stage, and for nobody."""

    key: str
    name: str
    cards: Sequence[Card]
    number: int  #: of cards that there are, counted up to `COUNTED` and one
    limit: int | None = None

    @property
    def counted(self) -> str:
        return f"{COUNTED}+" if self.number > COUNTED else str(self.number)

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.number > self.limit

    @property
    def is_more(self) -> bool:
        return self.number > len(self.cards)


def stages(definition: ProcessDefinition) -> Mapping[str, tuple[str, int | None]]:
    """Stage -> its name and its limit, in the order of the diagram."""
    found = definition.info.get("stages", ())[:STAGES]
    return {each["id"]: (each["name"], each.get("limit")) for each in found}


def by_stage(
    actor: Actor, definition: ProcessDefinition, *, filtered: Conditions = (), more: str | None = None
) -> Sequence[Column]:
    """The open cases of the type by stage; those in none, or in one that only an older version has, if there are any.

    `more`: the stage of which more is shown.
    """
    known, found = stages(definition), []
    open_ones = (
        Case.case_type == definition.key,
        Case.closed_at.is_(None),
        listed_of_type(actor, definition.key),
        *filtered,
    )
    for key, (name, limit) in {"": (_("No stage"), None), **known, **_older(definition, known)}.items():
        place = Case.stage.is_(None) if key == "" else Case.stage == key
        most = MOST if more == key else SHOWN
        rows = db.session.scalars(
            sa.select(Case)
            .where(*open_ones, place)
            .order_by(*_CASE_ORDER)
            .limit(_just(most))
            .options(joinedload(Case.owner))
        ).all()
        if rows or key in known:
            number = _number(sa.select(Case.id).where(*open_ones, place)) if len(rows) == most else len(rows)
            found.append(Column(key, name, _cards(rows), number, limit))
    return found


def _older(definition: ProcessDefinition, known: Mapping[str, Any]) -> Mapping[str, tuple[str, int | None]]:
    """The stages that only older versions of the type have."""
    others = sa.select(ProcessDefinition.info).where(ProcessDefinition.key == definition.key)
    infos = db.session.scalars(others.order_by(ProcessDefinition.version.desc()).limit(VERSIONS))
    named = {each["id"]: each["name"] for info in infos for each in info.get("stages", ())}
    return {key: (name, None) for key, name in list(named.items())[:STAGES] if key not in known}


def _cards(cases: Sequence[Case]) -> Sequence[Card]:
    know_roles(*cases)
    tasks = task_lists.open_of([case.id for case in cases])
    return [_card(case, tasks.get(case.id, ())) for case in cases]


def _card(case: Case, tasks: Sequence[HumanTask]) -> Card:
    due = [at for at in (case.due_at, *(task.due_at for task in tasks)) if at is not None]
    return Card(case, tasks, min(due, default=None))


def by_person(
    actor: Actor, definition: ProcessDefinition, *, filtered: Conditions = (), more: str | None = None
) -> Sequence[Column]:
    """The open tasks of the type: nobody's, the actor's own, and those of who has most in the most urgent cases."""
    of_type, may_read = (_is_of(definition), Case.closed_at.is_(None)), listed_of_type(actor, definition.key)
    there = HumanTask.closed_at.is_(None), *of_type, *filtered
    open_ones = *there, or_own(actor, may_read)
    columns = [
        _of_person(None, _("Nobody yet"), (*there, may_read), more),
        _of_person(actor.name, "You", open_ones, more),
    ]
    urgent = sa.select(Case.id).where(*of_type).order_by(*_CASE_ORDER).limit(_just(LOOKED_AT)).subquery()
    theirs = _tasks(HumanTask.assignee).join(urgent, urgent.c.id == Case.id).where(*open_ones)
    counted = Counter(db.session.scalars(theirs.where(HumanTask.assignee != actor.name)))
    names = sorted(filter(None, counted), key=lambda name: (-counted[name], name))[:PEOPLE]
    return [*columns, *_of_people(names, open_ones, more)]


def _is_of(definition: ProcessDefinition) -> sa.ColumnElement[bool]:
    """That a case is of the type, which stands in the statement: types are of very different sizes, and a plan for all
    of them is wrong for the large ones."""
    return Case.case_type == sa.bindparam("board_of", definition.key, sa.String, literal_execute=True)


def _just(number: int) -> sa.ColumnElement[int]:
    """A limit that stands in the statement: of one that is a parameter, a plan for all of them thinks that it is large,
    and sorts everything."""
    return sa.literal_column(str(number), sa.Integer)


def _tasks(*what: Any) -> sa.Select[Any]:
    return sa.select(*what).join(Case, Case.id == HumanTask.case_id)


def _of_person(name: str | None, called: str, open_ones: Sequence[Any], more: str | None) -> Column:
    place = HumanTask.assignee.is_(None) if name is None else HumanTask.assignee == name
    most, key = MOST if more == (name or "") else SHOWN, name or ""
    chosen = _tasks(HumanTask).where(*open_ones, place).order_by(*_TASK_ORDER).limit(_just(most))
    rows = db.session.scalars(chosen.options(contains_eager(HumanTask.case))).all()
    number = _number(_tasks(HumanTask.id).where(*open_ones, place)) if len(rows) == most else len(rows)
    return Column(key, called, [Card(task.case, [task], task.due_at) for task in rows], number)


def _of_people(names: Sequence[str], open_ones: Sequence[Any], more: str | None) -> Sequence[Column]:
    """Everybody's tasks in one statement: nobody has many, and who may see them is worked out once."""
    place = sa.func.row_number().over(partition_by=HumanTask.assignee, order_by=_TASK_ORDER).label("place")
    number = sa.func.count().over(partition_by=HumanTask.assignee).label("number")
    ranked = _tasks(HumanTask.id, place, number)
    found = ranked.where(*open_ones, HumanTask.assignee.in_(names)).subquery()
    shown = sa.case((HumanTask.assignee == (more or ""), MOST), else_=SHOWN)
    chosen = _tasks(HumanTask, found.c.number).join(found, found.c.id == HumanTask.id).where(found.c.place <= shown)
    rows = db.session.execute(chosen.order_by(found.c.place).options(contains_eager(HumanTask.case))).all()
    called = {each.name: each.display_name for each in db.session.scalars(sa.select(User).where(User.name.in_(names)))}
    columns = []
    for name in names:
        mine = [(task, there) for task, there in rows if task.assignee == name]
        there = min(mine[0][1], COUNTED + 1) if mine else 0
        cards = [Card(task.case, [task], task.due_at) for task, _ in mine]
        columns.append(Column(name, called.get(name, name), cards, there))
    return columns


def _number(ids: sa.Select[Any]) -> int:
    found = ids.limit(_just(COUNTED + 1)).subquery()
    return db.session.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()
