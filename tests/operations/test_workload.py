"""Who has how much of the work that somebody may give to others, and that nobody sees more of it than they may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.errors import BadRequest, Forbidden
from service.models import SYSTEM, Actor, HumanTask, User
from service.operations import deployments, roles, tasks, users
from service.policy.permissions import Action, may
from service.queries import workload
from tests.operations.test_batches import CHECK, FORM, opened


@pytest.fixture
def people(app: Flask, person: Callable[..., Actor]) -> dict[str, Actor]:
    """Ann, Ben and Cat are clerks, Mia manages, Lea leads one case, Zoe is a stranger, Ada administers."""
    deployments.deploy({"check.bpmn": CHECK, "finding.form": FORM}, by=SYSTEM)
    db.session.commit()
    groups = {"ann": "clerks", "ben": "clerks", "cat": "clerks", "mia": "heads"}
    found = {name: person(name, group) for name, group in groups.items()}
    return found | {"lea": person("lea"), "zoe": person("zoe"), "ada": person("ada", admin=True)}


def test_work_is_told_by_person_with_what_is_late_and_who_is_free(people: dict[str, Actor]) -> None:
    ids = opened(5, people["ann"])
    for task_id, who in zip(ids[:3], ("ann", "ann", "ben"), strict=True):
        tasks.claim(db.session.get_one(HumanTask, task_id), by=people[who])
    late = db.session.get_one(HumanTask, ids[1])
    tasks.schedule(late, by=people["mia"], due_at=utcnow() - timedelta(days=1))
    users.set_capacity(db.session.scalars(sa.select(User).where(User.name == "ann")).one(), 1, by=people["ada"])
    db.session.commit()

    loads = {load.name: load for load in workload.by_person(people["mia"])}

    assert [(load.name, load.tasks, load.late) for load in loads.values()] == [
        ("ann", 2, 1),
        ("ben", 1, 0),
        ("cat", 0, 0),
    ]
    assert loads["ann"].due_first == late.due_at and loads["ann"].is_over and not loads["ben"].is_over
    assert [(each.principal, each.tasks) for each in workload.waiting(people["mia"])] == [("group:clerks", 2)]
    assert [task.id for task in workload.of_person(people["mia"], "ann", most=1)] == ids[:1]
    assert workload.kinds(people["mia"], "ann") == (["check"], ["group:clerks"])
    assert len(workload.of_person(people["mia"], "ann", most=9, offered_to="group:clerks")) == 2
    assert not workload.of_person(people["mia"], "ann", most=9, case_type="other")


def test_what_may_be_given_to_others_is_chosen_as_the_rules_say(people: dict[str, Actor]) -> None:
    ids = opened(3, people["ann"])
    for task_id, leads, restricted in ((ids[0], True, False), (ids[1], True, True), (ids[2], False, True)):
        case = db.session.get_one(HumanTask, task_id).case
        if leads:
            roles.give(case, "lead", "user:lea", by=people["mia"])
        if restricted:
            roles.restrict(case, True, by=people["ann"], reason="A test.")
        db.session.commit()

    for who, actor in people.items():
        chosen = set(db.session.scalars(sa.select(HumanTask.id).where(workload.assignable(actor))))
        allowed = {each for each in ids if may(actor, Action.ASSIGN, db.session.get_one(HumanTask, each))}
        assert chosen == allowed, who

    assert {who for who, actor in people.items() if may(actor, Action.OVERSEE)} == {"mia", "lea", "ada"}
    assert [workload.oversees(people[who]) for who in ("mia", "lea", "ada", "zoe")] == [True, True, True, False]


def test_only_who_manages_people_says_how_much_somebody_can_have(people: dict[str, Actor]) -> None:
    ben = db.session.scalars(sa.select(User).where(User.name == "ben")).one()

    with pytest.raises(Forbidden):
        users.set_capacity(ben, 3, by=people["mia"])
    with pytest.raises(BadRequest, match="0 to 1000"):
        users.set_capacity(ben, 1001, by=people["ada"])
    users.set_capacity(ben, 3, by=people["ada"])
    assert ben.capacity == 3
    users.set_capacity(ben, None, by=people["ada"])
    assert ben.capacity is None
