"""The worker: does jobs, and keeps house where DBOS does not.

Housekeeping wakes delayed jobs within a fraction of a second, by the database's clock; takes over the jobs of dead
workers; reports jobs that kill their worker; and deletes finished ones. Several workers may do each of these at once,
and die at any point of it.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa
from flask import Flask

from service import audit, jobs
from service.db import database_now, db, reading
from service.jobs import crowds, failed_jobs, launching
from service.maintenance import watch
from service.models.jobs import FinishedJob, WorkerHeartbeat, delayed, job_input, job_output, job_status, now_ms
from service.queries import health
from service.worker import places
from service.worker.places import DEAD_AFTER, Place

log = logging.getLogger(__name__)

TICK, BEAT, CLEANING = 0.2, 2.0, 60.0  #: seconds between looks at delayed jobs, between heartbeats, between cleanings
WATCHING = 10.0  #: seconds between looks for dead workers and late jobs
DUE = "due"  #: what `_look` calls the delayed jobs whose time has come
KEPT_FAILED = 30  #: failed jobs are kept so many times as long as others


def run(app: Flask, *, executor_id: str = "", concurrency: int = 16, stop: threading.Event | None = None) -> None:
    """Do jobs until `stop` is set. One in a process; `executor_id` is its own among all workers, or empty: one is made.

    Raises `places.Taken` where another worker lives under that id.
    """
    stop, place = stop or threading.Event(), None
    while not stop.is_set():
        try:
            with app.app_context():
                jobs.state.paused = app.config["CASEWRIGHT"].paused
                place = place or _begin(executor_id)
                places.beat(place)
                log.info("worker %s begins", place.worker_id)
                _put_back(job_status.c.executor_id == place.worker_id)
                launching.launch(app, executor_id=place.worker_id, concurrency=concurrency)
            with _crowds_done(app, place.worker_id) as gathered:
                _keep_house(app, place, gathered, stop)
        except places.Taken:
            raise
        except Exception as error:  # above all: the database is away as we start
            log.error("the worker starts again", exc_info=error)
            stop.wait(2)
        finally:
            launching.shut_down()
    _leave(app, place)


def _begin(executor_id: str) -> Place:
    """Take an id; where no other worker was there for long, operations are told."""
    before = max((each.seen_at for each in health.workers()), default=None)
    place = places.take(executor_id)
    if before is not None:
        watch.nobody_worked(before)
    return place


def _leave(app: Flask, place: Place | None) -> None:
    if place is None:
        return
    try:
        with app.app_context():
            places.leave(place)
    except sa.exc.SQLAlchemyError as error:  # the database is away: then we look like one that died
        log.warning("worker %s could not say that it ends: %s", place.worker_id, type(error).__name__)


@contextmanager
def _crowds_done(app: Flask, executor_id: str) -> Iterator[threading.Event]:
    """Within this, another thread does the jobs that fall due in crowds; set the event when there is one."""
    gathered, stop = threading.Event(), threading.Event()
    settings = {"executor_id": executor_id, "gathered": gathered, "stop": stop}
    thread = threading.Thread(target=crowds.run, args=(app,), kwargs=settings, name="crowds", daemon=True)
    thread.start()
    try:
        yield gathered
    finally:
        stop.set()
        gathered.set()
        thread.join(timeout=5)


def _keep_house(app: Flask, place: Place, gathered: threading.Event, stop: threading.Event) -> None:
    beaten = cleaned = watched = steady_since = time.monotonic()
    while not stop.wait(TICK):
        now = time.monotonic()
        try:
            with app.app_context():
                jobs.state.waiting = _look()
                if DUE in jobs.state.waiting:
                    if _wake():
                        gathered.set()
                    jobs.state.waiting = _look()
                if now - beaten >= BEAT:
                    places.beat(place)
                    # after an outage every heartbeat is old: give the others time for theirs
                    steady_since = now if now - beaten > DEAD_AFTER.total_seconds() else steady_since
                    beaten = now
                    if now - steady_since >= DEAD_AFTER.total_seconds():
                        _take_over(place.worker_id)
                    _report_killers()
                if now - watched >= WATCHING and now - steady_since >= WATCHING:
                    watched = now
                    watch.look()
                if now - cleaned >= CLEANING:
                    cleaned = now
                    clean(timedelta(hours=app.config["CASEWRIGHT"].job_retention_hours))
                    gc.collect(1)  # of a worker that waits Python would first ask after some 20 MB of garbage
        except sa.exc.SQLAlchemyError as error:  # the database is away; the jobs wait for it, and so do we
            log.warning("housekeeping failed: %s", type(error).__name__)
            stop.wait(1.0)


def _look() -> frozenset[str]:
    """The queues in which something waits, and `DUE` when the time of a delayed job has come: one cheap statement."""
    with reading():
        found = jobs.execute(_looking(db.engine.dialect.name), {"now": int(time.time() * 1000)}).scalars()
        there = frozenset(found)
        db.session.rollback()
    return there - jobs.CALLING if jobs.state.paused else there


@lru_cache(maxsize=2)
def _looking(dialect: str) -> sa.Executable:
    now = sa.bindparam("now", type_=sa.BigInteger) if dialect == "sqlite" else now_ms()
    due = delayed()[0], job_status.c.delay_until_epoch_ms <= now
    in_flight = job_status.c.status.in_(
        [sa.literal_column("'ENQUEUED'"), sa.literal_column("'PENDING'")]
    )  # the index's
    enqueued = in_flight, job_status.c.status == sa.literal_column("'ENQUEUED'")
    looks = [sa.select(sa.literal(DUE)).where(sa.exists().where(*due))]
    for queue in (*jobs.POLLING, jobs.INTERNAL):
        there = sa.exists().where(job_status.c.queue_name == queue, *enqueued)
        looks.append(sa.select(sa.literal(queue)).where(there))
    return sa.union_all(*looks)


def _wake() -> bool:
    """Hand the delayed jobs to DBOS whose time has come by the database's clock. It would look once a second only, by
    the worker's clock. Tells whether there is a crowd of them, which is left to crowds.py."""
    due = delayed()
    with reading():
        crowd = crowds.gather(due)
        due = (*due, job_status.c.queue_name != jobs.PARTITIONED) if crowd else due
        others = jobs.execute(sa.select(sa.exists().where(*due))).scalar()
        db.session.rollback()
    if others:
        jobs.execute(sa.update(job_status).where(*due).values(status="ENQUEUED", application_name=jobs.APPLICATION))
        db.session.commit()
    return crowd


