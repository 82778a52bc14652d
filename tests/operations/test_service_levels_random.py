"""Service levels through random lives of a case, against a counter that looks at every minute of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db, utcnow
from service.execution import calendars as counting
from service.models import SYSTEM, Actor, Calendar, Case, CaseState, HumanTask, ServiceClock
from service.operations import calendars, cases, deployments, levels, lifecycle, tasks
from service.operations.calendars import Said
from service.queries import levels as standing
from tests.engine.test_working_time import ZONES, Slow
from tests.jobs_by_hand import do_jobs
from tests.operations.test_children import latest

Person = Callable[..., Actor]
BEGIN = datetime(2026, 10, 22, 7, 0, tzinfo=UTC)  #: some days before clocks change in Berlin
A_MINUTE = timedelta(minutes=1)
PROCESS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t" id="d"
 xmlns:case="urn:casewright:bpmn:1.0">
 <process id="p" isExecutable="true" case:numberPrefix="P" case:candidateStarterGroups="leads"
  case:managerGroups="leads">
  <extensionElements><case:serviceLevel target="PT20H" calendar="= team"/></extensionElements>
  <startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="do"/>
  <userTask id="do" case:assignee="mia"/><sequenceFlow id="b" sourceRef="do" targetRef="ask"/>
  <subProcess id="ask" case:clock="stops"><startEvent id="s2"/><sequenceFlow id="c" sourceRef="s2" targetRef="wait"/>
   <userTask id="wait" case:assignee="mia"/></subProcess>
  <sequenceFlow id="f" sourceRef="ask" targetRef="end"/><endEvent id="end"/></process></definitions>"""


def hours(chance: random.Random) -> Said:
    """A calendar in some zone, with hours on six days of the week at least."""
    week = {}
    for day in calendars.WEEKDAYS[: chance.choice([6, 7])]:
        opens = chance.randrange(0, 20)
        week[day] = [f"{opens}:15-{chance.randrange(opens + 1, 24)}:30"]
    days = {(BEGIN + timedelta(days=chance.randrange(5))).date(): ([], "off")}
    return Said("Team", chance.choice(ZONES), week, days=days)


class Life:
    """A case, and what is known of it without its clock: since when it counts by which calendar, or not at all."""

    def __init__(self, chance: random.Random, mia: Actor) -> None:
        self.chance, self.mia, self.team = chance, mia, "one"
        self.case: Case = cases.start(latest("p"), by=mia, submitted={"team": "one"})
        db.session.commit()
        self.turns: list[tuple[datetime, str | None]] = [(utcnow(), "one")]

    def goes_on(self) -> None:
        """Do something that is possible now."""
        if self.case.state is CaseState.SUSPENDED:
            lifecycle.resume(self.case, by=self.mia)
        else:
            self.chance.choice([self.hold, self.add, self.move, self.edit, self.complete])()
        db.session.commit()
        do_jobs()
        names = [task.element_id for task in self.open_tasks()]
        stands = self.case.state is CaseState.SUSPENDED or names == ["wait"]
        self.turns.append((utcnow(), None if stands else self.team))

    def hold(self) -> None:
        lifecycle.suspend(self.case, by=self.mia, reason="wait")

    def add(self) -> None:
        tasks.add(self.case, by=self.mia, name="More", candidate_groups=["leads"])

    def move(self) -> None:
        self.team = self.chance.choice(["one", "other"])
        cases.change_variables(self.case, {"team": self.team}, by=self.mia)

    def edit(self) -> None:
        calendars.put(self.chance.choice(["one", "other"]), hours(self.chance), by=SYSTEM)

    def open_tasks(self) -> list[HumanTask]:
        chosen = sa.select(HumanTask).where(HumanTask.case_id == self.case.id, HumanTask.closed_at.is_(None))
        return list(db.session.scalars(chosen.order_by(HumanTask.id)))

    def complete(self) -> None:
        for task in self.open_tasks():
            if task.element_id != "wait" and self.chance.random() < 0.7:
                if task.assignee is None:
                    tasks.claim(task, by=self.mia)
                tasks.complete(task, by=self.mia, submitted={})
                return

    def minutes(self, until: datetime) -> list[datetime]:
        """The minutes that count, by looking at each."""
        rows = {key: counting.of(db.session.get_one(Calendar, key)) for key in ("one", "other")}
        worked = {key: Slow(each, BEGIN, until).worked for key, each in rows.items()}
        found, minute, place = [], BEGIN, 0
        while minute < until:
            while place + 1 < len(self.turns) and self.turns[place + 1][0] <= minute:
                place += 1
            calendar = self.turns[place][1]
            if calendar is not None and minute in worked[calendar]:
                found.append(minute)
            minute += A_MINUTE
        return found


@pytest.mark.parametrize("seed", range(6))
def test_a_clock_counts_the_minutes_of_any_life(
    app: Flask, person: Person, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(levels, "database_now", utcnow)
    chance = random.Random(seed)
    for key in ("one", "other"):
        calendars.put(key, hours(chance), by=SYSTEM)
    deployments.deploy({"p.bpmn": PROCESS}, by=SYSTEM)
    mia = person("mia", "leads")
    with time_machine.travel(BEGIN, tick=False) as clock:
        life = Life(chance, mia)
        at = BEGIN
        for _ in range(8):
            at += chance.randrange(20, 900) * A_MINUTE
            clock.move_to(at, tick=False)
            life.goes_on()
        clock.move_to(at := at + timedelta(hours=9), tick=False)
        do_jobs()

        [level] = standing.of_case(life.case)
        counted = life.minutes(at + timedelta(days=4))
        before = [minute for minute in counted if minute < at]
        assert level.measure.counted == len(before) * A_MINUTE
        [told] = standing.arithmetic([level])
        assert sum((line.length for line in told.lines if line.is_counted), timedelta()) == level.measure.counted
        row = db.session.scalars(sa.select(ServiceClock)).one()
        if (allowed := round(row.allowance / 60)) <= len(counted):
            assert row.due_at == counted[allowed - 1] + A_MINUTE
        assert (row.told == levels.BREACHED) == (row.due_at is not None and row.due_at <= at)
