"""Incidents of the installation itself: a worker that died, a time without any worker, jobs that are late.

Workers look for them, since only they are at work without anybody asking. Each is written once, whichever worker sees
it first, and put away here when it is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from service import jobs
from service.db import database_now, db, utcnow
from service.models import SYSTEM, Incident, IncidentState
from service.queries import health

GONE = timedelta(seconds=30)  #: without a sign of life: no restart, and no clumsy one either
MISSED = timedelta(seconds=60)  #: without any worker that is worth telling
LATE = "jobs"  #: what an incident of late jobs is about


def look() -> None:
    """Write down what ails, and put away what ails no more. Commits each by itself."""
    gone_since = database_now() - GONE
    gone = [worker for worker in health.workers() if worker.seen_at < gone_since]
    db.session.rollback()
    for worker in gone:
        since = f"{worker.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        _open(
            f"worker:{worker.worker_id}",
            f"The worker {worker} has given no sign of life since {since}, and did not say that it ends. What it "
            "was doing is done by the others. See why it ended, and start it again if it is missed.",
            once=worker.seen_at,
        )
    due = health.oldest_late()
    db.session.rollback()
    if due is not None:
        message = f"Timers or jobs are late: the oldest was due at {due:%Y-%m-%d %H:%M:%S} UTC."
        _open(LATE, message, once=due)
    _put_away({f"worker:{worker.worker_id}" for worker in gone} | ({LATE} if due is not None else set()))


def nobody_worked(since: datetime) -> None:
    """A worker begins, and the last sign of life of any was at `since`: tell if that is long ago."""
    now = database_now()
    if now - since > MISSED:
        message = (
            f"No worker was at work from {since:%Y-%m-%d %H:%M:%S} to {now:%H:%M:%S} UTC. What was due meanwhile is "
            "done now. See why the workers had ended."
        )
        _open("workers", message, once=since)


def _open(about: str, message: str, *, once: datetime) -> None:
    """Write the incident, unless there is one of it or it was written for this very moment already."""
    there = sa.select(Incident.id).where(Incident.about == about, Incident.state == IncidentState.OPEN)
    if db.session.scalar(there.limit(1)) is not None:
        db.session.rollback()
        return
    if jobs.claim(f"incident:{about}:{once.isoformat()}"):
        db.session.add(Incident(about=about, message=message))
        db.session.commit()


def _put_away(ailing: set[str]) -> None:
    """Resolve those of workers and late jobs that are not `ailing` any more; of a time without workers people read."""
    over = sa.select(Incident).where(
        Incident.state == IncidentState.OPEN,
        sa.or_(Incident.about == LATE, Incident.about.startswith("worker:")),
        Incident.about.not_in(ailing),
    )
    for incident in db.session.scalars(over):
        incident.state, incident.resolved_at, incident.resolved_by = IncidentState.RESOLVED, utcnow(), SYSTEM.name
    db.session.commit()
