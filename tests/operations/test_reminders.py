"""Reminders and follow-up dates: told once, seen by nobody else, and nothing of what one may no longer see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import jobs
from service.db import db, utcnow
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.models import Actor, Case, HumanTask, Notification, ProcessDefinition, Reminder
from service.models.jobs import job_status
from service.operations import cases, follow_ups, reminders, roles, tasks
from service.queries import agenda, news
from service.queries import reminders as lists
from service.queries import tasks as task_lists

SOON = timedelta(days=1)


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def ben(person: Callable[..., Actor]) -> Actor:
    return person("ben", "clerks")


@pytest.fixture
def task(loan: ProcessDefinition, ann: Actor, worklist: Callable[[Actor], list[HumanTask]]) -> HumanTask:
    """A task that Ann has."""
    cases.start(loan, by=ann, submitted={"customer": "Lovelace", "amount": 500})
    db.session.commit()
    [found] = worklist(ann)
    tasks.claim(found, by=ann)
    db.session.commit()
    return found


def waiting(reminder: Reminder) -> str:
    """How its job stands."""
    job = sa.select(job_status.c.status).where(job_status.c.workflow_uuid == f"reminder:{reminder.id}")
    return str(jobs.execute(job).scalar_one())


def told(actor: Actor) -> list[tuple[str, str | None]]:
    return [(each.kind, each.text) for each in news.of(actor).rows]


def test_a_reminder_is_told_at_its_moment_once_and_to_nobody_else(task: HumanTask, ann: Actor, ben: Actor) -> None:
    made = reminders.remind(task.case, utcnow() + SOON, "Ask for the payslip", task=task, by=ann)
    db.session.commit()
    assert [each.text for each in lists.coming(ann)] == ["Ask for the payslip"]
    assert waiting(made) == "DELAYED"
    assert (lists.coming(ben), told(ann)) == ([], [])
    with pytest.raises(NotFound):
        lists.get(made.id, by=ben)

    with time_machine.travel(utcnow() + SOON + timedelta(seconds=1)):
        for _ in range(2):  # as after a crash
            reminders.tell(made.id)
        db.session.commit()

        assert told(ann) == [("reminder", "Ask for the payslip")]
        assert (told(ben), lists.coming(ann)) == ([], [])
        assert news.unseen(ann, most=9) == 1
        news.saw(ann, news.of(ann).rows[0].id)
        assert news.unseen(ann, most=9) == 0


def test_a_reminder_that_is_called_off_is_never_told(task: HumanTask, ann: Actor, ben: Actor) -> None:
    made = reminders.remind(task.case, utcnow() + SOON, by=ann)
    db.session.commit()
    with pytest.raises(NotFound):
        reminders.call_off(made, by=ben)

    reminders.call_off(made, by=ann)
    db.session.commit()
    assert waiting(made) == "CANCELLED"

    with time_machine.travel(utcnow() + 2 * SOON):
        reminders.tell(made.id)
        assert told(ann) == []
    with pytest.raises(WrongState):
        reminders.call_off(made, by=ann)


def test_a_reminder_of_a_case_that_is_closed_to_one_meanwhile_says_nothing(
    loan: ProcessDefinition, task: HumanTask, ann: Actor, ben: Actor
) -> None:
    made = reminders.remind(task.case, utcnow() + SOON, "Mr Lovelace's cancer", by=ben)
    db.session.commit()
    roles.restrict(db.session.get_one(Case, task.case_id), True, by=ann, reason="Sensitive")
    db.session.commit()

    with time_machine.travel(utcnow() + 2 * SOON):
        reminders.tell(made.id)

        assert (told(ben), lists.coming(ben), news.unseen(ben, most=9)) == ([], [], 0)
    assert db.session.scalar(sa.select(Notification.person)) == "ben"


def test_a_moment_that_is_over_or_far_away_is_refused(
    task: HumanTask, ann: Actor, person: Callable[..., Actor]
) -> None:
    for at in (utcnow() - SOON, utcnow() + timedelta(days=3000)):
        with pytest.raises(BadRequest):
            reminders.remind(task.case, at, by=ann)
        with pytest.raises(BadRequest):
            follow_ups.put_off(task, at, by=ann)
    with pytest.raises(BadRequest):
        reminders.remind(task.case, utcnow() + SOON, "x" * 1001, by=ann)
    with pytest.raises(NotFound):
        reminders.remind(task.case, utcnow() + SOON, by=person("zoe"))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Reminder)) == 0


def test_a_task_that_is_put_off_is_out_of_sight_until_then(task: HumanTask, ann: Actor, ben: Actor) -> None:
    def listed(**only: bool) -> list[str]:
        return [each.name for each in task_lists.mine(ann, **only).rows]

    with pytest.raises(Forbidden):
        follow_ups.put_off(task, utcnow() + SOON, by=ben)
    db.session.rollback()
    follow_ups.put_off(task, utcnow() + SOON, by=ann)
    db.session.commit()

    assert (listed(set_aside=False), listed(set_aside=True)) == ([], [task.name])
    assert task_lists.counts(ann).mine == 0
    with time_machine.travel(utcnow() + SOON + timedelta(minutes=1)):
        assert listed(set_aside=False) == [task.name]
    follow_ups.take_up(task, by=ann)
    db.session.commit()
    assert listed(set_aside=False) == [task.name]
    with pytest.raises(WrongState):
        follow_ups.take_up(task, by=ann)


def test_the_calendar_has_what_is_mine_between_two_moments(task: HumanTask, ann: Actor, ben: Actor) -> None:
    now = utcnow()
    task.due_at = now + 3 * SOON
    follow_ups.put_off(task, now + SOON, by=ann)
    reminders.remind(task.case, now + 2 * SOON, "Call", task=task, by=ann)
    reminders.remind(task.case, now + 9 * SOON, "Later", by=ann)
    db.session.commit()

    def kinds(actor: Actor) -> list[str]:
        return [each.kind for each in agenda.entries(actor, now, now + 5 * SOON)]

    assert kinds(ann) == ["take up", "reminder", "due"]
    assert kinds(ben) == []
