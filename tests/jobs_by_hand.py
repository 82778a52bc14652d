"""The queue without its worker: jobs are done here and now, in the order in which they fall due."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa
import time_machine

from service import jobs
from service.db import db, utcnow
from service.models.jobs import job_input, job_status
from service.worker import job_types

assert job_types  # registers the jobs


def do_jobs() -> int:
    """Do every job that is due, one transaction each, until none is; how many there were."""
    done = 0
    jobs.state.stopping.clear()  # or what a worker does in steps would be left to the next one, as it was by the last
    while True:
        due = int(utcnow().timestamp() * 1000)
        found = jobs.execute(
            sa.select(job_status.c.workflow_uuid, job_input.c.inputs)
            .join(job_input, job_input.c.workflow_uuid == job_status.c.workflow_uuid)
            .where(
                sa.or_(
                    job_status.c.status == "ENQUEUED",
                    sa.and_(job_status.c.status == "DELAYED", job_status.c.delay_until_epoch_ms <= due),
                )
            )
            .order_by(job_status.c.delay_until_epoch_ms, job_status.c.workflow_uuid)
            .limit(1)
        ).first()
        if found is None:
            db.session.rollback()
            return done
        name, arguments, *_ = json.loads(found.inputs)["positionalArgs"]
        this = job_status.c.workflow_uuid == found.workflow_uuid
        jobs.execute(sa.update(job_status).where(this).values(status="SUCCESS"))
        job = jobs.state.jobs[name]
        if job.calls_out or job.in_steps:  # it has transactions of its own
            db.session.commit()
        key = str(found.workflow_uuid)
        with jobs.running_as(jobs.Run(key, key, 1)):
            job.function(**arguments)
        db.session.commit()
        done += 1


def next_delayed() -> datetime | None:
    """When the next delayed job is due."""
    first = jobs.execute(
        sa.select(sa.func.min(job_status.c.delay_until_epoch_ms)).where(job_status.c.status == "DELAYED")
    ).scalar_one()
    db.session.rollback()
    return None if first is None else datetime.fromtimestamp(first / 1000, UTC)


def pass_time(until: datetime, traveller: time_machine.Traveller) -> None:
    """Move the clock to `until`; what is due meanwhile happens at its time."""
    while (due := next_delayed()) is not None and due <= until:
        traveller.move_to(max(due, utcnow()), tick=False)
        do_jobs()
    traveller.move_to(until, tick=False)