def _take_over(executor_id: str) -> None:
    """Put back the jobs of dead workers, and ours that do not run: after an outage of the database, DBOS may not know
    that they ended or that it took them."""
    living = sa.select(WorkerHeartbeat.worker_id).where(WorkerHeartbeat.seen_at > database_now() - DEAD_AFTER)
    settled = job_status.c.started_at_epoch_ms < now_ms() - DEAD_AFTER // timedelta(milliseconds=1)
    ours = sa.and_(
        job_status.c.executor_id == executor_id, settled, job_status.c.workflow_uuid.not_in(list(jobs.state.active))
    )
    _put_back(sa.or_(job_status.c.executor_id.not_in(living), ours))


def _put_back(whose: sa.ColumnElement[bool]) -> None:
    """Put running jobs back into their queue; those interrupted for the second time in a row, among the suspects."""
    running = job_status.c.status == sa.literal_column("'PENDING'")
    orphaned = running, job_status.c.application_name == jobs.APPLICATION, whose
    with reading():
        found = jobs.execute(sa.select(sa.exists().where(*orphaned))).scalar()
        db.session.rollback()
    if found:
        queue = sa.case((job_status.c.recovery_attempts >= 2, jobs.SUSPECTS), else_=job_status.c.queue_name)
        back = {"status": "ENQUEUED", "owner_xid": None, "started_at_epoch_ms": None, "queue_name": queue}
        taken = jobs.execute(sa.update(job_status).where(*orphaned).values(back).returning(job_status.c.workflow_uuid))
        log.warning("put %d jobs back into the queue that nobody was doing", len(taken.all()))
        db.session.commit()


def _report_killers() -> None:
    """Report the jobs that are run no more, since each run ended with its worker's death."""
    with reading():
        dead = failed_jobs.killers(sa.exists().where(FinishedJob.job_id == job_status.c.workflow_uuid))
        db.session.rollback()
    for job in dead:
        if jobs.claim(job.id):
            jobs.report(job.name, job.arguments, f"WorkerDied: {jobs.RUNS} runs of this job ended their worker")
            db.session.commit()


def clean(retention: timedelta) -> None:
    """Delete what finished longer ago than `retention`."""
    before = database_now() - retention
    db.session.rollback()
    _delete_jobs(("SUCCESS", "CANCELLED"), before.timestamp())
    _delete_jobs(jobs.FAILED, (before - retention * (KEPT_FAILED - 1)).timestamp())
    gone = ~sa.exists().where(job_status.c.workflow_uuid == FinishedJob.job_id)
    jobs.execute(sa.delete(FinishedJob).where(FinishedJob.finished_at < before, gone))
    db.session.execute(sa.delete(WorkerHeartbeat).where(WorkerHeartbeat.seen_at < before))
    audit.installation.note_numbers()
    db.session.commit()


def _delete_jobs(statuses: tuple[str, ...], before: float) -> None:
    """Delete the jobs that ended with one of `statuses` before that time, in transactions of 500 jobs."""
    old = sa.select(job_status.c.workflow_uuid)
    old = old.where(job_status.c.completed_at < int(before * 1000), job_status.c.status.in_(statuses)).limit(500)
    while True:
        ids = jobs.execute(old).scalars().all()
        for table in (job_input, job_output, job_status):
            jobs.execute(sa.delete(table).where(table.c.workflow_uuid.in_(ids)))
        db.session.commit()
        if len(ids) < 500:
            return
