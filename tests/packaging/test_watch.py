"""What ails the installation: told by `/readyz`, as a banner for operators, and as incidents that end by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.db import db, utcnow
from service.errors import WrongState
from service.jobs import queue
from service.maintenance import watch
from service.models import SYSTEM, Actor, Incident, IncidentState
from service.models.jobs import WorkerHeartbeat
from service.operations import incidents
from service.worker import job_types
from tests.api.conftest import Program
from tests.pages.conftest import Visitor

assert job_types  # registers the jobs
NOBODY = "No worker is at work: no timer fires, no service task is called."


def beat(worker_id: str, ago: float = 0.0) -> None:
    row = WorkerHeartbeat(worker_id=worker_id, seen_at=utcnow() - timedelta(seconds=ago), life="x", host="h", pid=1)
    db.session.merge(row)
    db.session.commit()


def due(ago: float) -> str:
    """A job that was due so many seconds ago; its id."""
    id_ = queue.put("take_kept_messages", {"case": "x"}, "p", f"key {ago}", delay=-ago)
    db.session.commit()
    return id_


def open_ones() -> list[str]:
    db.session.rollback()
    found = db.session.scalars(sa.select(Incident).where(Incident.state == IncidentState.OPEN).order_by(Incident.id))
    said = [each.message for each in found]
    db.session.rollback()
    return said


def test_readiness_tells_reasons_and_is_lost_only_where_no_page_can_be_served(app: Flask) -> None:
    def asked() -> tuple[int, str, list[str]]:
        answer = Program(app, None).get("/readyz")
        return answer.status_code, answer.json["status"], answer.json["reasons"]

    without_worker = asked()
    beat("one")
    with_worker = asked()
    due(54)
    late = asked()
    db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    db.session.commit()
    outdated = asked()
    db.session.execute(sa.text("DROP TABLE alembic_version"))
    db.session.commit()
    empty = asked()

    assert without_worker == (200, "degraded", [NOBODY])
    assert with_worker == (200, "ok", [])
    assert late[:2] == (200, "degraded") and late[2][0].startswith("Timers or jobs are late: the oldest was due at ")
    assert outdated[:2] == (503, "unavailable") and "older release" in outdated[2][0]
    assert empty == (503, "unavailable", ["The database has no tables of this release yet."])


def test_operators_see_on_every_page_that_no_worker_is_at_work(app: Flask, person: Callable[..., Actor]) -> None:
    ada, ann = Visitor(app, person("ada", admin=True)), Visitor(app, person("ann"))

    without = [who.get(path).text for who in (ada, ann) for path in ("/tasks", "/cases")]
    beat("one")
    with_one = ada.get("/tasks").text

    assert [NOBODY in page for page in without] == [True, True, False, False]
    assert NOBODY not in with_one


def test_a_worker_that_died_is_one_incident_until_it_is_back(app: Flask) -> None:
    beat("one")
    beat("two", ago=31)
    beat("three", ago=20)

    watch.look()
    watch.look()
    seen = open_ones()
    beat("two")
    watch.look()

    assert len(seen) == 1 and seen[0].startswith("The worker two (process 1 on h) has given no sign of life since ")
    assert open_ones() == []


def test_a_dead_worker_that_was_put_away_is_not_told_again(app: Flask) -> None:
    beat("two", ago=31)
    watch.look()
    incident = db.session.scalars(sa.select(Incident)).one()
    with pytest.raises(WrongState, match="nothing to try again"):
        incidents.retry(incident, by=SYSTEM)
    db.session.rollback()
    incidents.resolve(incident, by=SYSTEM)
    db.session.commit()

    watch.look()

    assert open_ones() == []


def test_late_jobs_are_an_incident_until_they_are_done(app: Flask) -> None:
    beat("one")
    job = due(25)
    due(-60)

    watch.look()
    seen = open_ones()
    jobs.cancel(job)
    db.session.commit()
    watch.look()

    assert len(seen) == 1 and seen[0].startswith("Timers or jobs are late: the oldest was due at ")
    assert open_ones() == []


def test_a_time_without_any_worker_is_told_afterwards(app: Flask) -> None:
    short, long = (utcnow() - timedelta(seconds=ago) for ago in (20, 2540))

    watch.nobody_worked(short)
    before = open_ones()
    watch.nobody_worked(long)
    watch.look()

    assert before == []
    assert [each.startswith("No worker was at work from ") for each in open_ones()] == [True]
