"""Jobs that ended without effect: those out of attempts, and those that killed their worker each time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from service import jobs
from service.models.jobs import job_input, job_status


@dataclass(frozen=True)
class FailedJob:
    """A job that ended without effect."""

    id: str
    name: str
    arguments: dict[str, Any]
    partition: str
    failed_at: datetime


def latest(limit: int = 100) -> list[FailedJob]:
    """The jobs that failed and were neither tried again nor cancelled, the latest first."""
    return [_from_row(row) for row in jobs.execute(_failed().order_by(job_status.c.completed_at.desc()).limit(limit))]


def retry(job: FailedJob, arguments: Mapping[str, Any] | None = None) -> None:
    """Give `job` all its attempts again, with its arguments or with corrected ones; in the current transaction."""
    jobs.cancel(job.id)
    jobs.enqueue(job.name, job.arguments if arguments is None else arguments, partition=job.partition)


def killers(finished: sa.ColumnElement[bool]) -> list[FailedJob]:
    """The jobs that DBOS no longer runs, since each run ended with its worker's death, and that are not `finished`."""
    query = _failed().where(job_status.c.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED", ~finished)
    return [_from_row(row) for row in jobs.execute(query)]


def _failed() -> sa.Select[Any]:
    query = sa.select(job_status.c.workflow_uuid, job_status.c.completed_at, job_input.c.inputs)
    query = query.join(job_input, job_input.c.workflow_uuid == job_status.c.workflow_uuid)
    return query.where(job_status.c.status.in_(jobs.FAILED), job_status.c.name == "job")


def _from_row(row: sa.Row[Any]) -> FailedJob:
    try:
        name, arguments, partition, *_ = json.loads(row.inputs)["positionalArgs"]
    except (ValueError, KeyError):  # not written by us
        name, arguments, partition = "unreadable", {}, ""
    failed_at = datetime.fromtimestamp(row.completed_at / 1000, UTC)
    return FailedJob(row.workflow_uuid, name, arguments, partition, failed_at)
