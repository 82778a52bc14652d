"""What ails the installation as far as the database tells: no worker lives, or what is due is late.

For load balancers (`/readyz`), the banner on operators' pages, the doctor, and the incidents that workers write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from service import jobs
from service.db import database_now, db
from service.languages import _
from service.models import Case, CaseState, Incident, IncidentState, Timer
from service.models.jobs import WorkerHeartbeat, job_status

ALIVE = timedelta(seconds=8)  #: a worker that beat so recently lives (it beats every two seconds)
LATE = timedelta(seconds=20)  #: what is due for longer is late


@dataclass(frozen=True)
class Worker:
    """One of the workers that began and did not say that they end."""

    worker_id: str
    seen_at: datetime
    host: str | None
    pid: int | None
    lives: bool

    def __str__(self) -> str:
        where = _(" (process %(pid)s on %(host)s)", pid=self.pid, host=self.host) if self.host else ""
        return f"{self.worker_id}{where}"


@dataclass(frozen=True)
class Trouble:
    """One thing that ails: `reason` in a sentence for everybody, and what to do, for operators."""

    kind: str  #: workers or jobs
    reason: str
    advice: str


def workers() -> Sequence[Worker]:
    """Workers, the one that was seen last first."""
    alive_since = database_now() - ALIVE
    table = WorkerHeartbeat.__table__.c
    columns = table.worker_id, table.seen_at, table.host, table.pid
    rows = db.session.execute(sa.select(*columns).order_by(table.seen_at.desc()).limit(100))
    return [Worker(*row, lives=row.seen_at > alive_since) for row in rows]


def oldest_late() -> datetime | None:
    """When the timer or job was due that has been late the longest; None when nothing is late.

    A timer whose case has an open incident is told by that.
    """
    before = database_now() - LATE
    stuck = sa.exists().where(Incident.case_id == Timer.case_id, Incident.state == IncidentState.OPEN)
    timer = sa.select(sa.func.min(Timer.due_at)).join(Case, Case.id == Timer.case_id)
    timer_due = db.session.scalar(timer.where(Timer.due_at < before, Case.state == CaseState.ACTIVE, ~stuck))
    job = sa.select(sa.func.min(job_status.c.delay_until_epoch_ms)).where(
        job_status.c.status == sa.literal_column("'DELAYED'"),
        job_status.c.delay_until_epoch_ms < int(before.timestamp() * 1000),
    )
    job_due = jobs.execute(job).scalar()
    due = [timer_due, datetime.fromtimestamp(job_due / 1000, UTC) if job_due else None]
    return min(filter(None, due), default=None)


def troubles() -> Sequence[Trouble]:
    """All that ails now."""
    found = []
    if current_app.config["CASEWRIGHT"].paused:
        advice = _("Start it without `--paused` and CASEWRIGHT_PAUSED when it is the one that is to call.")
        found.append(
            Trouble("paused", _("This installation is paused: its service tasks call nothing outside."), advice)
        )
    if not any(worker.lives for worker in workers()):
        advice = _("Start `casewright worker`, or `casewright serve`, which is both.")
        found.append(Trouble("workers", _("No worker is at work: no timer fires, no service task is called."), advice))
    if due := oldest_late():
        reason = _("Timers or jobs are late: the oldest was due at %(due)s UTC.", due=f"{due:%Y-%m-%d %H:%M:%S}")
        found.append(Trouble("jobs", reason, _("See that enough workers are at work, and that the clocks agree.")))
    return found
