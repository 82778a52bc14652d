"""Incidents: of the case that they are about, and gone with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, Incident, IncidentState, Timer
from service.operations import cases, deployments, incidents
from service.worker import job_types
from tests.operations.care_life import FILES
from tests.operations.family import finish
from tests.operations.test_children import deploy, latest, opened
from tests.operations.test_deployments import CALLED, CALLING, form, process
from tests.operations.test_lifecycle import done, task


def test_a_timer_that_cannot_be_fired_is_an_incident_of_its_case(app: Flask, person: Callable[..., Actor]) -> None:
    ann = person("ann", "clerks")
    deploy(*FILES)
    case = opened("project", ann, item="x")
    done(case, ann, "Plan")
    timer = db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id)).one()

    job_types.report("fire_timer", {"timer": str(timer.id), "seq": timer.seq}, "ValueError: odd")
    db.session.commit()

    assert db.session.scalars(sa.select(Incident.case_id)).one() == case.id


def test_what_is_told_of_a_late_timer_ends_with_what_it_waits_beside(app: Flask, person: Callable[..., Actor]) -> None:
    ann = person("ann", "clerks")
    deploy(*FILES)
    case = opened("project", ann, item="x")
    done(case, ann, "Plan")
    timer = db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id)).one()
    job_types.report("fire_timer", {"timer": str(timer.id), "seq": timer.seq}, "ValueError: odd")
    db.session.commit()

    with time_machine.travel(timer.due_at + timedelta(minutes=1), tick=False):
        finish(task(case, "Work"), ann)
        db.session.commit()

    assert db.session.scalars(sa.select(Incident.state)).all() == [IncidentState.RESOLVED]


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


def stuck() -> tuple[Case, Incident]:
    """The one case, which has failed, and its open incident."""
    db.session.rollback()
    [incident] = db.session.scalars(sa.select(Incident).where(Incident.state == IncidentState.OPEN))
    return db.session.scalars(sa.select(Case)).one(), incident


def open_names() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(HumanTask.name).where(HumanTask.closed_at.is_(None))))


def test_a_case_finds_the_called_process_that_was_deployed_after_it_failed(app: Flask) -> None:
    deploy(CALLING)
    cases.begin(latest("outer"), {}, by=SYSTEM)
    db.session.commit()
    case, incident = stuck()
    incidents.retry(incident, by=SYSTEM)  # still missing
    db.session.commit()
    case, incident = stuck()
    assert case.reason == "The process “inner” that is called here is not deployed."
    deployments.deploy({"inner.bpmn": CALLED}, by=SYSTEM)
    db.session.commit()

    incidents.retry(incident, by=SYSTEM)
    db.session.commit()

    assert open_names() == ["Inner work"]
    [case] = db.session.scalars(sa.select(Case))
    assert (case.state, case.definition.version) == (CaseState.ACTIVE, 2)


def test_a_case_goes_on_with_no_version_that_means_something_else(app: Flask) -> None:
    """Neither a diagram nor a form that was changed comes along with what was missing."""
    asking = CALLING.replace(b'<startEvent id="begin"/>', b'<startEvent id="begin" case:formKey="ask"/>')
    deployments.deploy({"outer.bpmn": asking, "ask.form": form("Word")}, by=SYSTEM)
    cases.begin(latest("outer"), {}, by=SYSTEM)
    deployments.deploy({"ask.form": form("Another word"), "inner.bpmn": CALLED}, by=SYSTEM)
    deployments.deploy({"outer.bpmn": asking.replace(b'id="stop"', b'id="stop" name="Over"')}, by=SYSTEM)
    db.session.commit()
    case, incident = stuck()

    incidents.retry(incident, by=SYSTEM)
    db.session.commit()

    case, _ = stuck()
    assert (case.state, case.definition.version) == (CaseState.FAILED, 1)


def test_a_decision_that_an_expression_names_is_the_newest_that_is_deployed(app: Flask) -> None:
    asks = '<businessRuleTask id="middle" case:decisionRef="= which" case:resultVariable="found"/>'
    deployments.deploy({"asks.bpmn": process("asks", asks)}, by=SYSTEM)
    cases.begin(latest("asks"), {"which": "d"}, by=SYSTEM)
    db.session.commit()
    case, incident = stuck()
    reason = case.reason
    for number in (1, 2):
        deployments.deploy({"d.dmn": CONSTANT.replace(b"?", b"%d" % number)}, by=SYSTEM)
    db.session.commit()

    incidents.retry(incident, by=SYSTEM)
    db.session.commit()

    [case] = db.session.scalars(sa.select(Case))
    assert reason == "The decision “d” is not deployed."
    assert (case.state, case.variables) == (CaseState.COMPLETED, {"which": "d", "found": 2})


CONSTANT = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="f" name="f" namespace="urn:d">
<decision id="d" name="d"><variable name="d"/><literalExpression><text>?</text></literalExpression></decision>
</definitions>"""
