"""A paused worker, for restored copies: it goes on with cases, and calls nothing outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from service import create_app, jobs
from service.db import db
from service.jobs import attempts
from service.models import SYSTEM
from service.models.jobs import job_status
from service.operations import cases, deployments
from service.worker import loop
from tests.conftest import config_for
from tests.durability.test_timers import WAITS
from tests.operations.test_service_tasks import begin, of, office

__all__ = ["office"]


@contextmanager
def working(app: Flask) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(app,), kwargs={"executor_id": "here", "stop": stop})
    thread.start()
    try:
        yield
    finally:
        db.session.rollback()
        stop.set()
        thread.join()


def states() -> dict[str, int]:
    """How many jobs are in each state, by queue."""
    counted = sa.select(job_status.c.queue_name, job_status.c.status, sa.func.count()).where(job_status.c.name == "job")
    rows = jobs.execute(counted.group_by(job_status.c.queue_name, job_status.c.status)).all()
    db.session.rollback()
    return {f"{queue} {status}": number for queue, status, number in rows}


def until(condition: Any) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, states()
        db.session.rollback()  # on SQLite our own open transaction would hold up the worker
        time.sleep(0.1)
    db.session.rollback()


def test_a_paused_worker_fires_timers_and_leaves_calls_waiting_until_it_is_no_longer_paused(
    office: Any, database_url: str
) -> None:
    settings = {"CASEWRIGHT_HTTP_ALLOWED": "127.0.0.0/8"}
    paused, free = (create_app(config_for(database_url, CASEWRIGHT_PAUSED=each, **settings)) for each in ("yes", "no"))
    with paused.app_context():
        calling = begin(office.url, "200")
        deployments.deploy({"waits.bpmn": WAITS}, by=SYSTEM)
        definition = deployments.latest_definition("waits")
        assert definition is not None
        waiting = cases.begin(definition, {}, by=SYSTEM)
        db.session.commit()
        with working(paused):
            until(lambda: of(waiting)[0] == "completed")
            time.sleep(0.5)

        assert office.asked == [] and of(calling)[1] == ["call"]
        db.session.rollback()
        assert states()["connectors ENQUEUED"] == 1
        with working(free):
            until(lambda: of(calling)[1] == ["read"])

        assert len(office.asked) == 1
        db.session.remove()
        db.engine.dispose()
    with free.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_call_that_was_taken_before_the_worker_knew_goes_back(
    office: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(config_for(database_url, CASEWRIGHT_HTTP_ALLOWED="127.0.0.0/8"))
    with app.app_context():
        case = begin(office.url, "200")
        monkeypatch.setattr(jobs.state, "paused", True)
        with jobs.running_as(jobs.Run("one", "one", 1)), pytest.raises(SystemExit):
            attempts._attempt("call_service", {"case": str(case.id), "activity": "x"}, "p")

        assert office.asked == []
        db.session.remove()
        db.engine.dispose()
