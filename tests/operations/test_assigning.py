"""Tasks that are given to somebody by themselves: in turn, by load, by skill; to nobody when nobody fits."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.errors import BadRequest, Forbidden, InvalidDeployment
from service.maintenance import comparison
from service.models import SYSTEM, Actor, AuditEntry, Case, HumanTask, ProcessDefinition, TaskState, User
from service.operations import absences, cases, deployments, tasks, users
from service.queries import definitions
from tests.operations.family import diagram

NAMES = ("ann", "ben", "cat")


def model(rule: str, more: str = 'case:candidateGroups="clerks"') -> bytes:
    return diagram(
        "given",
        "GIV",
        f'<userTask id="Plan" name="Plan" case:candidateGroups="heads"/>'
        f'<userTask id="Do" name="Do it" case:assignBy="{rule}" {more}/>',
        "Begin Do Plan End",
    )


@pytest.fixture
def office(app: Flask, person: Callable[..., Actor]) -> dict[str, Actor]:
    """Ann, Ben and Cat are clerks; Mia leads; Ada administers."""
    found = {name: person(name, "clerks") for name in NAMES}
    return found | {"mia": person("mia", "heads", "clerks-of-mia"), "ada": person("ada", admin=True)}


def deploy(rule: str, **how: str) -> None:
    deployments.deploy({"given.bpmn": model(rule, **how)}, by=SYSTEM)
    db.session.commit()


def given(number: int, **data: object) -> list[str | None]:
    """To whom the tasks of so many new cases went."""
    found = []
    for _ in range(number):
        case = cases.start(
            definitions.latest(ProcessDefinition, "given"), by=users.actor_of(user("ann").id), submitted=data
        )
        db.session.commit()
        found.append(task_of(case).assignee)
    return found


def task_of(case: Case) -> HumanTask:
    return db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()


def user(name: str) -> User:
    return db.session.scalars(sa.select(User).where(User.name == name)).one()


def why() -> list[tuple[str, str]]:
    """What the stories say of tasks that were given, or left free."""
    told = sa.select(AuditEntry).where(AuditEntry.action.in_(["task:given", "task:left-free"]))
    rows = db.session.scalars(told.order_by(AuditEntry.at, AuditEntry.seq))
    return [(entry.action, (entry.details or {})["why"]) for entry in rows]


def test_each_is_given_a_task_in_turn(office: dict[str, Actor]) -> None:
    deploy("round-robin")

    found = given(4)
    users.change(user("cat"), by=office["ada"], active=False)
    db.session.commit()
    found += given(3)

    assert found == ["ann", "ben", "cat", "ann", "ben", "ann", "ben"]
    assert why()[0] == ("task:given", "their turn")
    assert list(comparison.differences()) == []  # the story says whose each task is
    task = db.session.scalars(sa.select(HumanTask).order_by(HumanTask.id)).first()
    assert task is not None and task.state is TaskState.RESERVED and not any(row.free for row in task.candidates)


def test_who_has_least_is_given_the_next(office: dict[str, Actor]) -> None:
    deploy("least-load")
    found = given(3)
    busy = db.session.scalars(sa.select(HumanTask).where(HumanTask.assignee == "cat")).one()
    tasks.complete(busy, by=office["cat"], submitted={})
    db.session.commit()

    assert found == ["ann", "ben", "cat"] and given(2) == ["cat", "ann"]
    assert why()[-1] == ("task:given", "1 open task, the fewest")


def test_only_who_has_the_skill_is_given_it(office: dict[str, Actor]) -> None:
    deploy("skill:water")
    nobody = given(1)
    users.set_skills(user("ben"), ["water", "fire"], by=office["ada"])
    users.set_skills(user("cat"), ["water"], by=office["ada"])
    db.session.commit()

    assert nobody == [None] and given(3) == ["ben", "cat", "ben"]
    assert why()[0] == ("task:left-free", "no candidate has the skill “water”")
    assert why()[1] == ("task:given", "the skill “water”, and 0 open tasks, the fewest")


def test_the_skill_may_come_from_the_case(office: dict[str, Actor]) -> None:
    deploy("= &quot;skill:&quot; + kind")
    users.set_skills(user("ben"), ["fire"], by=office["ada"])
    db.session.commit()

    assert given(1, kind="fire") == ["ben"] and given(1, kind="no skill") == [None]
    assert why()[-1] == ("task:left-free", "“skill:no skill” is no way to choose somebody")


def test_who_has_as_much_as_they_can_is_left_out_until_nobody_is_left(office: dict[str, Actor]) -> None:
    deploy("least-load")
    for name, capacity in (("ann", 1), ("ben", 0), ("cat", 2)):
        users.set_capacity(user(name), capacity, by=office["ada"])
    db.session.commit()

    assert given(4) == ["ann", "cat", "cat", None]
    assert why()[-1] == ("task:left-free", "whoever is left has as many tasks as they are to have")
    free = db.session.scalars(sa.select(HumanTask).where(HumanTask.assignee.is_(None))).one()
    assert [row.free for row in free.candidates] == [True]
    tasks.claim(free, by=office["ben"])  # nobody is kept from taking more


def test_who_is_away_is_given_nothing(office: dict[str, Actor]) -> None:
    deploy("round-robin")
    today = utcnow().date()
    for name in ("ann", "cat"):
        person = db.session.get_one(User, office[name].id)
        absences.away(person, today, today, zone="UTC", by=office[name])
    db.session.commit()

    assert given(2) == ["ben", "ben"]


def test_four_eyes_leave_out_who_did_the_earlier_step(office: dict[str, Actor]) -> None:
    deployments.deploy({"given.bpmn": diagram(
        "given", "GIV",
        '<userTask id="Do" name="Do it" case:candidateGroups="clerks"/>'
        '<userTask id="Check" name="Check" case:assignBy="round-robin" case:candidateUsers="ann,ben"'
        ' case:notDoneBy="Do"/>',
        "Begin Do Check End",
    )}, by=SYSTEM)  # fmt: skip
    db.session.commit()
    given(1)
    task = db.session.scalars(sa.select(HumanTask)).one()
    tasks.claim(task, by=office["ann"])
    tasks.complete(task, by=office["ann"], submitted={})
    db.session.commit()

    check = db.session.scalars(sa.select(HumanTask).where(HumanTask.element_id == "Check")).one()
    assert check.assignee == "ben"

    given(1)
    ann, ben = (db.session.get_one(User, office[name].id) for name in ("ann", "ben"))
    today = utcnow().date()
    absences.away(ben, today, today, zone="UTC", stand_ins=[absences.StandIn(ann)], by=office["ben"])
    open_one = HumanTask.element_id == "Do", HumanTask.closed_at.is_(None)
    task = db.session.scalars(sa.select(HumanTask).where(*open_one)).one()
    tasks.claim(task, by=office["ben"])
    db.session.commit()
    tasks.complete(task, by=replace(office["ann"], stands_in=True), submitted={})
    db.session.commit()

    of_case = HumanTask.case_id == task.case_id, HumanTask.element_id == "Check"
    check = db.session.scalars(sa.select(HumanTask).where(*of_case)).one()
    assert check.assignee is None and "four eyes" in why()[-1][1], "who did it for somebody, and for whom"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("rule", ["round-robin", "least-load"])
def test_many_cases_at_once_are_shared_out_evenly(app: Flask, office: dict[str, Actor], rule: str) -> None:
    deploy(rule)
    db.session.rollback()
    gate = threading.Barrier(6)

    def start(_number: int) -> None:
        with app.app_context():
            gate.wait()
            for _ in range(2):
                cases.start(
                    definitions.latest(ProcessDefinition, "given"), by=users.actor_of(user("ann").id), submitted={}
                )
                db.session.commit()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(start, range(6)))

    found = Counter(db.session.scalars(sa.select(HumanTask.assignee)))
    assert found == {"ann": 4, "ben": 4, "cat": 4}


@pytest.mark.parametrize(
    ("rule", "how", "said", "advice"),
    [
        ("round robin", {}, "is no way to choose somebody", "round-robin, least-load, or skill:"),
        ("skill:", {}, "is no way to choose somebody", "skill:"),
        ("least-load", {"more": 'case:assignee="ann"'}, "has nobody to choose among", "candidateGroups"),
    ],
)
def test_a_rule_that_cannot_choose_is_refused_where_it_stands(
    app: Flask, rule: str, how: dict[str, str], said: str, advice: str
) -> None:
    with pytest.raises(InvalidDeployment) as refused:
        deploy(rule, **how)

    [problem] = refused.value.problems
    assert said in problem.message and advice in (problem.advice or "")
    assert (problem.element_id, problem.file) == ("Do", "given.bpmn") and problem.line


def test_who_deploys_is_told_of_a_skill_that_nobody_has(office: dict[str, Actor]) -> None:
    users.set_skills(user("ben"), ["water"], by=office["ada"])
    db.session.commit()

    deployment = deployments.deploy({"given.bpmn": model("skill:watter")}, by=SYSTEM)

    assert any("Nobody has the skill “watter”" in str(each) for each in deployment.warnings)


def test_only_who_manages_people_says_what_somebody_can_do(office: dict[str, Actor]) -> None:
    with pytest.raises(Forbidden):
        users.set_skills(user("ben"), ["water"], by=office["mia"])
    for wrong in (["no skill"], [""], ["x" * 61], [f"s{number}" for number in range(51)]):
        with pytest.raises(BadRequest):
            users.set_skills(user("ben"), wrong, by=office["ada"])
    users.set_skills(user("ben"), ["water", "fire", "water"], by=office["ada"])

    assert user("ben").skill_names == ["fire", "water"]
