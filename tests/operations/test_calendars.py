"""Deadlines that count working time: in cases and tasks, timers and holds, by the calendars that operations keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db
from service.errors import BadRequest, Forbidden, InvalidForm, WrongState
from service.models import SYSTEM, Actor, Case, HumanTask, InstallationEntry, Timer
from service.operations import calendars, cases, deployments, lifecycle
from service.operations.calendars import Said
from service.queries import calendars as lists
from tests.operations.test_children import latest

Person = Callable[..., Actor]

WEEK = {day: ["9:00-12:00", "13:00-17:00"] for day in calendars.WEEKDAYS[:5]}
OFFICE = Said("Munich", "Europe/Berlin", WEEK, "DE", "BY", {date(2026, 5, 15): ([], "bridging day")})
PROCESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t" id="d"
 xmlns:case="urn:casewright:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <process id="p" name="P" isExecutable="true" case:numberPrefix="P" case:candidateStarterGroups="clerks"
  case:managerGroups="clerks" case:calendar="munich" case:dueDate="P3D">
  <startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
  <userTask id="t" name="Do" case:assignee="ann" case:dueDate="P1D" case:followUpDate="=duration(&quot;PT2H&quot;)"/>
  <boundaryEvent id="late" attachedToRef="t" cancelActivity="false">
   <timerEventDefinition><timeDuration xsi:type="tFormalExpression">PT4H</timeDuration></timerEventDefinition>
  </boundaryEvent>
  <boundaryEvent id="anyway" attachedToRef="t" cancelActivity="false" case:calendar="none">
   <timerEventDefinition><timeDuration xsi:type="tFormalExpression">PT4H</timeDuration></timerEventDefinition>
  </boundaryEvent>
  <sequenceFlow id="b" sourceRef="t" targetRef="e"/><endEvent id="e"/>
  <sequenceFlow id="c" sourceRef="late" targetRef="e2"/><endEvent id="e2"/>
  <sequenceFlow id="f" sourceRef="anyway" targetRef="e3"/><endEvent id="e3"/></process></definitions>"""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    calendars.put("munich", OFFICE, by=SYSTEM)
    ann = person("ann", "clerks")
    deployments.deploy({"p.bpmn": PROCESS.encode()}, by=SYSTEM)
    db.session.commit()
    return ann


def dates(case: Case) -> dict[str, datetime | None]:
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()
    timers = {timer.element_id: timer.due_at for timer in db.session.scalars(sa.select(Timer))}
    return {"case": case.due_at, "task": task.due_at, "follow up": task.follow_up_at, **timers}


def opened(ann: Actor, at: str) -> Case:
    with time_machine.travel(utc(at), tick=False):
        case = cases.start(latest("p"), by=ann, submitted={})
        db.session.commit()
    return case


def test_deadlines_of_cases_tasks_and_timers_count_working_time(ann: Actor) -> None:
    case = opened(ann, "2026-05-13T14:00")  # Wednesday 16:00 in Munich; Thursday is Ascension Day

    assert dates(case) == {
        "case": utc("2026-05-20T14:00"),
        "task": utc("2026-05-18T14:00"),
        "follow up": utc("2026-05-18T08:00"),
        "late": utc("2026-05-18T10:00"),
        "anyway": utc("2026-05-13T18:00"),
    }


def test_what_is_left_of_a_deadline_is_left_after_a_hold(ann: Actor) -> None:
    case = opened(ann, "2026-05-12T14:00")  # Tuesday 16:00
    task = db.session.scalars(sa.select(HumanTask)).one()
    with time_machine.travel(utc("2026-05-13T08:00"), tick=False):
        lifecycle.suspend(case, by=ann, reason="Waiting.")
    with time_machine.travel(utc("2026-05-18T09:00"), tick=False):
        lifecycle.resume(case, by=ann)
        db.session.commit()

    assert task.due_at == utc("2026-05-18T15:00"), "five hours of work were left"
    assert dates(case)["late"] == utc("2026-05-18T12:00"), "two were left, and between them is lunch"
    assert dates(case)["anyway"] == utc("2026-05-17T19:00")


def test_a_date_set_by_hand_moves_by_the_clock(ann: Actor) -> None:
    case = opened(ann, "2026-05-12T14:00")
    task = db.session.scalars(sa.select(HumanTask)).one()
    task.due_at = utc("2026-05-14T06:30")
    with time_machine.travel(utc("2026-05-13T08:00"), tick=False):
        lifecycle.suspend(case, by=ann, reason="Waiting.")
    with time_machine.travel(utc("2026-05-13T10:00"), tick=False):
        lifecycle.resume(case, by=ann)

    assert task.due_at == utc("2026-05-14T08:30")


def test_a_calendar_that_is_gone_is_said_where_a_case_needs_it(ann: Actor, app: Flask) -> None:
    db.session.delete(lists.get("munich"))
    db.session.flush()

    with pytest.raises(WrongState, match=r"There is no calendar “munich”\. Make it under Calendars first"):
        opened(ann, "2026-05-12T14:00")


