"""Doing a job: to its effect, its next attempt or its report."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy.dialects import postgresql, sqlite

from service import logs
from service.db import Base, db, failures, utcnow
from service.jobs.queue import enqueue, put
from service.jobs.registry import RUNS, AlreadyFinished, JobFailed, NextTry, Run, state
from service.models.jobs import FinishedJob

log = logging.getLogger(__name__)
_running: ContextVar[Run] = ContextVar("running")


def current() -> Run:
    """The job that is running."""
    return _running.get()


@contextmanager
def once() -> Iterator[None]:
    """The transaction in which the running job takes effect, once; committed at the end.

    Raises `AlreadyFinished`, which a job lets pass, when another run of it has taken effect.
    """
    if not claim(current().id):
        raise AlreadyFinished(current().id)
    yield
    db.session.commit()


@DBOS.workflow(name="job", max_recovery_attempts=RUNS - 1)
def _job(name: str, arguments: dict[str, Any], partition: str, key: str, attempt: int) -> None:
    run = Run(str(DBOS.workflow_id), key, attempt)
    state.active.add(run.id)
    assert state.app is not None
    try:
        with state.app.app_context(), running_as(run):
            _attempt(name, arguments, partition)
    finally:
        state.active.discard(run.id)


@contextmanager
def running_as(run: Run) -> Iterator[None]:
    """Within this, the job that `current()` and the log tell is `run`."""
    token = _running.set(run)
    logs.begin(job=run.id)
    try:
        yield
    finally:
        _running.reset(token)


@DBOS.workflow(name="scheduled")
def scheduled_job(when: datetime, name: str) -> None:
    def enqueued() -> bool:
        enqueue(name, {}, partition=name, key=f"{name}@{when.isoformat()}")
        db.session.commit()
        return True

    assert state.app is not None
    with state.app.app_context():
        _patiently(enqueued, conflicts=1000)


def _attempt(name: str, arguments: dict[str, Any], partition: str) -> None:
    """Run a job to its effect, its next attempt or its report. Raises `JobFailed` when there is no further attempt."""
    try:
        _patiently(lambda: _apply(name, arguments), conflicts=5)
    except AlreadyFinished:
        log.info("job %s (%s) has been done by another run", name, current().id)
    except Exception as error:  # whatever a job raises is counted, and reported at last
        _log(name, error)
        failed = error
        if not _patiently(lambda: _give_up(name, arguments, partition, failed), conflicts=1000):
            raise JobFailed(f"{name}: {type(error).__name__}") from None


def _log(name: str, error: Exception) -> None:
    """One line for what was foreseen and is tried again, without its message: that may quote what a case holds."""
    run, job = current(), state.jobs.get(name)
    if job is not None and run.attempt < job.attempts and isinstance(error, job.foreseen):
        code = getattr(error, "code", type(error).__name__)
        log.warning("job %s (%s) failed, try %d of %d: %s", name, run.id, run.attempt, job.attempts, code)
    else:
        log.warning("job %s (%s) failed", name, run.id, exc_info=error)


def _apply(name: str, arguments: dict[str, Any]) -> bool:
    job = state.jobs[name]
    if job.calls_out and state.paused:  # taken from its queue as the worker began, before it looked where
        raise SystemExit("The worker is paused; the job goes back into its queue.")
    if job.calls_out or job.in_steps:
        job.function(**arguments)
        return True
    with once():
        job.function(**arguments)
    return True


def _give_up(name: str, arguments: dict[str, Any], partition: str, error: Exception) -> bool:
    """End this attempt: enqueue the next one, delayed, or else report the job. Tells whether there is a next one."""
    run, job = current(), state.jobs.get(name)
    more = run.attempt < (job.attempts if job else RUNS)
    if not claim(run.id):
        return True
    if more:
        delay = job.delay(run.attempt) if job else 60.0
        id_ = put(name, arguments, partition, run.key, delay=delay, attempt=run.attempt + 1)
        _note(name, arguments, error, NextTry(id_, run.attempt, utcnow() + timedelta(seconds=delay)))
    else:
        report(name, arguments, f"{type(error).__name__}: {error}")
    db.session.commit()
    return more


def _note(name: str, arguments: dict[str, Any], error: Exception, following: NextTry) -> None:
    """Let operations see that a job is tried again; what goes wrong with that keeps no job from its next attempt."""
    if state.repeated is None:
        return
    try:
        with db.session.begin_nested():
            state.repeated(name, arguments, error, following)
    except Exception as unseen:
        if failures.is_conflict(unseen) or failures.is_lost(unseen):
            raise
        log.error("the next try of job %s is not shown", name, exc_info=unseen)


def report(name: str, arguments: dict[str, Any], message: str) -> None:
    """Tell operations that a job is out of attempts; in the current transaction."""
    log.error("job %s is out of attempts", name)
    if state.exhausted is None:
        return
    try:
        with db.session.begin_nested():
            state.exhausted(name, arguments, message)
    except Exception as error:  # the job is still listed as failed
        log.error("job %s could not be reported", name, exc_info=error)


def claim(job_id: str) -> bool:
    """Record the job as finished, in a new transaction; False when it already is. A concurrent run waits here."""
    db.session.rollback()
    if db.session.execute(_claiming(db.engine.dialect.name), {"job_id": job_id, "finished_at": utcnow()}).first():
        return True
    db.session.rollback()
    return False


@lru_cache(maxsize=2)
def _claiming(dialect: str) -> sa.Executable:
    table = Base.metadata.tables[FinishedJob.__tablename__]
    insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    return insert.on_conflict_do_nothing().returning(table.c.job_id)


def _patiently(do: Callable[[], bool], *, conflicts: int) -> bool:
    """Do it again, from the start of its transaction, while the database is away, and on up to so many conflicts."""
    tries = 0
    while True:
        try:
            return do()
        except Exception as error:
            db.session.rollback()
            conflict = failures.is_conflict(error)
            conflicts -= conflict
            if conflicts < 0 or not (conflict or failures.is_lost(error)):
                raise
            tries += 1
            log.warning("job %s, try %d: %s", current().id, tries, type(error).__name__)
        if state.stopping.wait(min(5.0, 0.05 * 2 ** min(tries, 8)) * random.uniform(0.5, 1.0)):  # noqa: S311
            raise SystemExit("The worker stops; the job is done again after the next launch.")
