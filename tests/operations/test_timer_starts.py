"""Timer start events: a deployed process opens cases by itself, at its times, once each, in its newest version only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db, utcnow
from service.models import SYSTEM, Case, StartTimer
from service.operations import cases, deployments, start_events
from tests.jobs_by_hand import pass_time

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def drawn(timer: str, *, name: str = "Report", also: str = "") -> bytes:
    """A process that a timer starts, and that waits for a person."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:case="urn:casewright:bpmn:1.0">
  <process id="report" name="{name}" isExecutable="true" case:numberPrefix="REP"
           case:managerGroups="editors">
    <startEvent id="start">{timer}</startEvent>
    <sequenceFlow id="a" sourceRef="start" targetRef="write" />
    <userTask id="write" name="Write" />
    <sequenceFlow id="b" sourceRef="write" targetRef="end" />
    <endEvent id="end" />{also}
  </process>
</definitions>""".encode()


def timer(kind: str, text: str) -> str:
    return f'<timerEventDefinition id="t"><{kind} xsi:type="tFormalExpression">{text}</{kind}></timerEventDefinition>'


def deploy(timer_: str, **options: str) -> list[str]:
    """Deploys; the warnings."""
    done = deployments.deploy({"report.bpmn": drawn(timer_, **options)}, by=SYSTEM)
    db.session.commit()
    return [warning.message for warning in done.warnings]


def opened() -> list[datetime]:
    """When cases were opened."""
    found = list(db.session.scalars(sa.select(Case.created_at).order_by(Case.created_at)))
    db.session.rollback()
    return found


def armed() -> int:
    found = db.session.scalar(sa.select(sa.func.count()).select_from(StartTimer)) or 0
    db.session.rollback()
    return found


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """It is noon of a Monday, and time stands still."""
    monkeypatch.setattr(start_events, "database_now", utcnow)
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_a_duration_opens_one_case_after_deployment(clock: time_machine.Traveller) -> None:
    assert deploy(timer("timeDuration", "PT1H")) == []

    pass_time(NOON + timedelta(minutes=59), clock)
    assert opened() == []
    pass_time(NOON + timedelta(days=3), clock)

    assert opened() == [NOON + timedelta(hours=1)]
    assert armed() == 0
    case = db.session.scalars(sa.select(Case)).one()
    assert (case.number, case.created_by, case.marked) == ("REP-2026-00001", "system", ["write"])


def test_a_date_opens_one_case_at_that_time(clock: time_machine.Traveller) -> None:
    deploy(timer("timeDate", "2026-03-02T15:00:00+01:00"))

    pass_time(NOON + timedelta(days=3), clock)

    assert opened() == [NOON + timedelta(hours=2)]


def test_a_cycle_opens_as_many_cases_as_it_says(clock: time_machine.Traveller) -> None:
    deploy(timer("timeCycle", "R3/PT10M"))

    pass_time(NOON + timedelta(hours=5), clock)

    assert opened() == [NOON + timedelta(minutes=minutes) for minutes in (10, 20, 30)]
    assert armed() == 0


def test_a_cycle_without_end_goes_on_and_keeps_the_hour_of_its_zone(clock: time_machine.Traveller) -> None:
    deploy(timer("timeCycle", "R/2026-01-01T09:00[Europe/Berlin]/P1W"))

    pass_time(NOON + timedelta(weeks=5), clock)

    assert [moment.strftime("%d %H:%M") for moment in opened()] == [
        "05 08:00",
        "12 08:00",
        "19 08:00",
        "26 08:00",
        "02 07:00",
    ]
    assert armed() == 1


def test_a_cron_expression_opens_cases_by_the_clock_of_its_zone(clock: time_machine.Traveller) -> None:
    assert deploy(timer("timeCycle", "0 0 9 * * MON-FRI [Europe/Berlin]")) == []

    pass_time(NOON + timedelta(days=3), clock)

    assert opened() == [datetime(2026, 3, day, 8, tzinfo=UTC) for day in (3, 4, 5)]
    assert armed() == 1


def test_rounds_before_the_deployment_are_used_up(clock: time_machine.Traveller) -> None:
    deploy(timer("timeCycle", "R4/2026-03-02T11:15:00Z/PT30M"))

    pass_time(NOON + timedelta(days=1), clock)

    assert opened() == [NOON + timedelta(minutes=15), NOON + timedelta(minutes=45)]


@pytest.mark.parametrize(
    ("kind", "text"), [("timeDate", "2020-01-01T00:00:00Z"), ("timeCycle", "R3/2020-01-01T00:00:00Z/PT1S")]
)
def test_a_time_that_is_past_opens_nothing_and_is_warned_of(
    clock: time_machine.Traveller, kind: str, text: str
) -> None:
    [warning] = deploy(timer(kind, text))

    pass_time(NOON + timedelta(days=1), clock)

    assert warning.endswith("is past.")
    assert opened() == []


def test_a_time_that_depends_on_the_case_is_warned_of_and_waited_for_by_who_opens_one_by_hand(
    clock: time_machine.Traveller,
) -> None:
    [warning] = deploy(timer("timeDuration", "delay"))
    definition = deployments.latest_definition("report")
    assert definition is not None
    case = cases.begin(definition, {"delay": "PT1H"}, by=SYSTEM)
    case_id = case.id
    db.session.commit()

    pass_time(NOON + timedelta(hours=2), clock)

    assert "cannot be told without a case" in warning
    assert db.session.get_one(Case, case_id).marked == ["write"]
    assert len(opened()) == 1


def test_a_conditional_start_event_is_warned_of(clock: time_machine.Traveller) -> None:
    expression = '<condition xsi:type="tFormalExpression">x > 1</condition>'
    condition = f'<conditionalEventDefinition id="c">{expression}</conditionalEventDefinition>'

    [warning] = deploy(condition)

    assert warning.startswith("No case is opened by this start event")


def test_a_new_version_takes_over_the_schedule(clock: time_machine.Traveller) -> None:
    deploy(timer("timeCycle", "R/PT10M"))
    pass_time(NOON + timedelta(minutes=15), clock)
    deploy(timer("timeCycle", "R/PT1H"), name="Hourly report")

    pass_time(NOON + timedelta(hours=2, minutes=30), clock)

    assert opened() == [NOON + timedelta(minutes=minutes) for minutes in (10, 75, 135)]
    assert armed() == 1


def test_a_new_version_without_a_timer_ends_the_schedule(clock: time_machine.Traveller) -> None:
    deploy(timer("timeCycle", "R/PT10M"))
    deploy("")

    pass_time(NOON + timedelta(hours=2), clock)

    assert opened() == []
    assert armed() == 0


def test_the_same_files_again_leave_the_schedule_alone(clock: time_machine.Traveller) -> None:
    deploy(timer("timeDuration", "PT1H"))
    pass_time(NOON + timedelta(minutes=30), clock)
    deploy(timer("timeDuration", "PT1H"))

    pass_time(NOON + timedelta(hours=3), clock)

    assert opened() == [NOON + timedelta(hours=1)]


def test_a_wake_up_that_comes_twice_early_or_for_a_timer_that_is_gone_opens_nothing(
    clock: time_machine.Traveller,
) -> None:
    deploy(timer("timeCycle", "R/PT10M"))
    row = db.session.scalars(sa.select(StartTimer)).one()
    timer_id, seq = row.id, row.seq

    assert start_events.fire(timer_id, seq) is None  # early: it is armed anew
    db.session.commit()
    clock.move_to(NOON + timedelta(minutes=10), tick=False)
    assert start_events.fire(timer_id, seq) is None
    assert start_events.fire(uuid.uuid4(), 1) is None
    assert start_events.fire(timer_id, seq + 1) is not None
    db.session.commit()
    assert start_events.fire(timer_id, seq + 1) is None
    db.session.commit()

    assert len(opened()) == 1
