"""Service levels at work: clocks that begin, stand, go on and end with the case, its stages and its tasks; what the
worker does when they are warned of and breached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db, utcnow
from service.engine.change.plan import Plan
from service.models import (
    SYSTEM,
    Actor,
    AuditEntry,
    Case,
    ClockState,
    HumanTask,
    Note,
    NoteMention,
    Notification,
    ServiceClock,
    TaskCandidate,
    User,
)
from service.operations import calendars, cases, deployments, levels, lifecycle, migration, tasks
from service.operations.calendars import Said
from tests.api.test_statements import counted
from tests.jobs_by_hand import do_jobs, pass_time
from tests.operations.test_children import latest

Person = Callable[..., Actor]
WEEK = {day: ["9:00-17:00"] for day in calendars.WEEKDAYS[:5]}
OFFICE = Said("Munich", "Europe/Berlin", WEEK)
MONDAY = datetime(2026, 5, 4, 8, tzinfo=UTC)  # 10:00 in Munich

PROCESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t" id="d"
 xmlns:case="urn:casewright:bpmn:1.0">
 <process id="p" name="P" isExecutable="true" case:numberPrefix="P" case:candidateStarterGroups="clerks"
  case:managerGroups="leads" case:calendar="munich">
  <extensionElements>
   <case:stages><case:stage id="in" name="Intake"><case:serviceLevel target="PT10H"/></case:stage>
    <case:stage id="out" name="Decision"/></case:stages>
   <case:serviceLevel target="P5D" warning="P4D">
    <case:onBreach notify="owner, group:leads" priority="80" activity="Extra" assign="mia"/></case:serviceLevel>
   <case:serviceLevel kind="response" target="PT2H"/>
  </extensionElements>
  <startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="fork"/><parallelGateway id="fork"/>
  <sequenceFlow id="b" sourceRef="fork" targetRef="do"/><sequenceFlow id="c" sourceRef="fork" targetRef="h"/>
  <adHocSubProcess id="h" name="Extras">
   <userTask id="Extra" name="Call them" case:candidateGroups="clerks"/></adHocSubProcess>
  <userTask id="do" name="Assess" case:stage="in" case:candidateGroups="clerks" case:priority="40">
   <extensionElements>
    <case:serviceLevel kind="response" target="PT4H" warning="50%">
     <case:onWarning notify="candidates" priority="60"/><case:onBreach assign="mia" notify="assignee" priority="90"/>
    </case:serviceLevel>
    <case:serviceLevel target="P2D"/>
   </extensionElements></userTask>
  <sequenceFlow id="e" sourceRef="do" targetRef="ask"/>
  <userTask id="ask" name="Wait for the claimant" case:stage="out" case:candidateGroups="clerks" case:clock="stops"/>
  <sequenceFlow id="f" sourceRef="ask" targetRef="end"/><endEvent id="end"/></process></definitions>"""


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    calendars.put("munich", OFFICE, by=SYSTEM)
    person("mia", "leads")
    person("bob", "clerks")
    ann = person("ann", "clerks")
    deployments.deploy({"p.bpmn": PROCESS.encode()}, by=SYSTEM)
    db.session.commit()
    return ann


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr(levels, "database_now", utcnow)
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def opened(ann: Actor) -> Case:
    case = cases.start(latest("p"), by=ann, submitted={})
    db.session.commit()
    return case


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def clocks(case: Case) -> dict[str, ServiceClock]:
    """By what they measure: `case response`, `in resolution`, `do response`; of several the last."""
    db.session.expire_all()
    rows = db.session.scalars(sa.select(ServiceClock).where(ServiceClock.case_id == case.id).order_by(ServiceClock.id))
    return {f"{row.task.element_id if row.task else row.stage or 'case'} {row.kind}": row for row in rows}


def task_of(case: Case, element: str) -> HumanTask:
    chosen = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.element_id == element)
    return db.session.scalars(chosen.where(HumanTask.closed_at.is_(None))).one()


def told(case: Case, action: str) -> list[AuditEntry]:
    chosen = sa.select(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.action == action)
    return list(db.session.scalars(chosen.order_by(AuditEntry.seq)))


def done(case: Case, element: str, by: Actor) -> None:
    task = task_of(case, element)
    if task.assignee is None:
        tasks.claim(task, by=by)
    tasks.complete(task, by=by, submitted={})
    db.session.commit()


