"""Putting jobs into the queue and taking them out, all in the current transaction."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from flask import current_app

from service.db import db, utcnow
from service.jobs.registry import APPLICATION, FAILED, LATER, PARTITIONED, Arguments, state
from service.models.jobs import job_status, now_ms


def enqueue(name: str, arguments: Arguments, *, partition: str, key: str | None = None) -> None:
    """Have the worker do job `name` once the current transaction commits. With the same `key`, once for ever.

    `partition` is the root case's id: in queue `cases`, the jobs of one partition are done one after the other.
    """
    put(name, arguments, partition, key or _new_key())


def enqueue_at(when: datetime, name: str, arguments: Arguments, *, partition: str, key: str | None = None) -> None:
    """The same, but not before `when` by the database's clock."""
    enqueue_after((when - utcnow()).total_seconds(), name, arguments, partition=partition, key=key)


def enqueue_after(seconds: float, name: str, arguments: Arguments, *, partition: str, key: str | None = None) -> None:
    """The same, but not within the next `seconds`."""
    put(name, arguments, partition, key or _new_key(), delay=seconds)


def cancel(key: str) -> bool:
    """Let the job enqueued as `key` not happen unless it has begun, and tell whether it had not; a failed one is then
    no longer listed as failed."""
    now = int(time.time() * 1000)
    open_or_failed = job_status.c.status.in_(("DELAYED", "ENQUEUED", *FAILED))
    values = {"status": "CANCELLED", "queue_name": None, "completed_at": now, "updated_at": now}
    return _updated(key, open_or_failed, values)


def hurry(key: str) -> bool:
    """Let the delayed job `key` be due now; False when it is no longer delayed."""
    return _updated(key, job_status.c.status == "DELAYED", {"delay_until_epoch_ms": now_ms()})


def _updated(key: str, condition: sa.ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    changed = sa.update(job_status).where(job_status.c.workflow_uuid == key, condition).values(values)
    return execute(changed.returning(job_status.c.workflow_uuid)).first() is not None


def put(
    name: str, arguments: Arguments, partition: str, key: str, *, delay: float | None = None, attempt: int = 1
) -> str:
    """Enqueue, and give back the job's id."""
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
        options |= {"delay_seconds": _in_whole_milliseconds(delay), "application_name": LATER}
    client().enqueue_in_transaction(db.session(), options, name, dict(arguments), partition, key, attempt)
    return options["workflow_id"]


def _in_whole_milliseconds(delay: float) -> float:
    """Seconds until the first millisecond that is not before `delay` is over: DBOS cuts the rest off, and a timer that
    is woken before its time is only put back."""
    now = time.time()
    return math.ceil((now + delay) * 1000) / 1000 - now + 1e-6


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
