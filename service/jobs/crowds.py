"""Jobs that fall due in crowds, such as 10,000 timers at midnight: done here one after the other, in batches.

DBOS costs each job some five statements and three commits of its own, and its look at the queue takes the longer the
more cases wait in it. Here a job is one transaction: its effect, with the record that it is finished. Whatever goes
wrong with one, DBOS does it then, with all its attempts. A job is claimed as DBOS claims it, so that a crash leaves it
to be put back like any other (worker/loop.py). DBOS hears of a batch's jobs when all are done: those that a crash keeps
from it are run again, and found finished.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.db import db
from service.models.jobs import delayed, job_input, job_status, now_ms

log = logging.getLogger(__name__)

CROWD = 32  #: due jobs that are a crowd; fewer go to DBOS, which does them side by side
BATCH = 64  #: claimed at once


def run(app: Flask, *, executor_id: str, gathered: threading.Event, stop: threading.Event) -> None:
    """Do due jobs, whenever a crowd has `gathered`, until `stop`."""
    while not stop.is_set():
        if not gathered.wait(1.0):
            continue
        try:
            with app.app_context():
                if not _do_batch(app, executor_id, stop):
                    gathered.clear()
        except sa.exc.SQLAlchemyError as error:  # the database is away: what was claimed is put back by worker/loop.py
            log.warning("a crowd of jobs was left: %s", type(error).__name__)
            stop.wait(1.0)


def gather(due: Sequence[sa.ColumnElement[bool]]) -> bool:
    """Whether there is a crowd among the jobs that are `due`."""
    query = sa.select(job_status.c.workflow_uuid).where(*due, job_status.c.queue_name == jobs.PARTITIONED).limit(CROWD)
    return len(jobs.execute(query).all()) == CROWD


def _do_batch(app: Flask, executor_id: str, stop: threading.Event) -> bool:
    """Claim the jobs that have been due the longest, and do them; tells whether there was a whole batch."""
    ids = _claimed(executor_id)
    rows = jobs.execute(sa.select(job_input).where(job_input.c.workflow_uuid.in_(ids))).all()
    inputs = {row.workflow_uuid: row.inputs for row in rows}
    db.session.rollback()
    with _active(ids):
        done = []
        for id_ in ids:
            if not stop.is_set() and _done(app, id_, inputs[id_]):
                done.append(id_)
            else:
                _leave_to_dbos(id_)
                jobs.state.active.discard(id_)
        _settle(done, {"status": "SUCCESS", "completed_at": now_ms(), "updated_at": now_ms()})
    return len(ids) == BATCH


@contextmanager
def _active(ids: Sequence[str]) -> Iterator[None]:
    jobs.state.active.update(ids)  # or they would be put back, as jobs that nobody does
    try:
        yield
    finally:
        jobs.state.active.difference_update(ids)


def _claimed(executor_id: str) -> list[str]:
    """Make a batch of due jobs ours, the longest due first."""
    first = (
        sa.select(job_status.c.workflow_uuid)
        .where(*delayed(), job_status.c.queue_name == jobs.PARTITIONED)
        .order_by(job_status.c.delay_until_epoch_ms)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    ids = list(jobs.execute(first).scalars())
    ours = {
        "status": "PENDING",
        "application_name": jobs.APPLICATION,
        "executor_id": executor_id,
        "started_at_epoch_ms": now_ms(),
        "recovery_attempts": job_status.c.recovery_attempts + 1,
        "updated_at": now_ms(),
    }
    jobs.execute(sa.update(job_status).where(job_status.c.workflow_uuid.in_(ids)).values(ours))
    db.session.commit()
    return ids


def _done(app: Flask, id_: str, text: str) -> bool:
    """Do one job; False when DBOS has to do it."""
    try:
        name, arguments, _partition, key, attempt = json.loads(text)["positionalArgs"]
        with app.app_context(), jobs.running_as(jobs.Run(id_, key, attempt)):
            if jobs.claim(id_):
                jobs.state.jobs[name].function(**arguments)
                db.session.commit()
        return True
    except Exception as error:  # DBOS's attempt counts it and reports it
        log.info("job %s goes back to the queue: %s", id_, type(error).__name__)
        db.session.rollback()
        return False


def _leave_to_dbos(id_: str) -> None:
    _settle([id_], {"status": "ENQUEUED", "started_at_epoch_ms": None, "updated_at": now_ms()})


def _settle(ids: Sequence[str], values: Mapping[str, Any]) -> None:
    """Say what became of these jobs; not of those that another worker took over because it took us for dead."""
    ours = job_status.c.workflow_uuid.in_(ids), job_status.c.status == "PENDING"
    jobs.execute(sa.update(job_status).where(*ours).values(values))
    db.session.commit()