def test_clocks_begin_with_what_they_measure(ann: Actor, clock: time_machine.Traveller) -> None:
    found = clocks(opened(ann))

    assert {name: (each.state.value, each.due_at) for name, each in found.items()} == {
        "case response": ("running", at(2)),
        "case resolution": ("running", at(7 * 24)),
        "in resolution": ("running", at(16 + 10)),  # 7 hours on Monday, 3 on Tuesday
        "do response": ("running", at(4)),
        "do resolution": ("running", at(48)),
    }
    assert found["do response"].warn_at == at(2) and found["case resolution"].warn_at == at(96)


def test_whoever_takes_the_task_first_answers(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    clock.move_to(at(1), tick=False)

    tasks.claim(task_of(case, "do"), by=ann)
    db.session.commit()
    tasks.release(task_of(case, "do"), by=ann)
    db.session.commit()

    found = clocks(case)
    assert {name for name, each in found.items() if each.state is ClockState.ENDED} == {"case response", "do response"}
    assert found["do response"].counted == 3600 and found["do response"].ended_at == at(1)


def test_a_stage_and_a_task_end_and_only_waiting_stops_the_case(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    clock.move_to(at(1), tick=False)
    done(case, "do", ann)

    found = clocks(case)
    assert [found[name].state for name in ("in resolution", "do resolution")] == [ClockState.ENDED] * 2
    assert found["case resolution"].state is ClockState.STOPPED and found["case resolution"].due_at is None
    assert found["case resolution"].history[-1][1:] == [None, "waiting: Wait for the claimant"]
    clock.move_to(at(25), tick=False)
    tasks.add(case, by=person_of("mia"), name="Look again", to=user("ann"))
    db.session.commit()
    assert clocks(case)["case resolution"].due_at == at(8 * 24), "there is other work: it goes on"


def person_of(name: str) -> Actor:
    found = user(name)
    return Actor(found.id, name, found.display_name, frozenset(m.group_name for m in found.memberships))


def user(name: str) -> User:
    return db.session.scalars(sa.select(User).where(User.name == name)).one()


def test_a_hold_stops_all_clocks(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    clock.move_to(at(1), tick=False)
    lifecycle.suspend(case, by=person_of("mia"), reason="wait")
    db.session.commit()
    assert {each.state for each in clocks(case).values()} == {ClockState.STOPPED}
    pass_time(at(72), clock)
    assert not told(case, "level:breached")

    clock.move_to(at(73), tick=False)
    lifecycle.resume(case, by=person_of("mia"))
    db.session.commit()

    found = clocks(case)
    assert found["do response"].due_at == at(76) and found["case resolution"].due_at == at(10 * 24)
    assert found["case resolution"].counted == 3600
    assert task_of(case, "do").due_at == found["do resolution"].due_at


def test_the_worker_warns_and_escalates_once(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    pass_time(at(2), clock)
    [warned] = told(case, "level:warned")
    assert warned.element_id == "do" and task_of(case, "do").priority == 60
    assert set(db.session.scalars(sa.select(NoteMention.name))) == {"ann", "bob"}
    assert set(db.session.execute(sa.select(Notification.person, Notification.kind))) == {
        ("ann", "level-warned"),
        ("bob", "level-warned"),
    }

    pass_time(at(4.5), clock)

    task = task_of(case, "do")
    assert (task.assignee, task.priority) == ("mia", 90)
    assert [entry.details["kind"] for entry in told(case, "level:breached")] == ["response", "response"]
    assert clocks(case)["do response"].state is ClockState.ENDED  # mia has it now
    assert set(db.session.scalars(sa.select(NoteMention.name))) == {"ann", "bob", "mia"}
    do_jobs()
    assert len(told(case, "level:breached")) == 2 and len(told(case, "task:assigned")) == 1


def test_a_late_worker_skips_nothing(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    clock.move_to(at(6), tick=False)
    tasks.claim(task_of(case, "do"), by=ann)
    db.session.commit()

    do_jobs()

    assert [entry.details["kind"] for entry in told(case, "level:warned")] == ["response"]
    assert len(told(case, "level:breached")) == 2
    task = task_of(case, "do")
    assert (task.assignee, task.priority) == ("ann", 90), "who took it meanwhile keeps it"


def test_a_breach_starts_what_is_left_to_people_and_gives_the_case(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    pass_time(at(7 * 24 + 1), clock)

    assert task_of(case, "Extra").name == "Call them"
    assert case.priority == 80 and case.owner_id == user("mia").id
    note = db.session.scalars(sa.select(Note).where(Note.case_id == case.id).order_by(Note.id.desc())).first()
    assert note and "@mia" in note.text and note.author == "system"


def test_a_calendar_that_changes_recounts_open_clocks(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    calendars.put("munich", replace(OFFICE, days={date(2026, 5, 5): ([], "off")}), by=SYSTEM)
    db.session.commit()
    do_jobs()

    found = clocks(case)
    assert found["case resolution"].due_at == at(8 * 24) and task_of(case, "do").due_at == at(72)


def test_another_version_measures_otherwise(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    clock.move_to(at(1), tick=False)
    other = PROCESS.replace('target="P5D" warning="P4D"', 'target="P9D" warning="P4D"')
    other = other.replace('<case:serviceLevel target="P2D"/>', "")
    deployments.deploy({"p.bpmn": other.encode()}, by=SYSTEM)
    db.session.commit()

    admin = Actor(None, "root", is_admin=True)
    migration.move(case, latest("p"), Plan(), by=admin, reason="new levels")
    db.session.commit()

    found = clocks(case)
    assert found["case resolution"].due_at == at(24 * 11) and found["case resolution"].began_at == MONDAY
    assert found["do resolution"].state is ClockState.CANCELLED
    assert found["do response"].state is ClockState.RUNNING

    migration.bring_back(case, by=admin, reason="no")
    db.session.commit()
    assert clocks(case)["do resolution"].state is ClockState.RUNNING
    assert clocks(case)["case resolution"].due_at == at(7 * 24)


def test_a_reopened_case_goes_on_counting(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    clock.move_to(at(1), tick=False)
    cases.cancel(case, by=person_of("mia"), reason="no")
    db.session.commit()
    assert {each.state for name, each in clocks(case).items()} == {ClockState.CANCELLED}

    clock.move_to(at(49), tick=False)
    lifecycle.reopen(case, by=person_of("mia"), reason="yes")
    db.session.commit()

    found = clocks(case)["case resolution"]
    assert (found.state, found.counted, found.due_at) == (ClockState.RUNNING, 3600, at(9 * 24))
    assert [why for _, _, why in found.history] == ["", "closed", ""]


def test_people_who_say_when_a_task_is_due_are_heard(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    assert task_of(case, "do").due_at == at(48)
    tasks.schedule(task_of(case, "do"), by=person_of("mia"), due_at=at(30))
    db.session.commit()
    clock.move_to(at(1), tick=False)
    tasks.claim(task_of(case, "do"), by=ann)
    db.session.commit()

    assert task_of(case, "do").due_at == at(30) and clocks(case)["do resolution"].due_at == at(48)


def test_candidates_of_a_task_are_its_groups(ann: Actor, clock: time_machine.Traveller) -> None:
    process = PROCESS.replace('assign="mia" notify="assignee"', 'assign="group:leads"')
    deployments.deploy({"p.bpmn": process.encode()}, by=SYSTEM)
    db.session.commit()
    case = opened(ann)
    pass_time(at(5), clock)

    chosen = sa.select(TaskCandidate.principal).where(TaskCandidate.task_id == task_of(case, "do").id)
    assert set(db.session.scalars(chosen)) == {"group:clerks", "group:leads"}


def test_only_clocks_that_change_are_written(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    task = task_of(case, "do")
    db.session.rollback()
    with counted() as seen:
        tasks.claim(task, by=ann)
        db.session.commit()
    written = [each for each in seen if "service_clock" in each]
    assert len([each for each in written if each.startswith("SELECT")]) <= 3, "\n".join(seen)
    assert len([each for each in written if each.startswith("UPDATE")]) == 2, "those that are answered"


def test_who_may_not_see_the_case_is_told_nothing_and_the_story_says_so(
    ann: Actor, person: Person, clock: time_machine.Traveller
) -> None:
    person("zoe")
    process = PROCESS.replace('notify="candidates" priority="60"', 'notify="zoe" priority="60"')
    deployments.deploy({"p.bpmn": process.encode()}, by=SYSTEM)
    db.session.commit()
    case = opened(ann)
    pass_time(at(2), clock)

    assert not list(db.session.scalars(sa.select(NoteMention.name)))
    [refused] = told(case, "level:not-escalated")
    assert refused.details and refused.details["what"] == "notify" and "may see" in refused.details["why"]
    assert task_of(case, "do").priority == 60, "the rest is done"


def test_a_hold_puts_the_breach_off(ann: Actor, clock: time_machine.Traveller) -> None:
    case = opened(ann)
    pass_time(at(7 * 24 - 1), clock)
    lifecycle.suspend(case, by=person_of("mia"), reason="late")
    db.session.commit()
    clock.move_to(at(9 * 24), tick=False)
    lifecycle.resume(case, by=person_of("mia"))
    db.session.commit()
    assert not told(case, "adhoc:activated")

    pass_time(at(9 * 24 + 2), clock)

    assert len(told(case, "adhoc:activated")) == 1
