"""Timers of real cases: by the database's clock, once, not before their time, and not after they were cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import create_app, jobs
from service.db import db, utcnow
from service.models import SYSTEM, AuditEntry, Case, CaseState, Timer
from service.models.jobs import job_status
from service.operations import cases, deployments
from service.worker import job_types, loop
from tests.conftest import config_for

assert job_types  # registers the jobs
Wait = Callable[..., None]

WAITS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:case="urn:casewright:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <process id="waits" name="Waits" isExecutable="true" case:numberPrefix="WAI">
    <startEvent id="start" />
    <sequenceFlow id="a" sourceRef="start" targetRef="pause" />
    <intermediateCatchEvent id="pause" name="Pause">
      <timerEventDefinition id="t"><timeDuration xsi:type="tFormalExpression">PT2S</timeDuration></timerEventDefinition>
    </intermediateCatchEvent>
    <sequenceFlow id="b" sourceRef="pause" targetRef="end" />
    <endEvent id="end" />
  </process>
</definitions>"""


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application."""
    app = create_app(config_for(database_url))
    with app.app_context():
        deployments.deploy({"waits.bpmn": WAITS}, by=SYSTEM)
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


def start(how_many: int = 1) -> list[Case]:
    definition = deployments.latest_definition("waits")
    assert definition is not None
    started = [cases.begin(definition, {}, by=SYSTEM) for _ in range(how_many)]
    db.session.commit()
    return started


def open_cases() -> int:
    found = db.session.scalar(sa.select(sa.func.count()).select_from(Case).where(Case.state == CaseState.ACTIVE))
    db.session.rollback()
    return found or 0


def fired() -> list[datetime]:
    found = db.session.scalars(sa.select(AuditEntry.at).where(AuditEntry.action == "timer:fired"))
    moments = list(found)
    db.session.rollback()
    return moments


def test_timers_fire_once_each_and_not_before_their_time(
    app: Flask, wait: Wait, request: pytest.FixtureRequest
) -> None:
    start(10)
    due = sorted(db.session.scalars(sa.select(Timer.due_at)))
    db.session.rollback()
    request.getfixturevalue("working")

    wait(lambda: open_cases() == 0)

    assert len(fired()) == 10
    for planned, happened in zip(due, sorted(fired()), strict=True):
        assert planned <= happened


def test_a_cancelled_timer_does_not_fire(app: Flask, wait: Wait, request: pytest.FixtureRequest) -> None:
    kept, cancelled = start(2)
    cases.cancel(cancelled, by=SYSTEM, reason="not needed")
    db.session.commit()
    request.getfixturevalue("working")

    wait(lambda: open_cases() == 0)
    time.sleep(1)

    assert len(fired()) == 1
    assert db.session.get_one(Case, cancelled.id).state is CaseState.TERMINATED
    assert db.session.get_one(Case, kept.id).state is CaseState.COMPLETED


def test_a_wake_up_that_comes_twice_or_with_an_old_number_fires_nothing(
    app: Flask, wait: Wait, request: pytest.FixtureRequest
) -> None:
    [case] = start()
    timer = db.session.scalars(sa.select(Timer)).one()
    for key, seq in (("again", timer.seq), ("old", timer.seq - 1)):
        arguments = {"timer": str(timer.id), "seq": seq}
        jobs.enqueue_at(timer.due_at, "fire_timer", arguments, partition=str(case.root_id), key=key)
    db.session.commit()
    request.getfixturevalue("working")

    wait(lambda: open_cases() == 0)
    time.sleep(1)

    assert len(fired()) == 1


def test_an_early_wake_up_waits_for_the_due_time(app: Flask, wait: Wait, request: pytest.FixtureRequest) -> None:
    [case] = start()
    timer = db.session.scalars(sa.select(Timer)).one()
    due = timer.due_at
    arguments = {"timer": str(timer.id), "seq": timer.seq}
    jobs.enqueue("fire_timer", arguments, partition=str(case.root_id), key="early")
    db.session.commit()
    request.getfixturevalue("working")

    wait(lambda: open_cases() == 0)

    [happened] = fired()
    assert due <= happened


def test_a_web_server_whose_clock_is_wrong_delays_a_job_until_its_time_all_the_same(app: Flask) -> None:
    when = utcnow() + timedelta(hours=2)
    with time_machine.travel(utcnow() + timedelta(minutes=10), tick=False):
        jobs.enqueue_at(when, "fire_timer", {}, partition="p", key="k")
        db.session.commit()

    found = jobs.execute(sa.select(job_status.c.delay_until_epoch_ms).where(job_status.c.workflow_uuid == "k"))
    assert abs(found.scalar_one() - when.timestamp() * 1000) < 5
