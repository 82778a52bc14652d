"""Tasks below a task, and tasks that people follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.errors import BadRequest, NotFound, WrongState
from service.models import (
    SYSTEM,
    Actor,
    Case,
    FollowedTask,
    HumanTask,
    NoteVisibility,
    ProcessDefinition,
    TaskState,
    User,
)
from service.operations import cases, follows, notes, roles, tasks
from service.queries import follows as follow_lists

pytestmark = pytest.mark.usefixtures("loan")


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def ben(ann: Actor, person: Callable[..., Actor]) -> Actor:
    return person("ben", "clerks")


@pytest.fixture
def case(loan: ProcessDefinition, ann: Actor) -> Case:
    found = cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 5000})
    db.session.commit()
    return found


def task_of(case: Case) -> HumanTask:
    return db.session.query(HumanTask).filter_by(case_id=case.id, element_id="Assess").one()


def user(actor: Actor) -> User:
    return db.session.get_one(User, actor.id)


def test_a_task_waits_for_the_subtasks_that_it_needs(case: Case, ann: Actor, ben: Actor) -> None:
    above = task_of(case)
    tasks.claim(above, by=ann)
    photos = tasks.add(case, by=ann, name="Ask for photos", to=user(ben), parent=above)
    spare = tasks.add(case, by=ann, name="Look around", candidate_groups=["clerks"], parent=above, optional=True)
    unwanted = tasks.add(case, by=ann, name="Call twice", to=user(ben), parent=above)
    db.session.commit()
    tasks.withdraw(unwanted, by=ann, reason="Once is enough.")
    db.session.commit()
    assert (above.subtasks, above.subtasks_done) == (2, 0)

    with pytest.raises(WrongState, match="0 of 2 subtasks are done; first has to be done: “Ask for photos”"):
        tasks.complete(above, by=ann, submitted={})
    db.session.rollback()
    tasks.complete(photos, by=ben, submitted={})
    db.session.commit()
    tasks.complete(above, by=ann, submitted={})
    db.session.commit()

    assert (above.state, above.subtasks_done) == (TaskState.COMPLETED, 1)
    assert spare.state is TaskState.READY
    assert [each.name for each in follow_lists.subtasks(above, ann)] == ["Ask for photos", "Look around", "Call twice"]


def test_a_subtask_has_none_of_its_own_and_stays_in_its_case(
    case: Case, loan: ProcessDefinition, ann: Actor, person: Callable[..., Actor]
) -> None:
    above = task_of(case)
    below = tasks.add(case, by=ann, name="Ask", to=user(ann), parent=above)
    other = cases.start(loan, by=ann, submitted={"customer": "Bob", "amount": 1})
    db.session.commit()

    with pytest.raises(WrongState, match="no subtasks of its own"):
        tasks.add(case, by=ann, name="Deeper", to=user(ann), parent=below)
    db.session.rollback()
    with pytest.raises(BadRequest, match="another case"):
        tasks.add(other, by=ann, name="Elsewhere", to=user(ann), parent=task_of(case))
    db.session.rollback()
    tasks.claim(task_of(case), by=ann)
    tasks.complete(below, by=ann, submitted={})
    tasks.complete(task_of(case), by=ann, submitted={})
    db.session.commit()
    with pytest.raises(WrongState, match="completed"):
        tasks.add(case, by=ann, name="Too late", to=user(ann), parent=task_of(case))
    db.session.rollback()
    with pytest.raises(NotFound):
        tasks.add(case, by=person("zoe"), name="Not mine", to=user(ann), parent=task_of(case))


def long_ago(task: HumanTask) -> None:
    """Let those who follow the task have looked at it an hour ago."""
    db.session.execute(sa.update(FollowedTask).values(seen_at=utcnow() - timedelta(hours=1)))
    db.session.commit()


def news(actor: Actor) -> list[tuple[str, bool]]:
    return [(each.name, each.news) for each in follow_lists.followed(actor)]


def test_what_others_do_with_a_followed_task_or_say_of_it_is_news(case: Case, ann: Actor, ben: Actor) -> None:
    task = task_of(case)
    follows.follow(task, by=ann)
    follows.follow(task, by=ann)
    db.session.commit()
    tasks.claim(task, by=ann)
    db.session.commit()
    long_ago(task)
    assert news(ann) == [("Assess loan", False)]  # what one does oneself is none

    notes.write(case, "Called.", by=ben, visibility=NoteVisibility.TEAM, about=notes.About(task=task))
    db.session.commit()
    assert news(ann) == [("Assess loan", True)]
    task_id = task.id
    db.session.rollback()  # it waits for no lock
    follows.saw(task_id, by=ann)
    db.session.commit()
    assert news(ann) == [("Assess loan", False)]
    tasks.release(task, by=ann)
    tasks.claim(task, by=ben)
    db.session.commit()
    long_ago(task)
    assert news(ann) == [("Assess loan", True)]
    assert news(ben) == []
    follows.leave(task, by=ann)
    db.session.commit()
    assert news(ann) == []


def test_who_may_not_see_a_task_cannot_follow_it_and_loses_sight_of_it(
    case: Case, ann: Actor, person: Callable[..., Actor]
) -> None:
    zoe = person("zoe")

    with pytest.raises(NotFound):
        follows.follow(task_of(case), by=zoe)
    db.session.rollback()
    db.session.add(FollowedTask(user_id=zoe.id, task_id=task_of(case).id))
    db.session.commit()

    assert news(zoe) == []


def test_one_person_follows_so_many_tasks_only(case: Case, ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follows, "MOST", 0)

    with pytest.raises(WrongState, match="leave one"):
        follows.follow(task_of(case), by=ann)


def test_who_has_only_the_task_above_in_a_restricted_case_sees_no_subtasks_of_others(
    case: Case, ann: Actor, ben: Actor
) -> None:
    above = task_of(case)
    tasks.claim(above, by=ben)
    cases.change(case, by=SYSTEM, owner=user(ann))
    tasks.add(case, by=ann, name="About a colleague", to=user(ann), parent=above)
    roles.restrict(case, True, by=ann, reason="A colleague is concerned.")
    db.session.commit()

    assert follow_lists.subtasks(above, ben) == []
    assert len(follow_lists.subtasks(above, ann)) == 1
