"""Many cases move to a new version, and back, while the workers that move them are killed again and again (F15)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service import audit
from service.db import db
from service.engine.change.plan import Plan
from service.maintenance import comparison
from service.models import (
    SYSTEM,
    AuditEntry,
    Case,
    HumanTask,
    MigratedCase,
    Migration,
    MigrationState,
    Outcome,
    ProcessDefinition,
    Timer,
)
from service.operations import cases, deployments, migrations
from tests.durability import office
from tests.durability.office import count, wait
from tests.durability.server import Server

BEFORE = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:chaos" id="moves-model"
             xmlns:case="urn:casewright:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <process id="moves" name="Moves" isExecutable="true" case:numberPrefix="MOV">
    <startEvent id="start" />
    <exclusiveGateway id="checked" name="Checked?" default="a" />
    <userTask id="Check" name="Check" case:candidateGroups="clerks" />
    <boundaryEvent id="Late" attachedToRef="Check" cancelActivity="false">
      <timerEventDefinition id="t"><timeDuration xsi:type="tFormalExpression">P3D</timeDuration></timerEventDefinition>
    </boundaryEvent>
    <userTask id="Sign" name="Sign" case:candidateGroups="clerks" />
    <endEvent id="end" /><endEvent id="noted" />
    <sequenceFlow id="s" sourceRef="start" targetRef="checked" />
    <sequenceFlow id="a" sourceRef="checked" targetRef="Check" />
    <sequenceFlow id="y" sourceRef="checked" targetRef="Sign">
      <conditionExpression xsi:type="tFormalExpression">= checked</conditionExpression>
    </sequenceFlow>
    <sequenceFlow id="b" sourceRef="Check" targetRef="Sign" />
    <sequenceFlow id="c" sourceRef="Sign" targetRef="end" />
    <sequenceFlow id="d" sourceRef="Late" targetRef="noted" />
  </process>
</definitions>"""
#: *Check* has another id, and *Sign* is gone: what stands there has to stay.
AFTER = BEFORE.replace(b'"Check"', b'"Verify"').replace(b'"Sign"', b'"Seal"')
PLAN = Plan(elements={"Check": "Verify"})
STAY = 10  #: every so many-th case stands at *Sign*
WRONG = ("interrupted_lost", "interrupted_not_as_before", "interrupted_broken_audit_chains")


def run(url: str, how_many: int, kills: int, *, with_tables: bool = True) -> dict[str, Any]:
    """Move `how_many` cases on the database `url` and bring them back, with so many kills on each way; the figures."""
    with office.closed(url, {"moves.bpmn": BEFORE}, with_tables=with_tables) as (environment, _token):
        open_cases(how_many)
        source, target = versions()
        before = _standing()
        workers = Server.of_workers(environment)
        workers.start()
        try:
            order = migrations.order(source, target, PLAN, by=SYSTEM, reason="A better name")
            db.session.commit()
            began = time.monotonic()
            killed = _disturb(workers, order, how_many, kills)
            took = time.monotonic() - began
            lost = _lost(order, how_many)
            back = migrations.order_return(order, by=SYSTEM, reason="It was better before")
            db.session.commit()
            killed += _disturb(workers, back, how_many - how_many // STAY, kills)
        finally:
            workers.kill()
        return {
            "interrupted_cases": how_many,
            "interrupted_kills": killed,
            "interrupted_moved_per_s": round(how_many / took, 1),
            "interrupted_lost": lost,
            "interrupted_not_as_before": len(before ^ _standing()),
            "interrupted_broken_audit_chains": len([*audit.verify(), *comparison.differences()]),
        }


def open_cases(how_many: int) -> None:
    """Open so many cases of the version before, every tenth at *Sign*."""
    for number in range(how_many):
        cases.begin(_latest(), {"checked": number % STAY == STAY - 1}, by=SYSTEM)
        if number % 50 == 49:
            db.session.commit()
            db.session.expunge_all()
    db.session.commit()


def _latest() -> ProcessDefinition:
    found = deployments.latest_definition("moves")
    assert found is not None
    return found


def versions() -> tuple[ProcessDefinition, ProcessDefinition]:
    """Deploy the version after; both."""
    source = _latest()
    deployments.deploy({"moves.bpmn": AFTER}, by=SYSTEM)
    db.session.commit()
    return source, _latest()


def _disturb(workers: Server, order: Migration, how_many: int, kills: int) -> int:
    """Kill all workers as often, each time when some more cases are done, until the order is; how often it was."""
    killed, of = 0, order.id  # asked of the order each time, SQLite would have us wait among those who write
    for turn in range(kills):
        wanted = (turn + 1) * how_many // (kills + 1)
        wait(lambda wanted=wanted: _done(of) >= wanted, 600)  # type: ignore[misc]
        killed += _is(of, MigrationState.RUNNING)
        workers.kill()
        workers.start()
    wait(lambda: _is(of, MigrationState.DONE), 600)
    return killed


def _is(of: UUID, state: MigrationState) -> bool:
    return count(Migration, Migration.id == of, Migration.state == state) == 1


def _done(of: UUID) -> int:
    return count(MigratedCase, MigratedCase.migration_id == of, MigratedCase.outcome != Outcome.WAITING)


def _lost(order: Migration, how_many: int) -> int:
    """Cases that were not moved exactly once, or left where they are with a reason."""
    there = MigratedCase.migration_id == order.id
    rows = db.session.execute(sa.select(MigratedCase.case_id, MigratedCase.outcome).where(there))
    outcomes = {row.case_id: row.outcome for row in rows}
    pinned = sa.select(Case.id, ProcessDefinition.version).join(Case.definition)
    version_of = {row.id: row.version for row in db.session.execute(pinned)}
    said = sa.select(AuditEntry.case_id).where(AuditEntry.action == "case:migrated")
    times = Counter(db.session.scalars(said))
    unsaid = count(MigratedCase, there, MigratedCase.outcome == Outcome.UNTOUCHED, MigratedCase.message.is_(None))
    wanted = {Outcome.MOVED: (2, 1), Outcome.UNTOUCHED: (1, 0)}
    right = [case for case, outcome in outcomes.items() if (version_of[case], times[case]) == wanted.get(outcome)]
    untouched = sum(outcome is Outcome.UNTOUCHED for outcome in outcomes.values())
    return how_many - len(right) + unsaid + abs(untouched - how_many // STAY)


def _standing() -> set[Hashable]:
    """How each case stands: what is stored of it, and its open tasks and timers."""
    db.session.rollback()
    columns = (Case.id, Case.definition_id, Case.state, Case.snapshot, sa.cast(Case.marked, sa.String))
    tasks_ = sa.select(HumanTask.case_id, HumanTask.activity_id, HumanTask.element_id, HumanTask.due_at)
    timers = sa.select(Timer.case_id, Timer.element_id, Timer.due_at)
    found = [*db.session.execute(sa.select(*columns)), *db.session.execute(tasks_.where(HumanTask.closed_at.is_(None)))]
    return {tuple(row) for row in [*found, *db.session.execute(timers)]}
