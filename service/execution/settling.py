"""INCIDENTS OF WHAT IS NO MORE: nobody has to see to a call, child or timer for which the case waits no longer.

Where a step fails for good, an incident names its activity. When the case goes on without it (a boundary event or an
event sub-process cancels it, a branch ends all others, a move or a change by hand takes it away), the incident is put
away in the same transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from service.db import db, utcnow
from service.engine.work import Happening, OpenWork, What
from service.models import Actor, Case, Incident, IncidentState, Timer


def settle(case: Case, happenings: Sequence[Happening], after: OpenWork, *, by: Actor) -> None:
    """Put away what is open about activities that were cancelled as the locked `case` went on."""
    cancelled = {each.activity_id for each in happenings if each.what is What.CANCELLED and each.activity_id}
    if cancelled:
        put_away(case, cancelled, after, by=by)


def put_away(case: Case, activities: Collection[str], after: OpenWork, *, by: Actor) -> None:
    """The same of these activities. One about several children stays while another of them waits for its case."""
    waiting = {each.activity_id for each in after.children}
    of_them = Incident.activity_id.in_(activities)
    for incident in db.session.scalars(sa.select(Incident).where(*_open(case), of_them)).all():
        wanted = [each for each in _arguments(incident).get("children", ()) if each["activity_id"] in waiting]
        if not wanted:
            _close(incident, by)
            continue
        job = incident.job or {}
        incident.activity_id, incident.element_id = wanted[0]["activity_id"], wanted[0]["element_id"]
        incident.job = {**job, "arguments": {**job["arguments"], "children": wanted}}


def late_timers(case: Case, timers: Collection[str]) -> set[uuid.UUID]:
    """The rows of these timers that are due: only of them something can have failed."""
    due = sa.select(Timer.id).where(Timer.case_id == case.id, Timer.timer_id.in_(timers), Timer.due_at <= utcnow())
    return set(db.session.scalars(due))


def put_away_timers(case: Case, timers: Collection[uuid.UUID], *, by: Actor) -> None:
    """Put away what is open about timers that are no more."""
    if not timers:
        return
    gone = {str(each) for each in timers}
    for incident in db.session.scalars(sa.select(Incident).where(*_open(case), Incident.job.is_not(sa.null()))).all():
        if _arguments(incident).get("timer") in gone:
            _close(incident, by)


def rename(case: Case, names: dict[str, str]) -> dict[str, str]:
    """Let open incidents name elements by their new ids; how they were called, by the incidents' ids."""
    rows = db.session.scalars(sa.select(Incident).where(*_open(case), Incident.element_id.in_(names))).all()
    before = {str(row.id): row.element_id or "" for row in rows}
    for row in rows:
        row.element_id = names[row.element_id or ""]
    return before


def _open(case: Case) -> tuple[sa.ColumnElement[bool], ...]:
    return Incident.case_id == case.id, Incident.state == IncidentState.OPEN


def _arguments(incident: Incident) -> dict[str, Any]:
    return dict((incident.job or {}).get("arguments") or {})


def _close(incident: Incident, by: Actor) -> None:
    incident.state, incident.resolved_at, incident.resolved_by = IncidentState.RESOLVED, utcnow(), by.name
