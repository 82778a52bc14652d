"""Jobs that fall due in crowds: all done, once each, on time, whatever becomes of some of them and of the worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from service import jobs
from service.db import db, utcnow
from service.jobs import crowds, failed_jobs
from service.models.jobs import job_status
from tests.durability import ledger
from tests.durability.ledger import entries
from tests.durability.workers import Worker

Wait = Callable[..., None]
MANY = 3 * crowds.BATCH


def fall_due_together(how_many: int = MANY, name: str = "write", **more: object) -> None:
    due = utcnow() - timedelta(seconds=1)
    for number in range(how_many):
        jobs.enqueue_at(due, name, {"entry": f"{name} {number}", **more}, partition=f"case {number}")
    db.session.commit()


def all_of(name: str, how_many: int = MANY) -> Counter[str]:
    return Counter(f"{name} {number}" for number in range(how_many))


def left() -> int:
    unfinished = job_status.c.status.in_(("ENQUEUED", "DELAYED", "PENDING"))
    found = jobs.execute(sa.select(sa.func.count()).select_from(job_status).where(unfinished)).scalar_one()
    db.session.rollback()
    return int(found)


def test_a_crowd_is_done_once_each_and_listed_as_done(
    app: object, tables: None, request: pytest.FixtureRequest
) -> None:
    fall_due_together()
    request.getfixturevalue("working")

    request.getfixturevalue("wait")(lambda: left() == 0)

    assert Counter(entries()) == all_of("write")
    assert set(jobs.execute(sa.select(job_status.c.status)).scalars()) == {"SUCCESS"}
    db.session.rollback()


def test_those_that_fail_in_a_crowd_get_their_further_attempts(working: None, wait: Wait) -> None:
    fall_due_together(crowds.CROWD + 2, "write_then_fail", until_attempt=2)
    fall_due_together(crowds.CROWD + 2, "write")

    wait(lambda: len(entries()) == 2 * (crowds.CROWD + 2))

    assert Counter(entries("write_then")) == all_of("write_then_fail", crowds.CROWD + 2)
    assert failed_jobs.latest() == []
    db.session.rollback()


def test_a_worker_killed_in_the_midst_of_a_crowd_loses_nothing_and_does_nothing_twice(
    worker_process: Callable[[str], Worker], wait: Wait
) -> None:
    fall_due_together(seconds=0.01)
    worker = worker_process("w1")

    for least in (10, crowds.BATCH + 10):
        wait(lambda least=least: len(entries()) > least)
        worker.kill()
        worker.start()
    wait(lambda: left() == 0)

    assert Counter(entries()) == all_of("write")
    assert failed_jobs.latest() == []
    db.session.rollback()


def test_two_workers_share_a_crowd(worker_process: Callable[[str], Worker], wait: Wait) -> None:
    fall_due_together(seconds=0.01)
    worker_process("w1")
    worker_process("w2")

    wait(lambda: left() == 0)

    assert Counter(entries()) == all_of("write")
    doers = set(jobs.execute(sa.select(job_status.c.executor_id).distinct()).scalars())
    db.session.rollback()
    assert doers <= {"w1", "w2"}


def test_one_that_kills_its_worker_is_given_up_and_the_crowd_goes_on(
    worker_process: Callable[[str], Worker], wait: Wait
) -> None:
    jobs.enqueue_at(utcnow() - timedelta(seconds=2), "kill_worker", {}, partition="poison")
    fall_due_together(crowds.CROWD)
    worker = worker_process("w1")
    deaths = []

    def reported() -> bool:
        if worker.is_dead:
            deaths.append(worker.pid)
            worker.start()
        found = db.session.execute(sa.select(ledger.reports.c.error)).scalars().all()
        db.session.rollback()
        return bool(found)

    wait(reported, 120)

    assert len(deaths) <= jobs.RUNS
    wait(lambda: Counter(entries()) == all_of("write", crowds.CROWD))
