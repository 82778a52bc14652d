"""Clocks that are wrong: a timer fires when its time has come by the database's clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import create_inner
from service.db import database_now, db
from service.models import SYSTEM, AuditEntry, Case, CaseState, Timer
from service.operations import cases, deployments
from service.worker import job_types, loop
from tests.conftest import config_for
from tests.durability.office import count
from tests.durability.test_timers import WAITS

assert job_types  # registers the jobs
Wait = Callable[..., object]
HOUR = timedelta(hours=1)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    app = create_inner(config_for(database_url))
    with app.app_context():
        deployments.deploy({"waits.bpmn": WAITS}, by=SYSTEM)
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def working(app: Flask) -> Iterator[Callable[[], None]]:
    """Call it to start a worker in this process."""
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(app,), kwargs={"executor_id": "here", "stop": stop})
    yield thread.start
    stop.set()
    if thread.ident is not None:
        thread.join()


def start() -> datetime:
    """Open a case with a timer; when it is due."""
    definition = deployments.latest_definition("waits")
    assert definition is not None
    cases.begin(definition, {}, by=SYSTEM)
    db.session.commit()
    due = db.session.scalars(sa.select(Timer.due_at).order_by(Timer.due_at.desc())).first()
    db.session.rollback()
    assert due is not None
    return due


def is_done() -> bool:
    return not count(Case, Case.state == CaseState.ACTIVE)


@contextmanager
def clocks_wrong_by(error: timedelta) -> Iterator[None]:
    """All clocks of this process are; those of the database's server are not."""
    with time_machine.travel(datetime.now().astimezone() + error, tick=True):
        yield


def now() -> datetime:
    found = database_now()
    db.session.rollback()
    return found


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("error", [timedelta(minutes=10), -HOUR], ids=str)
def test_a_worker_whose_clock_is_wrong_fires_in_time_all_the_same(
    working: Callable[[], None], error: timedelta, wait: Wait
) -> None:
    due = start()

    with clocks_wrong_by(error):
        working()
        wait(is_done)
        done = now()

    assert due <= done < due + timedelta(minutes=1)  # a minute for busy machines: the errors are far more
    assert count(AuditEntry, AuditEntry.action == "timer:fired") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_when_the_one_machine_s_clock_is_set_back_timers_wait_and_fire_once_when_it_is_right_again(
    working: Callable[[], None], wait: Wait
) -> None:
    due = start()

    with clocks_wrong_by(-HOUR):
        working()
        time.sleep(3)
        early = is_done()
    wait(is_done)

    assert not early
    assert now() >= due
    assert count(AuditEntry, AuditEntry.action == "timer:fired") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_armed_by_a_clock_that_was_ahead_fires_once_at_the_time_that_it_was_armed_for(
    working: Callable[[], None], wait: Wait
) -> None:
    with clocks_wrong_by(timedelta(seconds=1)):
        due = start()
    working()
    wait(is_done)

    assert now() >= due
    assert count(AuditEntry, AuditEntry.action == "timer:fired") == 1
