"""Many timers with two workers: 10,000 that fall due at once, some that fall due one by one, and 1,000 cancelled."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from service.db import db, utcnow
from service.models import SYSTEM, AuditEntry, Case, CaseState
from service.operations import cases, deployments
from service.worker import loop
from tests.durability import office
from tests.durability.office import count, wait
from tests.durability.server import Server

WAITS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:chaos" id="waits-model"
             xmlns:case="urn:casewright:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <process id="waits" name="Waits" isExecutable="true" case:numberPrefix="WAI">
    <startEvent id="start" />
    <intermediateCatchEvent id="pause" name="Pause">
      <timerEventDefinition id="t"><timeDate xsi:type="tFormalExpression">= due</timeDate></timerEventDefinition>
    </intermediateCatchEvent>
    <endEvent id="end" />
    <sequenceFlow id="a" sourceRef="start" targetRef="pause" />
    <sequenceFlow id="b" sourceRef="pause" targetRef="end" />
  </process>
</definitions>"""
ONE_BY_ONE, CANCELLED = 100, 1000


def run(url: str, how_many: int) -> dict[str, Any]:
    """Figures for the database `url`; seconds unless named otherwise."""
    with office.closed(url, {"waits.bpmn": WAITS}) as (environment, _token):
        due = utcnow() + timedelta(seconds=how_many / 100 + 5)
        _start([due] * how_many)
        workers = Server.of_workers(environment)
        workers.start()
        try:
            probe = _probe()
            took = _all_fired(due)
            later = _cancelled(min(CANCELLED, how_many))
            lateness = _one_by_one(later)
            fired = sa.select(AuditEntry.case_id).where(AuditEntry.action == "timer:fired")
            wrong = count(Case, Case.state == CaseState.TERMINATED, Case.id.in_(fired))
        finally:
            workers.kill()
        return {
            "timers_due_at_once": how_many,
            "timers_fired_s": round(took, 1),
            "timer_lateness_p99_s": round(sorted(lateness)[int(len(lateness) * 0.99) - 1], 2),
            "due_probe_ms": round(probe * 1000, 2),
            "cancelled_timers_fired": wrong,
        }


def _start(dues: list[datetime]) -> list[Case]:
    """A case for each timer."""
    definition = deployments.latest_definition("waits")
    assert definition is not None
    started = []
    for number, due in enumerate(dues, 1):
        started.append(cases.begin(definition, {"due": due.isoformat()}, by=SYSTEM))
        if number % 100 == 0:
            db.session.commit()
    db.session.commit()
    return started


def _probe() -> float:
    """Seconds that one look at all that is armed takes."""
    took = []
    for _ in range(20):
        began = time.perf_counter()
        loop._look()
        took.append(time.perf_counter() - began)
    return median(took)


def _all_fired(due: datetime) -> float:
    began = time.monotonic() + max(0.0, (due - utcnow()).total_seconds())
    return wait(lambda: not count(Case, Case.state == CaseState.ACTIVE), 1200) - began


def _cancelled(how_many: int) -> datetime:
    """Start and cancel cases whose timers are about to fall due; when the last one does."""
    due = utcnow()
    for number in range(0, how_many, 50):
        due = utcnow() + timedelta(seconds=10)
        for case in _start([due] * min(50, how_many - number)):
            cases.cancel(case, by=SYSTEM, reason="not needed")
        db.session.commit()
    return due


def _one_by_one(since: datetime) -> list[float]:
    """Seconds by which timers are late that fall due at different times, from `since` on."""
    first = max(since, utcnow() + timedelta(seconds=3))
    dues = [first + timedelta(seconds=number / 10) for number in range(ONE_BY_ONE)]
    due_of = {case.id: due for case, due in zip(_start(dues), dues, strict=True)}
    wait(lambda: not count(Case, Case.state == CaseState.ACTIVE), 120)
    fired = sa.select(AuditEntry.case_id, AuditEntry.at).where(AuditEntry.action == "timer:fired")
    rows = db.session.execute(fired.where(AuditEntry.case_id.in_(due_of))).all()
    db.session.rollback()
    return [(row.at - due_of[row.case_id]).total_seconds() for row in rows]
