"""Jobs: what happens later, by the worker. Only this and launching.py import DBOS Transact.

The one rule: a job takes effect in the transaction that also records it as finished (`FinishedJob`), so that of all its
runs (after a crash, by another worker, by a zombie) one takes effect. What it calls outside happens at least once.

DBOS keeps the queue in the same database (PostgreSQL: schema `dbos`), so `enqueue` is part of the caller's transaction.
What DBOS leaves open, worker.py adds. A job's arguments are JSON: pickle, DBOS's default, would let whoever can write
to the database run code, and DBOS reads it whenever a row says so. It is therefore refused.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from dbos._serialization import DefaultSerializer
from flask import Flask, current_app
from sqlalchemy.dialects import postgresql, sqlite

from . import logs, transient
from .db import db, utcnow
from .models.job import FinishedJob, job_status

log = logging.getLogger(__name__)
logging.getLogger("dbos").addHandler(logging.NullHandler())  # or DBOS would print to the console itself
logging.getLogger("dbos").setLevel(logging.ERROR)
logging.getLogger("dbos").addFilter(lambda record: not (record.exc_info and record.exc_info[0] is JobFailed))


def _refuse_pickle(_serializer: DefaultSerializer, _text: str) -> Any:
    raise ValueError("Jobs are stored as JSON; pickle is refused.")


DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[assignment, method-assign]

APPLICATION = "casewright"
LATER = (
    "casewright: later"  #: owns delayed jobs: DBOS leaves them alone, and worker.py wakes them by the database's clock
)
RUNS = 4  #: a job that kills its worker is run this often, then reported
INTERNAL = "_dbos_internal_queue"  #: of DBOS itself, for what is scheduled
PARTITIONED = "cases"  #: one job at a time for each partition; the other queues run theirs side by side
SUSPECTS = "suspects"  #: jobs that were interrupted twice run alone: one that ends its worker takes no others with it
POLLING = {
    PARTITIONED: 0.1,
    "connectors": 0.1,
    "bulk": 0.5,
    SUSPECTS: 0.5,
}  #: the queues; seconds between looks at each, while there is something in it
FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

Function = TypeVar("Function", bound=Callable[..., None])
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A registered kind of job."""

    function: Callable[..., None]
    queue: str
    attempts: int
    backoff: tuple[float, ...]
    calls_out: bool

    def delay(self, attempt: int) -> float:
        """Seconds to wait after failed `attempt`, give or take a tenth."""
        return self.backoff[min(attempt, len(self.backoff)) - 1] * random.uniform(0.9, 1.1)  # noqa: S311


@dataclass(frozen=True)
class Run:
    """The job that this thread is doing. `key` is the same on every attempt: the key for calls to the outside."""

    id: str
    key: str
    attempt: int


@dataclass
class _State:
    """What belongs to the process, as DBOS does."""

    jobs: dict[str, Job] = field(default_factory=dict)
    schedules: dict[str, str] = field(default_factory=dict)
    exhausted: Callable[[str, dict[str, Any], str], None] | None = None
    app: Flask | None = None  #: the one that launched the worker here
    active: set[str] = field(default_factory=set)  #: ids of the jobs that run here
    waiting: frozenset[str] = frozenset()  #: the queues in which there was something at worker.py's last look
    stopping: threading.Event = field(default_factory=threading.Event)


class JobFailed(Exception):
    """The job is out of attempts. DBOS records it as failed by this."""


class AlreadyFinished(Exception):
    """Another run of this job has taken effect."""


state = _State()
_running: ContextVar[Run] = ContextVar("running")


# --- what jobs there are


def register(
    name: str,
    *,
    queue: str = PARTITIONED,
    attempts: int = 4,
    backoff: tuple[float, ...] = (1, 10, 60),
    calls_out: bool = False,
) -> Callable[[Function], Function]:
    """Make the decorated function the job `name`. It takes JSON values, as keyword arguments.

    It runs in an application context and in one transaction, which is committed for it. With `calls_out` it begins
    without a transaction, so that it may use the network, and puts its effect into `with once():`.
    `backoff`: seconds from each failed attempt to the next, the last figure repeated.
    """
    if queue not in POLLING:
        raise ValueError(f"There is no queue {queue!r}; there are {', '.join(POLLING)}.")

    def decorate(function: Function) -> Function:
        state.jobs[name] = Job(function, queue, attempts, backoff, calls_out)
        return function

    return decorate


def schedule(name: str, cron: str) -> None:
    """Do the registered job `name`, without arguments, at the times of `cron` (five fields, UTC)."""
    state.schedules[name] = cron


def when_exhausted(report: Function) -> Function:
    """Have `report(name, arguments, error)` called, in a transaction, for each job that is out of attempts."""
    state.exhausted = report
    return report


# --- putting into the queue, and taking out: all in the current transaction


def enqueue(name: str, arguments: Arguments, *, partition: str, key: str | None = None) -> None:
    """Have the worker do job `name` once the current transaction commits. With the same `key`, once for ever.

    `partition` is the root case's id: in queue `cases`, the jobs of one partition are done one after the other.
    """
    _put(name, arguments, partition, key or _new_key())


