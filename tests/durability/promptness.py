"""How soon delayed jobs begin that are no crowd, and how soon work goes on after a worker or the database died."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from service import jobs
from service.audit import installation
from service.db import db, utcnow
from service.jobs import launching
from service.worker import loop
from tests.durability import ledger
from tests.durability.ledger import entries
from tests.durability.office import wait
from tests.durability.workers import Nursery, Worker, opened_nursery

DELAYED = 100  #: jobs, due one by one within ten seconds
PATIENCE = 120  #: seconds


def run(url: str, restart: Callable[[], None] | None = None) -> dict[str, Any]:
    """Figures for the empty database `url`, in seconds; `restart` ends the database's server and starts it again."""
    app = ledger.application(url)
    with app.app_context(), opened_nursery() as nursery:
        db.create_all()
        launching.create_tables(app)
        installation.begin()
        db.session.commit()
        ledger.create_tables()
        with _working(Worker(nursery, url, "w1")) as one:
            found = {"delayed_job_lateness_p99_s": _lateness(), "takeover_s": _takeover(one, nursery)}
            if restart:
                found["after_database_crash_s"] = _after_crash(restart)
        db.session.remove()
        db.engine.dispose()
    return found


@contextmanager
def _working(started: Worker) -> Iterator[Worker]:
    started.start()
    try:
        _until_done("here")
        yield started
    finally:
        started.kill()


def _until_done(entry: str) -> float:
    """The time at which a job is done that is put now."""
    jobs.enqueue("write", {"entry": entry}, partition=entry)
    db.session.commit()
    return wait(lambda: entry in entries(), PATIENCE)


def _lateness() -> float:
    """By how much all delayed jobs but one in a hundred begin late, at most."""
    first = utcnow() + timedelta(seconds=2)
    due = {f"{number}": first + timedelta(seconds=number / 10) for number in range(DELAYED)}
    for entry, when in due.items():
        jobs.enqueue_at(when, "write", {"entry": entry}, partition=entry)
    db.session.commit()
    wait(lambda: due.keys() <= set(entries()), PATIENCE)
    rows = db.session.execute(sa.select(ledger.ledger.c.entry, ledger.ledger.c.began)).all()
    db.session.rollback()
    late = sorted(row.began - due[row.entry].timestamp() for row in rows if row.entry in due)
    return round(late[int(DELAYED * 0.99) - 1], 2)


def _takeover(first: Worker, nursery: Nursery) -> float:
    """Seconds from a worker's death until another one does again what it was doing."""
    jobs.enqueue("call_then_write", {"entry": "called", "seconds": 30}, partition="p")
    db.session.commit()
    wait(lambda: _calls() == 1, PATIENCE)
    second = Worker(nursery, first.url, "w2")
    with _working(second):
        time.sleep(loop.DEAD_AFTER.total_seconds() + 2)  # before that it takes nothing over
        first.kill()
        began = time.monotonic()
        took = wait(lambda: _calls() == 2, PATIENCE) - began
    first.start()
    return round(took, 2)


def _calls() -> int:
    found = db.session.scalar(sa.select(sa.func.count()).select_from(ledger.calls))
    db.session.rollback()
    return found or 0


def _after_crash(restart: Callable[[], None]) -> float:
    """Seconds from the database's return until a job is done."""
    db.session.remove()
    db.engine.dispose()
    restart()
    began = time.monotonic()
    return round(_until_done("after the crash") - began, 2)
