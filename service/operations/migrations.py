"""MIGRATIONS: many cases move by one order, or return by one. Jobs do it (worker/job_types.py), each case in a
transaction of its own, so that wherever one is interrupted each case is moved or untouched, with a reason.

An order runs, is paused (by hand, after its trial, or when too many cases could not move), is stopped for good, or
done. What becomes of each case stands beside it. Who may order it moves every case of the version, restricted ones
too: the order tells nothing of what they hold.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from service import audit, jobs
from service.db import Base, db, new_id, utcnow
from service.engine.change.plan import Plan, Verdict
from service.engine.change.steps import Step
from service.errors import BadRequest, NotFound, ServiceError, WrongState
from service.execution.chosen import Chosen
from service.execution.running import lock
from service.languages import _
from service.models import (
    Actor,
    Case,
    MigratedCase,
    Migration,
    MigrationState,
    ModificationState,
    Outcome,
    ProcessDefinition,
)
from service.operations import migration as single
from service.operations import modification
from service.policy.permissions import Action, require

_NOTED = ("outcome", "message", "element_id", "at", "snapshot", "kept", "stood")
STEPS = "steps"  #: in the plan of an order that changes cases by hand
AT_ONCE = 50  #: cases that are looked up together


class NoCases(WrongState):
    """There is nothing to move."""


@dataclass(frozen=True)
class Terms:
    """How an order is carried out."""

    trial: int | None = None  #: after so many cases it is paused, for somebody to look
    most_untouched: int | None = None  #: when more than so many could not move it is paused
    up_to: Verdict = Verdict.WITH_PLAN  #: the worst verdict of a case that is moved


@dataclass(frozen=True)
class Counts:
    """What has become of the cases of an order."""

    by_outcome: Mapping[Outcome, int] = field(default_factory=dict)

    def __getitem__(self, outcome: Outcome) -> int:
        return self.by_outcome.get(outcome, 0)

    @property
    def all(self) -> int:
        return sum(self.by_outcome.values())


def order(
    source: ProcessDefinition,
    target: ProcessDefinition,
    plan: Plan,
    *,
    by: Actor,
    reason: str,
    chosen: Chosen | None = None,
    terms: Terms | None = None,
    among: sa.ColumnElement[bool] | None = None,
) -> Migration:
    """Have the chosen cases of `source` moved to `target`; `among`: only these rows. Raises `NoCases` for none."""
    require(by, Action.MIGRATE_CASES)
    if source.key != target.key or source.id == target.id:
        raise BadRequest(_("Cases move between two versions of one process."), field="to")
    chosen, terms = chosen or Chosen(), terms or Terms()
    made = _made(source.id, target.id, plan.as_json(), chosen.as_json(), by=by, reason=reason, terms=terms)
    _begin(made, _whose(source, chosen, among), "There is no such case of this version.")
    details = {"from": source.version, "to": target.version, "cases": counts(made.id).all, "reason": made.reason}
    audit.installation.record("migration:ordered", by=by, subject=source.key, details=details)
    return made


def order_modification(
    version: ProcessDefinition,
    steps: Sequence[Step],
    *,
    by: Actor,
    reason: str,
    chosen: Chosen | None = None,
    terms: Terms | None = None,
    among: sa.ColumnElement[bool] | None = None,
) -> Migration:
    """Have the chosen cases of a version changed by hand, all by the same steps. Raises `WrongState` without cases."""
    require(by, Action.MODIFY_CASES)
    if not steps:
        raise BadRequest(_("Say what is to be changed."), field="steps")
    if any(step.activity is not None for step in steps):
        raise BadRequest(_("An activity is of one case; steps for many name elements."), field="steps")
    chosen, terms = chosen or Chosen(), terms or Terms(up_to=Verdict.SAFE)
    plan = {STEPS: [step.as_json() for step in steps]}
    made = _made(version.id, version.id, plan, chosen.as_json(), by=by, reason=reason, terms=terms)
    _begin(made, _whose(version, chosen, among), "There is no such case of this version.")
    details = {"version": version.version, "cases": counts(made.id).all, "reason": made.reason}
    audit.installation.record("modification:ordered", by=by, subject=version.key, details=details)
    return made


def order_return(before: Migration, *, by: Actor, reason: str) -> Migration:
    """Have all cases that `before` moved return. Raises `WrongState` while it is not over, or where none is left."""
    require(by, Action.MIGRATE_CASES)
    if not before.state.is_over and before.state is not MigrationState.PAUSED:
        raise WrongState(_("This migration is running; pause or stop it first."))
    if STEPS in before.plan:
        raise WrongState(_("What was changed by hand does not return; change it once more."))
    if before.returns_id is not None:
        raise WrongState(_("This migration brought cases back. Move them again with a plan."))
    chosen = {"migration": str(before.id)}
    made = _made(before.target_id, before.source_id, {}, chosen, by=by, reason=reason, returns_id=before.id)
    there = MigratedCase.migration_id == before.id, MigratedCase.outcome == Outcome.MOVED
    _begin(made, sa.select(MigratedCase.case_id).where(*there), "No case of this migration could return.")
    if before.state is MigrationState.PAUSED:
        before.state, before.ended_at = MigrationState.STOPPED, utcnow()
    details = {"cases": counts(made.id).all, "reason": made.reason}
    audit.installation.record("migration:taken-back", by=by, subject=made.source.key, details=details)
    return made


def pause(order_: Migration, *, by: Actor) -> None:
    """Move no further case until it is resumed."""
    require(by, Action.MIGRATE_CASES)
    _locked(order_)
    _require(order_, MigrationState.RUNNING)
    order_.state, order_.note = MigrationState.PAUSED, f"Paused by {by.name}."


def resume(order_: Migration, *, by: Actor) -> None:
    """Go on with the cases that are left, after a pause or a trial; limits that it has met hold no longer."""
    require(by, Action.MIGRATE_CASES)
    _locked(order_)
    _require(order_, MigrationState.PAUSED)
    order_.state, order_.note, order_.trial, order_.most_untouched = MigrationState.RUNNING, None, None, None
    go_on(order_.id)


def stop(order_: Migration, *, by: Actor) -> None:
    """End it for good: what was moved stays moved, what waits stays where it is."""
    require(by, Action.MIGRATE_CASES)
    _locked(order_)
    if order_.state.is_over:
        raise WrongState(_("This migration is %(state)s.", state=order_.state))
    order_.state, order_.ended_at, order_.note = MigrationState.STOPPED, utcnow(), f"Stopped by {by.name}."
    left = sa.update(MigratedCase).where(MigratedCase.migration_id == order_.id, *_WAITING)
    said = "The migration was stopped before its turn."
    db.session.execute(
        left.values(outcome=Outcome.UNTOUCHED, message=said, at=utcnow()),
        execution_options={"synchronize_session": False},
    )
    details = {"stopped": str(order_.id)}
    audit.installation.record("migration:stopped", by=by, subject=order_.source.key, details=details)


def go_on(order_id: uuid.UUID) -> None:
    """Have a job do the next cases of an order."""
    jobs.enqueue("move_cases", {"order": str(order_id)}, partition=str(order_id))


# What the job does: each of these in a transaction of its own

_WAITING = (MigratedCase.outcome == sa.literal_column("'waiting'"),)  # a literal, for SQLite to use the index


def next_cases(order_id: uuid.UUID) -> tuple[single.Way | None, Sequence[uuid.UUID]]:
    """How, and which cases are to be done next; none when the order is paused, or over."""
    order_ = db.session.get(Migration, order_id, populate_existing=True)
    if order_ is None or order_.state is not MigrationState.RUNNING:
        return None, ()
    room = AT_ONCE
    if order_.trial is not None:
        found = counts(order_id)
        room = min(room, max(0, order_.trial - (found.all - found[Outcome.WAITING])))
    plan, by = Plan.from_json(order_.plan), Actor(None, order_.created_by)
    way = single.Way(order_id, order_.source_id, order_.target_id, plan, order_.reason, order_.returns_id, by)
    steps = tuple(Step.from_json(each) for each in order_.plan.get(STEPS, ()))
    way = replace(way, up_to=Verdict(order_.up_to), steps=steps)
    wanted = sa.select(MigratedCase.case_id).where(MigratedCase.migration_id == order_id, *_WAITING)
    return way, db.session.scalars(wanted.order_by(MigratedCase.case_id).limit(room)).all()


def do_next(way: single.Way, case_id: uuid.UUID) -> None:
    """Move one case, or bring it back, if it still waits for that; where it cannot be, say why beside it."""
    case = lock(case_id)
    if not _waits(way.order_id, case_id):
        return
    try:
        told = _one(way)(case, way)
    except ServiceError as refusal:  # raised before anything is changed
        told = _left(str(refusal), getattr(refusal, "element_id", None))
    _note(way.order_id, case_id, told)


def leave(way: single.Way, case_id: uuid.UUID, why: str) -> None:
    """A case could not be moved for a reason that nobody foresaw; what was begun is undone by now."""
    lock(case_id)
    if _waits(way.order_id, case_id):
        _note(way.order_id, case_id, _left(why))


def look(order_id: uuid.UUID) -> bool:
    """Pause or end an order that has come so far; whether it goes on."""
    order_ = db.session.scalars(_LOCKED, {"id": order_id}).one()
    if order_.state is not MigrationState.RUNNING:
        return False
    found = counts(order_id)
    waiting, untouched = found[Outcome.WAITING], found[Outcome.UNTOUCHED]
    if waiting == 0:
        order_.state, order_.ended_at, order_.note = MigrationState.DONE, utcnow(), None
        details = {"moved": found[Outcome.MOVED], "untouched": untouched}
        by = Actor(None, order_.created_by)
        audit.installation.record("migration:done", by=by, subject=order_.source.key, details=details)
    elif order_.most_untouched is not None and untouched > order_.most_untouched:
        order_.state, order_.note = MigrationState.PAUSED, f"{untouched} cases could not move."
    elif order_.trial is not None and found.all - waiting >= order_.trial:
        order_.state, order_.note = MigrationState.PAUSED, f"The trial of {order_.trial} cases is over."
    return order_.state is MigrationState.RUNNING


def counts(order_id: uuid.UUID) -> Counts:
    """How many cases of an order came to what."""
    db.session.flush()
    found = sa.select(MigratedCase.outcome, sa.func.count()).where(MigratedCase.migration_id == order_id)
    return Counts({row[0]: row[1] for row in db.session.execute(found.group_by(MigratedCase.outcome))})


#: Put together once, and asked of tables rather than of rows: that is done once for each case.
_CASES, _ORDERS = MigratedCase.__table__, Migration.__table__
_STANDING = (
    sa.select(_ORDERS.c.state, _CASES.c.outcome)
    .join(_CASES, _CASES.c.migration_id == _ORDERS.c.id)
    .where(_CASES.c.migration_id == sa.bindparam("order"), _CASES.c.case_id == sa.bindparam("case"))
)
_NOTING = (
    sa.update(Base.metadata.tables[MigratedCase.__tablename__])
    .where(_CASES.c.migration_id == sa.bindparam("order"), _CASES.c.case_id == sa.bindparam("which"))
    .values({name: sa.bindparam(f"_{name}") for name in _NOTED})
)
_LOCKED = (
    sa.select(Migration)
    .where(Migration.id == sa.bindparam("id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


def _made(
    source_id: uuid.UUID,
    target_id: uuid.UUID,
    plan: Mapping[str, Any],
    chosen: Mapping[str, Any],
    *,
    by: Actor,
    reason: str,
    terms: Terms | None = None,
    returns_id: uuid.UUID | None = None,
) -> Migration:
    terms = terms or Terms()
    return Migration(
        id=new_id(),
        source_id=source_id,
        target_id=target_id,
        plan=dict(plan),
        chosen=dict(chosen),
        reason=single.said(reason),
        state=MigrationState.RUNNING,
        trial=terms.trial,
        most_untouched=terms.most_untouched,
        up_to=str(terms.up_to),
        returns_id=returns_id,
        created_by=by.name,
    )


def _whose(version: ProcessDefinition, chosen: Chosen, among: sa.ColumnElement[bool] | None) -> sa.Select[uuid.UUID]:
    if chosen.text and among is None:
        raise ValueError("What a text finds depends on who asks: queries/choosing.py has to say which cases these are.")
    also = () if among is None else (among,)
    return sa.select(Case.id).where(Case.definition_id == version.id, *chosen.conditions(), *also)


def _begin(made: Migration, cases: sa.Select[Any], none: str) -> None:
    """Note each case of the order, and have a job begin. Raises `NoCases` where there is none; then nothing is done."""
    if db.session.scalar(cases.limit(1)) is None:
        raise NoCases(none)
    db.session.add(made)
    db.session.flush()
    chosen = cases.subquery()
    waiting = sa.literal(Outcome.WAITING.value).label("outcome")
    table = MigratedCase.__table__
    rows = sa.select(sa.literal(made.id, table.c.migration_id.type), chosen.c[0], waiting)
    put = sa.insert(MigratedCase).from_select(["migration_id", "case_id", "outcome"], rows, include_defaults=False)
    db.session.execute(put, execution_options={"synchronize_session": False})
    go_on(made.id)


def _waits(order_id: uuid.UUID, case_id: uuid.UUID) -> bool:
    """Whether it is still to be done, now that the case is locked."""
    found = db.session.execute(_STANDING, {"order": order_id, "case": case_id}).one_or_none()
    return found is not None and (found.state, found.outcome) == (MigrationState.RUNNING, Outcome.WAITING)


def _note(order_id: uuid.UUID, case_id: uuid.UUID, told: single.Told) -> None:
    """Write beside a case what became of it; `told` names columns."""
    rest = dict.fromkeys(("snapshot", "kept", "stood"))
    db.session.execute(_NOTING, {"order": order_id, "which": case_id, **{f"_{k}": v for k, v in (rest | told).items()}})


def _one(way: single.Way) -> Callable[[Case, single.Way], single.Told]:
    """What is done to each case."""
    if way.steps:
        return _modify
    return _move if way.returns_id is None else _give_back


def _move(case: Case, way: single.Way) -> single.Told:
    if case.definition_id != way.source_id:
        raise WrongState(_("The case is of another version by now."))
    return single.carry(case, way, by=way.by)


def _modify(case: Case, way: single.Way) -> single.Told:
    if case.definition_id != way.source_id:
        raise WrongState(_("The case is of another version by now."))
    if case.restricted:
        raise WrongState(modification.RESTRICTED)
    made = modification.modify_as_ordered(case, way.steps, by=way.by, reason=way.reason, up_to=way.up_to)
    if made.state is ModificationState.PROPOSED:
        return _left("It is proposed: cases of this type are changed when a second person agrees.")
    return {"outcome": Outcome.MOVED, "message": None, "element_id": None, "at": utcnow()}


def _give_back(case: Case, way: single.Way) -> single.Told:
    moved = single.last_of(case.id, way.returns_id)
    if moved is None:
        raise WrongState(_("The case has returned already."))
    return single.give_back(case, way, moved, by=way.by)


def _left(why: str, element_id: str | None = None) -> single.Told:
    return {"outcome": Outcome.UNTOUCHED, "message": why[:2000], "element_id": element_id, "at": utcnow()}


def _locked(order_: Migration) -> None:
    db.session.flush()
    if db.session.scalars(_LOCKED, {"id": order_.id}).one_or_none() is None:
        raise NotFound(NotFound.__doc__)


def _require(order_: Migration, state: MigrationState) -> None:
    if order_.state is not state:
        raise WrongState(_("This migration is %(state)s.", state=order_.state))