def enqueue_at(when: datetime, name: str, arguments: Arguments, *, partition: str, key: str | None = None) -> None:
    """The same, but not before `when` by the database's clock."""
    enqueue_after((when - utcnow()).total_seconds(), name, arguments, partition=partition, key=key)


def enqueue_after(seconds: float, name: str, arguments: Arguments, *, partition: str, key: str | None = None) -> None:
    """The same, but not within the next `seconds`."""
    _put(name, arguments, partition, key or _new_key(), delay=seconds)


def cancel(key: str) -> None:
    """Let the job enqueued as `key` not happen unless it has begun; a failed one is then no longer listed as failed."""
    now = int(time.time() * 1000)
    open_or_failed = job_status.c.status.in_(("DELAYED", "ENQUEUED", *FAILED))
    values = {"status": "CANCELLED", "queue_name": None, "completed_at": now, "updated_at": now}
    execute(sa.update(job_status).where(job_status.c.workflow_uuid == key, open_or_failed).values(values))


def _put(
    name: str, arguments: Arguments, partition: str, key: str, *, delay: float | None = None, attempt: int = 1
) -> None:
    queue = state.jobs[name].queue if name in state.jobs else PARTITIONED
    options: EnqueueOptions = {
        "workflow_name": "job",
        "queue_name": queue,
        "workflow_id": key if attempt == 1 else f"{key}~{attempt}",
        "app_version": "1",
    }
    if queue == PARTITIONED:
        options["queue_partition_key"] = partition
    if delay is not None:
        options |= {"delay_seconds": delay, "application_name": LATER}
    client().enqueue_in_transaction(db.session(), options, name, dict(arguments), partition, key, attempt)


def client() -> DBOSClient:
    """This application's way to enqueue. It shares our engine, and so our transaction; it has no thread of its own."""
    if "jobs" not in current_app.extensions:
        json_only = DBOSPortableJSONSerializer()
        current_app.extensions["jobs"] = DBOSClient(
            system_database_engine=db.engine, serializer=json_only, application_name=APPLICATION, lazy=True
        )
    client: DBOSClient = current_app.extensions["jobs"]
    return client


def _new_key() -> str:
    """Sorts by time: jobs of one transaction (on SQLite: of one second) are done in the order of their keys."""
    return f"{time.time_ns():020d}-{os.urandom(4).hex()}"


def execute(statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> sa.Result[Any]:
    """Execute on DBOS's tables, in our transaction; SQLite has them without a schema."""
    schema = None if db.engine.dialect.name == "sqlite" else "dbos"
    return db.session.execute(statement, parameters, execution_options={"schema_translate_map": {"dbos": schema}})


# --- doing a job


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
    def put() -> bool:
        enqueue(name, {}, partition=name, key=f"{name}@{when.isoformat()}")
        db.session.commit()
        return True

    assert state.app is not None
    with state.app.app_context():
        _patiently(put, conflicts=1000)


def _attempt(name: str, arguments: dict[str, Any], partition: str) -> None:
    """Run a job to its effect, its next attempt or its report. Raises `JobFailed` when there is no further attempt."""
    try:
        _patiently(lambda: _apply(name, arguments), conflicts=5)
    except AlreadyFinished:
        log.info("job %s (%s) has been done by another run", name, current().id)
    except Exception as error:  # whatever a job raises is counted, and reported at last
        log.warning("job %s (%s) failed", name, current().id, exc_info=error)
        message = f"{type(error).__name__}: {error}"
        if not _patiently(lambda: _give_up(name, arguments, partition, message), conflicts=1000):
            raise JobFailed(f"{name}: {type(error).__name__}") from None


def _apply(name: str, arguments: dict[str, Any]) -> bool:
    job = state.jobs[name]
    if job.calls_out:
        job.function(**arguments)
        return True
    with once():
        job.function(**arguments)
    return True


def _give_up(name: str, arguments: dict[str, Any], partition: str, message: str) -> bool:
    """End this attempt: enqueue the next one, delayed, or else report the job. Tells whether there is a next one."""
    run, job = current(), state.jobs.get(name)
    more = run.attempt < (job.attempts if job else RUNS)
    if not claim(run.id):
        return True
    if more:
        delay = job.delay(run.attempt) if job else 60.0
        _put(name, arguments, partition, run.key, delay=delay, attempt=run.attempt + 1)
    else:
        report(name, arguments, message)
    db.session.commit()
    return more


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
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    row = insert(FinishedJob).values(job_id=job_id, finished_at=utcnow()).on_conflict_do_nothing()
    if db.session.execute(row.returning(FinishedJob.job_id)).first():
        return True
    db.session.rollback()
    return False


def _patiently(do: Callable[[], bool], *, conflicts: int) -> bool:
    """Do it again, from the start of its transaction, while the database is away, and on up to so many conflicts."""
    tries = 0
    while True:
        try:
            return do()
        except Exception as error:
            db.session.rollback()
            conflict = transient.is_conflict(error)
            conflicts -= conflict
            if conflicts < 0 or not (conflict or transient.is_lost(error)):
                raise
            tries += 1
            log.warning("job %s, try %d: %s", current().id, tries, type(error).__name__)
        if state.stopping.wait(min(5.0, 0.05 * 2 ** min(tries, 8)) * random.uniform(0.5, 1.0)):  # noqa: S311
            raise SystemExit("The worker stops; the job is done again after the next launch.")
