"""The team queue: in order and whole however it is read, and what it is read by is what the tasks themselves say."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.execution import offers
from service.models import SYSTEM, Actor, Case, CaseRole, HumanTask, TaskCandidate, TaskState, User
from service.models.tasks import NEVER
from service.operations import adhoc, lifecycle, roles, tasks
from service.policy.permissions import Action, may
from service.queries import adhoc as startable
from service.queries import cases as case_lists
from service.queries import queue, visibility
from service.queries import tasks as lists
from tests.operations.test_children import deploy, opened
from tests.operations.test_roles import CARE

Person = Callable[..., Actor]
SOME = 60


def beside() -> list[tuple[Any, ...]]:
    """What stands beside the candidates, where it is not what their tasks say."""
    db.session.flush()
    db.session.expire_all()
    rows = db.session.execute(sa.select(TaskCandidate, HumanTask).join(HumanTask)).all()
    return [
        (task.name, offer.principal)
        for offer, task in rows
        if (offer.free, -offer.rank, offer.due, offer.follow_up_at)
        != (task.assignee is None, task.priority, task.due_at or NEVER, task.follow_up_at)
    ]


def a_user(actor: Actor) -> User:
    return db.session.get_one(User, actor.id)


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    deploy(CARE)
    person("nob", "nurses")
    return person("ann", "clerks", "nurses")


def test_whatever_is_done_to_a_task_its_offers_follow(ann: Actor, person: Person) -> None:
    nia = person("nia", "nurses")
    case = opened("care", ann)
    [plan] = lists.team(nia).rows
    assert beside() == []

    tasks.claim(plan, by=nia)
    assert beside() == []
    assert lists.team(nia).rows == []
    tasks.release(plan, by=nia)
    assert beside() == []
    assert lists.team(nia).rows == [plan]
    plan.due_at = plan.follow_up_at = utcnow() + timedelta(days=2)
    offers.keep(plan)
    lifecycle.suspend(case, by=SYSTEM, reason="Holidays")
    case.suspended_at = utcnow() - timedelta(days=1)
    lifecycle.resume(case, by=SYSTEM)
    assert beside() == []
    assert plan.due_at > utcnow() + timedelta(days=2.5)
    tasks.claim(plan, by=nia)
    roles.bind(case, "manager", ["user:nia"], by=SYSTEM)
    assert beside() == []
    roles.hand_over(case, "manager", frm=a_user(nia), to=a_user(ann), by=SYSTEM)
    assert beside() == []
    assert plan.assignee == "ann"
    tasks.complete(plan, by=ann, submitted={})
    assert db.session.scalars(sa.select(TaskCandidate)).all() == []

    roles.bind(case, "expert", ["group:nurses"], by=SYSTEM)
    [part] = startable.of_case(case, actor=SYSTEM)
    adhoc.activate(case, part.activity_id, "Study", by=SYSTEM, to=a_user(nia))
    assert beside() == []
    assert [offer.free for offer in db.session.scalars(sa.select(TaskCandidate))] == [False]


def test_a_task_that_the_diagram_gives_to_nobody_known_is_free(ann: Actor) -> None:
    case = opened("care", ann)
    tasks.add(case, by=SYSTEM, name="Call", candidate_groups=["nurses"], priority=90, due_at=utcnow())

    assert beside() == []
    assert [task.name for task in lists.team(ann).rows] == ["Call", "Plan"]


@pytest.fixture
def many(ann: Actor) -> list[HumanTask]:
    """Tasks of all kinds, offered to one or more groups; half of the cases are restricted; Ann has a role in one."""
    chance = random.Random(4)
    now = utcnow()
    cases = [opened("care", ann) for _ in range(6)]
    for case, role in ((cases[0], "user:ann"), (cases[1], "user:nob"), (cases[2], "user:nob")):
        case.owner_id = None
        roles.bind(case, "manager", [role], by=SYSTEM)
    db.session.execute(sa.delete(TaskCandidate))
    made = []
    for number in range(SOME):
        task = HumanTask(
            case_id=chance.choice(cases).id,
            element_id="",
            name=f"Task {number}",
            state=TaskState.READY,
            priority=chance.choice([50, 50, 50, 80, 10]),
            due_at=chance.choice([None, now, *(now + timedelta(days=days) for days in (-9, -2, 3))]),
            follow_up_at=chance.choice([None, None, now + timedelta(days=1)]),
            assignee=chance.choice([None, None, None, "nob"]),
        )
        db.session.add(task)
        db.session.flush()
        offers.offer(task, chance.sample(["group:clerks", "group:nurses", "group:heads", "user:ann"], k=2))
        made.append(task)
    for case in cases[:3]:
        case.restricted = True
    db.session.commit()
    return made


def expected(ann: Actor, made: list[HumanTask], sort: str) -> list[str]:
    """The queue as its rule says it, row by row."""
    closed = {case.id for case in db.session.scalars(sa.select(Case).where(Case.restricted))}
    closed -= set(db.session.scalars(sa.select(CaseRole.case_id).where(CaseRole.principal.in_(sorted(ann.principals)))))
    mine = [
        task
        for task in made
        if task.assignee is None
        and task.case_id not in closed
        and not ann.principals.isdisjoint(each.principal for each in task.candidates)
    ]
    orders: dict[str, Callable[[HumanTask], object]] = {
        "urgency": lambda task: (task.due_at or NEVER, -task.priority, task.id),
        "priority": lambda task: (-task.priority, task.due_at or NEVER, task.id),
        "due": lambda task: (task.due_at or NEVER, task.id),
    }
    mine.sort(key=orders[sort])
    return [task.name for task in mine]


@pytest.mark.parametrize("sort", ["urgency", "priority", "due"])
@pytest.mark.parametrize("ranges", [0, queue.RANGES])
def test_the_queue_is_in_order_and_whole(
    ann: Actor, many: list[HumanTask], monkeypatch: pytest.MonkeyPatch, sort: str, ranges: int
) -> None:
    monkeypatch.setattr(queue, "RANGES", ranges)
    monkeypatch.setattr(lists, "SPARE", 1)
    wanted = expected(ann, many, sort)
    found, cursor = [], None

    while cursor or not found:
        page = lists.team(ann, limit=3, cursor=cursor, sort=sort)
        found += [task.name for task in page.rows]
        cursor = page.next

    assert found == wanted
    assert 10 < len(found) < SOME


@pytest.mark.parametrize("sort", ["urgency", "priority", "due"])
def test_a_long_list_is_in_order_and_whole(ann: Actor, many: list[HumanTask], person: Person, sort: str) -> None:
    ada = person("ada", admin=True)
    key: Callable[[HumanTask], Any] = {
        "urgency": lambda task: (task.due_at or NEVER, -task.priority, task.id),
        "priority": lambda task: (-task.priority, task.due_at or NEVER, task.id),
        "due": lambda task: (task.due_at or NEVER, task.id),
    }[sort]
    whole = sorted(lists.all_open(ada, limit=200, sort="oldest").rows, key=key)
    found: list[HumanTask] = []
    cursor = None

    while cursor or not found:
        page = lists.all_open(ada, limit=7, cursor=cursor, sort=sort)
        found += page.rows
        cursor = page.next

    assert [task.name for task in found] == [task.name for task in whole]


@pytest.mark.parametrize(
    ("of_one", "index"), [(False, "ix_human_task_open_urgency"), (True, "ix_human_task_mine_urgency")]
)
def test_urgency_is_read_from_an_index(ann: Actor, many: list[HumanTask], of_one: bool, index: str) -> None:
    order = [column for sort in lists.SORTS["urgency"] for column in sort.order]
    listed = sa.select(HumanTask.id).where(HumanTask.closed_at.is_(None)).order_by(*order).limit(3)
    listed = listed.where(HumanTask.assignee == "nob") if of_one else listed
    text = str(listed.compile(db.engine, compile_kwargs={"literal_binds": True}))
    lite = db.engine.dialect.name == "sqlite"
    for setting in () if lite else ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort"):
        db.session.execute(sa.text(f"SET LOCAL {setting} = off"))
    if of_one and not lite:  # of a few rows any index will do
        db.session.execute(sa.text("DROP INDEX ix_human_task_open_urgency"))

    plan = db.session.execute(sa.text(f"{'EXPLAIN QUERY PLAN' if lite else 'EXPLAIN'} {text}")).all()

    db.session.rollback()
    said = " ".join(str(part) for line in plan for part in line)
    assert index in said
    assert "Sort" not in said and "TEMP B-TREE" not in said


def test_the_queue_is_counted_without_what_is_set_aside(ann: Actor, many: list[HumanTask]) -> None:
    at_hand, aside = (lists.team(ann, limit=200, set_aside=aside).rows for aside in (False, True))
    whole = lists.team(ann, limit=200).rows

    assert {task.id for task in whole} == {task.id for task in (*at_hand, *aside)}
    assert aside
    assert lists.any_set_aside(ann, team=True)
    assert lists.counts(ann).team == len(at_hand)
    assert lists.counts(ann, most=7).team == 7


@pytest.mark.parametrize("few", [-1, 2000])
def test_lists_show_what_the_rules_say_whichever_way_they_are_read(
    ann: Actor, many: list[HumanTask], person: Person, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(visibility, "FEW", few)
    visibility._were_few.cache_clear()
    nob = db.session.scalars(sa.select(User).where(User.name == "nob")).one()
    people = [ann, Actor(nob.id, "nob", groups=frozenset({"nurses"})), person("hal", "heads"), person("zoe")]
    people += [person("cleo", "clerks"), person("ada", admin=True)]
    every = list(db.session.scalars(sa.select(Case)))

    for actor in people:
        found = set(db.session.scalars(sa.select(Case.id).where(visibility.listed(actor))))
        assert found == {case.id for case in every if may(actor, Action.READ_CASE, case)}, actor.name
        shown = {task.id for task in lists.all_open(actor, limit=200).rows}
        allowed = sa.select(HumanTask).where(HumanTask.closed_at.is_(None))
        assert shown == {task.id for task in db.session.scalars(allowed) if may(actor, Action.READ_TASK, task)}
        for looked_at in (2, 500):
            monkeypatch.setattr(case_lists, "LOOKED_AT", looked_at)
            for state, (number, is_all) in case_lists.numbers(actor, most=5).items():
                there = sum(case.state is state and may(actor, Action.READ_CASE, case) for case in every)
                assert number == min(there, 5) if is_all else number <= there, (actor.name, state)
        running = case_lists.running([every[0].definition_id], actor=actor, most=4)[every[0].definition_id]
        assert running == min(4, sum(may(actor, Action.READ_CASE, case) for case in every)), actor.name
    visibility._were_few.cache_clear()
