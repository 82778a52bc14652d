"""Service levels by the real worker: each is escalated once, however often it is woken, and not before its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from service import create_app, jobs
from service.db import db
from service.models import SYSTEM, AuditEntry, Case, HumanTask, ServiceClock
from service.operations import cases, deployments
from service.worker import loop
from tests.conftest import config_for

Wait = Callable[[Callable[[], bool]], None]
MEASURED = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t"
 xmlns:case="urn:casewright:bpmn:1.0"><process id="quick" isExecutable="true" case:numberPrefix="Q">
 <startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/><userTask id="t" case:candidateGroups="clerks"
 case:priority="10"><extensionElements><case:serviceLevel target="PT2S" warning="PT1S"><case:onWarning priority="50"/>
 <case:onBreach priority="90"/></case:serviceLevel></extensionElements></userTask>
 <sequenceFlow id="b" sourceRef="t" targetRef="e"/><endEvent id="e"/></process></definitions>"""


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    app = create_app(config_for(database_url))
    with app.app_context():
        deployments.deploy({"quick.bpmn": MEASURED}, by=SYSTEM)
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def working(app: Flask) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(app,), kwargs={"executor_id": "here", "stop": stop})
    thread.start()
    yield
    db.session.rollback()  # on SQLite our own open transaction would hold up the worker's last writes
    stop.set()
    thread.join()


def told() -> list[tuple[str, AuditEntry]]:
    chosen = sa.select(AuditEntry).where(AuditEntry.action.in_(("level:warned", "level:breached")))
    found = [(entry.action, entry) for entry in db.session.scalars(chosen.order_by(AuditEntry.case_id, AuditEntry.seq))]
    db.session.rollback()
    return found


def test_each_level_is_warned_of_and_breached_once(app: Flask, wait: Wait, request: pytest.FixtureRequest) -> None:
    definition = deployments.latest_definition("quick")
    assert definition is not None
    for _ in range(5):
        cases.begin(definition, {}, by=SYSTEM)
    db.session.commit()
    clocks = {clock.case_id: (clock.warn_at, clock.due_at) for clock in db.session.scalars(sa.select(ServiceClock))}
    for clock in db.session.scalars(sa.select(ServiceClock)):  # wake-ups that come twice, or early
        jobs.enqueue("look_at_level", {"clock": str(clock.id), "seq": clock.seq}, partition=str(clock.case_id))
        jobs.enqueue("look_at_level", {"clock": str(clock.id), "seq": clock.seq - 1}, partition=str(clock.case_id))
    db.session.commit()
    request.getfixturevalue("working")

    wait(lambda: len(told()) >= 10)

    entries = told()
    assert [action for action, _ in entries] == ["level:warned", "level:breached"] * 5
    for action, entry in entries:
        warn_at, due_at = clocks[entry.case_id]
        assert entry.at >= (warn_at if action == "level:warned" else due_at)
    assert {task.priority for task in db.session.scalars(sa.select(HumanTask))} == {90}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Case)) == 5