def test_a_calendar_in_use_stays(ann: Actor) -> None:
    with pytest.raises(WrongState, match="needed by p"):
        calendars.remove(lists.get("munich"), by=SYSTEM)
    calendars.put("spare", OFFICE, by=SYSTEM)
    calendars.remove(lists.get("spare"), by=SYSTEM)
    db.session.flush()

    assert [row.key for row in lists.listed().rows] == ["munich"]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"title": " "}, "title", "Give it a name"),
        ({"zone": "Europe/Minga"}, "zone", "no time zone “Europe/Minga”"),
        ({"zone": "../../etc/passwd"}, "zone", "no time zone"),
        ({"week": {"funday": []}}, "funday", "no day of the week"),
        ({"week": {"monday": ["nine to five"]}}, "monday", "are no hours"),
        ({"week": {"monday": ["12:00-09:00"]}}, "monday", "not in order"),
        ({"week": {"monday": ["09:00-25:00"]}}, "monday", "not in order"),
        ({"week": {"monday": ["09:00-12:00", "11:00-13:00"]}}, "monday", "not in order"),
        ({"week": {"monday": ["00:00-00:01"] * 13}}, "monday", "At most 12"),
        ({"country": "ZZ"}, "country", "No holidays are known"),
        ({"subdivision": "XX"}, "subdivision", "DE has no part “XX”"),
        ({"country": None}, "subdivision", "Say of which country"),
        ({"days": {date(2026, 1, 2): (["9"], "")}}, "days", "are no hours"),
        ({"days": {date(2000, 1, 1) + timedelta(days=day): ([], "") for day in range(1001)}}, "days", "At most 1,000"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(app: Flask, change: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(InvalidForm) as refused:
        calendars.put("munich", replace(OFFICE, **change), by=SYSTEM)

    assert message in refused.value.errors[field][0]


@pytest.mark.parametrize("key", ["", "none", "Munich", "a b", "../x", "a" * 101])
def test_keys_are_plain(app: Flask, key: str) -> None:
    with pytest.raises(InvalidForm):
        calendars.put(key, OFFICE, by=SYSTEM)


def test_only_those_who_run_the_installation_change_calendars(app: Flask, person: Person) -> None:
    with pytest.raises(Forbidden):
        calendars.put("munich", OFFICE, by=person("ann", "clerks"))
    calendars.put("munich", OFFICE, by=person("olga", app.config["CASEWRIGHT"].operators))
    calendars.put("munich", replace(OFFICE, title="Munich office"), by=SYSTEM)
    calendars.put("munich", replace(OFFICE, title="Munich office"), by=SYSTEM)

    told = db.session.scalars(sa.select(InstallationEntry).order_by(InstallationEntry.seq)).all()
    assert [(entry.action, entry.actor) for entry in told if entry.subject == "munich"] == [
        ("calendar:made", "olga"),
        ("calendar:changed", SYSTEM.name),
    ]


def test_days_off_are_told_with_their_reasons(app: Flask) -> None:
    calendars.put("munich", OFFICE, by=SYSTEM)

    told = [(off.day.isoformat(), off.why) for off in lists.days_off(lists.get("munich"), date(2026, 5, 1), 30)]
    assert told == [
        ("2026-05-01", "Labor Day"),
        ("2026-05-14", "Ascension Day"),
        ("2026-05-15", "bridging day"),
        ("2026-05-25", "Pentecost Monday"),
    ]


def test_the_arithmetic_lists_each_stretch(app: Flask) -> None:
    calendars.put("munich", OFFICE, by=SYSTEM)
    found = lists.reckon(lists.get("munich"), utc("2026-05-13T14:00"), span="PT4H")

    assert found.end == utc("2026-05-18T10:00") and found.counted == timedelta(hours=4) and found.is_whole
    assert [span.length for span in found.spans] == [timedelta(hours=1), timedelta(hours=3)]
    wrongs: list[dict[str, Any]] = [{"span": ""}, {"span": "P2D", "end": found.end}, {"span": "soon"}, {"span": "P9Y1"}]
    for wrong in wrongs:
        with pytest.raises(BadRequest):
            lists.reckon(lists.get("munich"), utc("2026-05-13T14:00"), **wrong)
    with pytest.raises(BadRequest, match="twenty years"):
        lists.reckon(lists.get("munich"), utc("2026-05-13T14:00"), end=utc("8000-01-01T00:00"))


def test_the_check_says_which_calendar_is_not_there_and_which_says_nothing(app: Flask) -> None:
    calendars.put("munich", OFFICE, by=SYSTEM)
    told = deployments.check({"p.bpmn": PROCESS.replace('"munich"', '"munch"').encode()})

    assert [problem.message for problem in told if "calendar" in problem.message] == ["There is no calendar “munch”."]
    assert "munich" in next(problem.advice for problem in told if "calendar" in problem.message)
