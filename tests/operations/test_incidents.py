"""Incidents: of the case that they are about, and gone with it."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor, Incident, IncidentState, Timer
from service.operations import cases, incidents
from service.worker import job_types
from tests.operations.care_life import FILES
from tests.operations.test_children import deploy, opened
from tests.operations.test_lifecycle import done


def test_a_timer_that_cannot_be_fired_is_an_incident_of_its_case(app: Flask, person: Callable[..., Actor]) -> None:
    ann = person("ann", "clerks")
    deploy(*FILES)
    case = opened("project", ann, item="x")
    done(case, ann, "Plan")
    timer = db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id)).one()

    job_types.report("fire_timer", {"timer": str(timer.id), "seq": timer.seq}, "ValueError: odd")
    db.session.commit()

    assert db.session.scalars(sa.select(Incident.case_id)).one() == case.id


def test_a_timer_that_opens_cases_or_is_gone_makes_an_incident_of_no_case(app: Flask) -> None:
    gone = "0191f8a2-0000-7000-8000-000000000000"

    job_types.report("start_by_timer", {"timer": gone, "seq": 1}, "ValueError: odd")
    db.session.commit()

    assert db.session.scalars(sa.select(Incident.case_id)).one() is None


def test_a_cancelled_case_takes_its_incidents_with_it(app: Flask, person: Callable[..., Actor]) -> None:
    ann = person("ann", "clerks")
    deploy(*FILES)
    case, other = opened("project", ann, item="x"), opened("project", ann, item="y")
    for each in (case, other):
        incidents.record("stuck", case_id=each.id, job={"name": "fire_timer", "arguments": {}})
    db.session.commit()

    cases.cancel(case, by=SYSTEM, reason="Not needed")
    db.session.commit()

    found = {row.case_id: row for row in db.session.scalars(sa.select(Incident))}
    assert (found[case.id].state, found[case.id].resolved_by) == (IncidentState.RESOLVED, SYSTEM.name)
    assert found[case.id].resolved_at is not None
    assert found[other.id].state is IncidentState.OPEN
