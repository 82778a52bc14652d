"""Tasks that nobody drew: added to a running case, with a form or a list, part of its right to close."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.errors import BadRequest, Forbidden, InvalidForm, NotFound, WrongState
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, TaskCandidate, TaskState, User
from service.operations import deployments, tasks
from service.policy.permissions import Action
from service.queries import actions
from tests.operations.family import CLAIM, finish
from tests.operations.test_children import deploy, open_task, opened, story

FORM = {
    "type": "default",
    "id": "call",
    "schemaVersion": 19,
    "components": [
        {"id": "r", "type": "textfield", "key": "said", "label": "Said", "validate": {"required": True}},
    ],
}


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def claim(ann: Actor) -> Case:
    deploy(CLAIM)
    return opened("claim", ann, item="roof")


def user(name: str) -> User:
    return db.session.scalars(sa.select(User).where(User.name == name)).one()


def test_a_case_waits_for_the_tasks_that_were_added(claim: Case, ann: Actor) -> None:
    added = tasks.add(claim, by=ann, name="Call her", to=user("ann"))
    db.session.commit()
    finish(db.session.query(HumanTask).filter_by(element_id="Settle").one(), ann)
    db.session.commit()
    assert claim.state is CaseState.ACTIVE

    tasks.complete(added, by=ann, submitted={})
    db.session.commit()

    assert (added.state, added.closed_by) == (TaskState.COMPLETED, "ann")
    assert claim.state is CaseState.COMPLETED
    assert story(claim) == [
        "case:opened",
        "task:added",
        "task:claimed",
        "task:completed",
        "task:completed",
        "case:completed",
    ]


def test_its_form_is_the_newest_when_it_is_added_and_its_answers_become_data(claim: Case, ann: Actor) -> None:
    deployments.deploy({"call.form": json.dumps(FORM).encode()}, by=SYSTEM)
    db.session.commit()
    with pytest.raises(NotFound, match="not deployed"):
        tasks.add(claim, by=ann, name="Call", form_key="nothing", candidate_groups=["clerks"])
    db.session.rollback()
    added = tasks.add(claim, by=ann, name="Call", form_key="call", candidate_groups=["clerks"])
    db.session.commit()
    tasks.claim(added, by=ann)

    with pytest.raises(InvalidForm):
        tasks.complete(added, by=ann, submitted={})
    db.session.rollback()
    tasks.claim(added, by=ann)
    tasks.complete(added, by=ann, submitted={"said": "yes", "other": "dropped"})
    db.session.commit()

    assert claim.variables["said"] == "yes"
    assert "other" not in claim.variables


def test_a_list_is_ticked_off_before_the_task_is_done(claim: Case, ann: Actor) -> None:
    added = tasks.add(claim, by=ann, name="Pack", checklist=["Keys", "Coat"], to=user("ann"))
    db.session.commit()
    tasks.tick(added, [1], by=ann)
    db.session.commit()

    with pytest.raises(WrongState, match="Not everything"):
        tasks.complete(added, by=ann, submitted={})
    db.session.rollback()
    with pytest.raises(BadRequest, match="2 items"):
        tasks.tick(added, [2], by=ann)
    db.session.rollback()
    tasks.tick(added, [0, 1], by=ann)
    tasks.complete(added, by=ann, submitted={})
    db.session.commit()

    assert added.checklist == [{"text": "Keys", "done": True}, {"text": "Coat", "done": True}]


def test_what_was_added_can_be_withdrawn_and_what_is_drawn_cannot(claim: Case, ann: Actor) -> None:
    drawn = open_task(claim)
    added = tasks.add(claim, by=ann, name="Call", candidate_groups=["clerks"])
    db.session.commit()

    with pytest.raises(WrongState, match="stands in the diagram"):
        tasks.withdraw(drawn, by=ann, reason="x")
    db.session.rollback()
    tasks.withdraw(added, by=ann, reason="No need")
    db.session.commit()

    assert added.state is TaskState.CANCELLED
    assert db.session.query(TaskCandidate).filter_by(task_id=added.id).count() == 0


def test_strangers_add_nothing_and_nobody_adds_what_nobody_can_do(
    claim: Case, ann: Actor, person: Callable[..., Actor]
) -> None:
    eve, bob = person("eve"), person("bob", "clerks")
    with pytest.raises(NotFound):
        tasks.add(claim, by=eve, name="x", to=user("eve"))
    db.session.rollback()
    with pytest.raises(BadRequest, match="who shall do it"):
        tasks.add(claim, by=bob, name="x")
    db.session.rollback()
    added = tasks.add(claim, by=ann, name="x", to=user("ann"))
    db.session.commit()
    with pytest.raises(Forbidden):
        tasks.withdraw(added, by=bob, reason="x")


def test_a_task_for_one_person_alone_is_not_given_back_to_nobody(claim: Case, ann: Actor) -> None:
    alone = tasks.add(claim, by=ann, name="Call her", to=user("ann"))
    shared = tasks.add(claim, by=ann, name="Call him", candidate_groups=["clerks"])
    db.session.commit()
    tasks.claim(shared, by=ann)
    db.session.commit()

    assert Action.RELEASE not in actions.on_task(ann, alone) and Action.RELEASE in actions.on_task(ann, shared)
    with pytest.raises(WrongState, match="offered to nobody else: delegate it"):
        tasks.release(alone, by=ann)
    tasks.release(shared, by=ann)
    assert (alone.assignee, shared.assignee) == ("ann", None)
