"""What comes next: the most urgent that somebody may take, in the order of their team, though twenty ask at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.models import SYSTEM, Actor, AuditEntry, Group, HumanTask
from service.models.users import NextTask
from service.operations import cases, deployments, lifecycle, next_task, roles, tasks, users
from service.queries import next_task as queue
from tests.operations.test_batches import CHECK, FORM, opened
from tests.operations.test_races import MODEL

PEOPLE = 20


@pytest.fixture
def people(app: Flask, person: Callable[..., Actor]) -> dict[str, Actor]:
    deployments.deploy({"check.bpmn": CHECK, "finding.form": FORM}, by=SYSTEM)
    db.session.commit()
    found = {name: person(name, "clerks") for name in ("ann", "ben")}
    return found | {"mia": person("mia", "heads"), "zoe": person("zoe"), "ada": person("ada", admin=True)}


def plan(task_id: UUID, due_at: datetime | None, priority: int) -> None:
    tasks.schedule(db.session.get_one(HumanTask, task_id), by=SYSTEM, due_at=due_at, priority=priority)
    db.session.commit()


def taken(by: Actor) -> UUID | None:
    task = next_task.take(queue.candidates(by), by=by)
    db.session.commit()
    return task.id if task else None


def test_what_is_late_comes_first_then_what_is_due_then_priority_then_age(people: dict[str, Actor]) -> None:
    now, ids = utcnow(), opened(6, people["ann"])
    plan(ids[1], None, 90)
    plan(ids[2], now + timedelta(days=3), 50)
    plan(ids[3], now + timedelta(days=3), 60)
    plan(ids[4], now + timedelta(days=1), 10)
    plan(ids[5], now - timedelta(days=1), 10)

    found = [taken(people["ann"]) for _ in range(7)]

    assert found == [ids[5], ids[4], ids[3], ids[2], ids[1], ids[0], None]
    claims = sa.select(sa.func.count()).where(AuditEntry.action == "task:claimed", AuditEntry.actor == "ann")
    assert db.session.execute(claims).scalar_one() == 6  # as if each had been taken by itself


@pytest.mark.parametrize(("order", "expected"), [(NextTask.PRIORITY, [3, 1, 2, 0]), (NextTask.OLDEST, [0, 1, 2, 3])])
def test_a_team_may_set_another_order(people: dict[str, Actor], order: NextTask, expected: list[int]) -> None:
    now, ids = utcnow(), opened(4, people["ann"])
    plan(ids[1], now + timedelta(days=9), 90)
    plan(ids[2], now + timedelta(days=1), 60)
    plan(ids[3], now - timedelta(days=1), 10)
    users.order_next_tasks(db.session.get_one(Group, "clerks"), order, by=people["ada"])
    db.session.commit()

    assert list(queue.candidates(people["ann"])) == [ids[place] for place in expected]


def test_each_team_keeps_its_order_where_somebody_is_in_several(people: dict[str, Actor]) -> None:
    now, ids = utcnow(), opened(3, people["ann"])
    case = db.session.get_one(HumanTask, ids[0]).case
    other = [tasks.add(case, by=SYSTEM, name=name, candidate_groups=["heads"]) for name in ("Old", "New")]
    db.session.commit()
    plan(other[1].id, now - timedelta(days=2), 50)  # late, but its team goes by age
    plan(ids[2], now + timedelta(days=1), 50)
    users.order_next_tasks(db.session.get_one(Group, "heads"), NextTask.OLDEST, by=people["ada"])
    db.session.commit()
    both = Actor(people["ann"].id, "ann", groups=frozenset({"clerks", "heads"}))

    assert list(queue.candidates(both)) == [ids[2], ids[0], ids[1], other[0].id, other[1].id]


def test_what_may_not_be_taken_now_is_passed_over(people: dict[str, Actor]) -> None:
    ids = opened(5, people["ann"])
    lifecycle.suspend(db.session.get_one(HumanTask, ids[0]).case, by=SYSTEM, reason="A test.")
    roles.restrict(db.session.get_one(HumanTask, ids[1]).case, True, by=people["ann"], reason="A test.")
    db.session.get_one(HumanTask, ids[2]).not_done_by = ["Look"]  # and Ben did that step
    task = db.session.get_one(HumanTask, ids[2])
    db.session.add(HumanTask(case_id=task.case_id, activity_id="x", element_id="Look", name="x", state="completed",
                             closed_by="ben", closed_at=utcnow()))  # fmt: skip
    db.session.commit()
    tasks.claim(db.session.get_one(HumanTask, ids[3]), by=people["ann"])
    db.session.commit()

    assert [taken(people["ben"]), taken(people["ben"]), taken(people["zoe"])] == [ids[4], None, None]


def test_more_than_is_looked_at_at_first_is_found(people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST", 2)
    ids = opened(7, people["ann"])

    assert list(queue.candidates(people["ann"])) == ids


@pytest.mark.parametrize("order", list(NextTask))
def test_the_order_holds_however_little_is_looked_at_first(
    people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch, order: NextTask
) -> None:
    now, ids = utcnow(), opened(9, people["ann"])
    for place, task_id in enumerate(ids[:6]):
        plan(task_id, now + timedelta(days=(-2, 5, -1, 1, 1, 3)[place]), (50, 90, 90, 10, 60, 90)[place])
    plan(ids[7], None, 80)
    lifecycle.suspend(db.session.get_one(HumanTask, ids[0]).case, by=SYSTEM, reason="A test.")
    users.order_next_tasks(db.session.get_one(Group, "clerks"), order, by=people["ada"])
    db.session.commit()
    expected = {
        NextTask.URGENT: [2, 4, 3, 5, 1, 7, 6, 8],
        NextTask.PRIORITY: [2, 5, 1, 7, 4, 6, 8, 3],
        NextTask.OLDEST: [1, 2, 3, 4, 5, 6, 7, 8],
    }

    for most in (1, 2, 3, 50):
        monkeypatch.setattr(queue, "MOST", most)
        assert list(queue.candidates(people["ben"])) == [ids[place] for place in expected[order]], most


@pytest.mark.timeout(240)
@pytest.mark.parametrize("together", [False, True])
def test_twenty_people_at_once_get_a_task_each_and_none_twice(
    app: Flask, person: Callable[..., Actor], together: bool
) -> None:
    people = [person(f"runner{number}", "runners") for number in range(PEOPLE)]
    deployments.deploy({"race.bpmn": MODEL.encode()}, by=SYSTEM)
    db.session.commit()
    definition = deployments.latest_definition("race")
    assert definition is not None
    if together:  # all in one case, whose lock they have to take in turn
        case = cases.start(definition, by=people[0], submitted={})
        for number in range(PEOPLE - 1):
            tasks.add(case, by=SYSTEM, name=f"No. {number}", candidate_groups=["runners"])
        db.session.commit()
    else:
        for _ in range(PEOPLE):
            cases.start(definition, by=people[0], submitted={})
            db.session.commit()
    db.session.rollback()
    gate = threading.Barrier(PEOPLE)

    def press(who: Actor) -> tuple[UUID | None, float]:
        with app.app_context():
            gate.wait()
            began = time.monotonic()
            return taken(who), time.monotonic() - began

    with ThreadPoolExecutor(PEOPLE) as pool:
        results = list(pool.map(press, people))

    found = [task_id for task_id, _ in results]
    assert None not in found and len(set(found)) == PEOPLE
    had = {task.id: task.assignee for task in db.session.scalars(sa.select(HumanTask))}
    assert [had[each] for each in found if each] == [who.name for who in people]
    assert max(seconds for _, seconds in results) < 15
