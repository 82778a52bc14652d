"""Jobs: what happens later, by the worker. Nothing outside this package imports DBOS Transact.

The one rule: a job takes effect in the transaction that also records it as finished (`FinishedJob`), so that of all its
runs (after a crash, by another worker, by a zombie) one takes effect. What it calls outside happens at least once.

DBOS keeps the queue in the same database (PostgreSQL: schema `dbos`), so `enqueue` is part of the caller's transaction.
What DBOS leaves open, worker/loop.py adds. A job's arguments are JSON: pickle, DBOS's default, would let whoever can
write to the database run code, and DBOS reads it whenever a row says so. It is therefore refused.
"""

from __future__ import annotations

from service.jobs import upstream
from service.jobs.attempts import claim, current, once, report, running_as, scheduled_job
from service.jobs.queue import cancel, client, enqueue, enqueue_after, enqueue_at, execute, hurry
from service.jobs.registry import (
    APPLICATION,
    CALLING,
    FAILED,
    INTERNAL,
    LATER,
    PARTITIONED,
    POLLING,
    RUNS,
    SUSPECTS,
    AlreadyFinished,
    Job,
    JobFailed,
    NextTry,
    Run,
    register,
    schedule,
    state,
    when_exhausted,
    when_repeated,
)

assert upstream

__all__ = [
    "APPLICATION",
    "CALLING",
    "FAILED",
    "INTERNAL",
    "LATER",
    "PARTITIONED",
    "POLLING",
    "RUNS",
    "SUSPECTS",
    "AlreadyFinished",
    "Job",
    "JobFailed",
    "NextTry",
    "Run",
    "cancel",
    "claim",
    "client",
    "current",
    "enqueue",
    "enqueue_after",
    "enqueue_at",
    "execute",
    "hurry",
    "once",
    "register",
    "report",
    "running_as",
    "schedule",
    "scheduled_job",
    "state",
    "when_exhausted",
    "when_repeated",
]
