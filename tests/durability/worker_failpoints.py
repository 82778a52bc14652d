"""A worker dies at each named point of a job, and is started again each time."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service import jobs
from service.audit import installation
from service.db import db
from service.jobs import failed_jobs, launching
from service.models.jobs import job_status
from tests.durability import ledger
from tests.durability.ledger import entries
from tests.durability.office import wait
from tests.durability.workers import Worker, opened_nursery

POINTS = {
    "after flush": "die_in_transaction",
    "before commit": "die_in_transaction",
    "after commit": "die_in_transaction",
    "between steps": "die_at_call",
    "after call": "die_at_call",
}  #: the point, and the kind of job that dies there
WRONG = ("worker_failpoints_not_met", "worker_failpoints_lost", "worker_failpoints_applied_twice")


def run(url: str, rounds: int) -> dict[str, Any]:
    """Die so often at each point, on the empty database `url`; the figures."""
    app = ledger.application(url)
    with app.app_context(), opened_nursery() as nursery, tempfile.TemporaryDirectory() as folder:
        db.create_all()
        launching.create_tables(app)
        installation.begin()
        db.session.commit()
        ledger.create_tables()
        worker = Worker(nursery, url, "w1")
        worker.start()
        try:
            for round_ in range(rounds):
                for point in POINTS:
                    _die(worker, point, Path(folder) / f"{round_} {point}")
            written = Counter(entries())
            expected = {f"{round_} {point}" for round_ in range(rounds) for point in POINTS}
            return {
                "worker_failpoints": len(expected),
                "worker_failpoints_not_met": len(expected) - len(list(Path(folder).iterdir())),
                "worker_failpoints_lost": len(expected - written.keys()) + len(failed_jobs.latest()),
                "worker_failpoints_applied_twice": sum(times - 1 for times in written.values()),
            }
        finally:
            worker.kill()
            db.session.remove()
            db.engine.dispose()


def _die(worker: Worker, point: str, marker: Path) -> None:
    """One death; alone, or another one would take its job away just before it."""
    entry = marker.name
    jobs.enqueue(POINTS[point], {"entry": entry, "marker": str(marker), "when": point}, partition=entry)
    db.session.commit()

    def finished() -> bool:
        if worker.is_dead:
            worker.start()
        left = job_status.c.status.in_(("ENQUEUED", "DELAYED", "PENDING"))
        found = jobs.execute(sa.select(sa.func.count()).select_from(job_status).where(left)).scalar_one()
        db.session.rollback()
        return not found

    wait(finished, 120)
