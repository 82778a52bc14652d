"""A case's life, through operations and the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from service import audit
from service.db import db, utcnow
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.models import (
    Actor,
    AuditEntry,
    Case,
    CaseState,
    HumanTask,
    ProcessDefinition,
    TaskCandidate,
    TaskState,
    Timer,
)
from service.operations import cases, tasks, timers

Person = Callable[..., Actor]
Worklist = Callable[[Actor], list[HumanTask]]


def story(case: Case) -> list[str]:
    return list(
        db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.case_id == case.id).order_by(AuditEntry.seq))
    )


def test_a_small_loan_is_assessed_and_done(loan: ProcessDefinition, person: Person, worklist: Worklist) -> None:
    ann = person("ann", "clerks")
    case = cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 500})
    db.session.commit()
    [assess] = worklist(ann)
    tasks.claim(assess, by=ann)
    db.session.commit()

    tasks.complete(assess, by=ann, submitted={"sound": True})
    db.session.commit()

    assert case.state is CaseState.COMPLETED
    assert case.number == f"LOA-{utcnow().year}-00001"
    assert case.title == "Loan for Ada"
    assert case.variables == {"customer": "Ada", "amount": 500, "initiator": "ann", "sound": True}
    assert db.session.query(Timer).count() == 0
    assert db.session.query(TaskCandidate).count() == 0
    assert case.visits["Assess"] == 1
    assert story(case) == ["case:opened", "task:claimed", "task:completed", "case:completed"]
    assert list(audit.verify()) == []


def test_a_large_loan_goes_on_to_somebody_else(loan: ProcessDefinition, person: Person, worklist: Worklist) -> None:
    ann, mia = person("ann", "clerks"), person("mia", "managers")
    cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 5000})
    db.session.commit()
    [assess] = worklist(ann)
    tasks.claim(assess, by=ann)
    tasks.complete(assess, by=ann, submitted={})
    db.session.commit()

    [approve] = worklist(mia)

    assert approve.name == "Approve loan"
    assert approve.priority == 80
    assert approve.case.stage == "decision"
    with pytest.raises(Forbidden, match="four eyes"):
        tasks.claim(approve, by=ann)
    tasks.claim(approve, by=mia)


def test_the_reminder_fires_when_it_is_due_and_not_before(
    loan: ProcessDefinition, person: Person, worklist: Worklist
) -> None:
    ann, mia = person("ann", "clerks"), person("mia", "managers")
    case = cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 5000})
    db.session.commit()
    [timer] = db.session.scalars(sa.select(Timer))
    timer_id, seq = timer.id, timer.seq

    assert timers.fire(timer_id, seq) is False
    db.session.commit()
    assert worklist(mia) == []
    timer = db.session.get_one(Timer, timer_id)
    assert timer.seq == seq + 1

    timer.due_at -= timedelta(hours=2)
    db.session.commit()
    with time_machine.travel(utcnow() + timedelta(hours=2), tick=True):
        assert timers.fire(timer_id, seq) is False  # an older wake-up does nothing
        assert timers.fire(timer_id, seq + 1) is True
    db.session.commit()
    assert [task.name for task in worklist(mia)] == ["Remind the clerk"]
    assert [task.name for task in worklist(ann)] == ["Assess loan"]
    assert case.state is CaseState.ACTIVE


def test_a_case_is_cancelled_with_everything_open_in_it(
    loan: ProcessDefinition, person: Person, worklist: Worklist
) -> None:
    ann = person("ann", "clerks")
    case = cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 5000})
    db.session.commit()
    [assess] = worklist(ann)

    with pytest.raises(BadRequest):
        cases.cancel(case, by=ann, reason="  ")
    cases.cancel(case, by=ann, reason="Asked for twice")
    db.session.commit()

    assert (case.state, case.reason) == (CaseState.TERMINATED, "Asked for twice")
    assert assess.state is TaskState.CANCELLED
    assert db.session.query(Timer).count() == 0
    with pytest.raises(Forbidden, match="This task is cancelled"):
        tasks.claim(assess, by=ann)


def test_only_starters_open_and_strangers_see_nothing(loan: ProcessDefinition, person: Person) -> None:
    ann, eve = person("ann", "clerks"), person("eve", "visitors")
    case = cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 1})
    db.session.commit()

    with pytest.raises(Forbidden):
        cases.start(loan, by=eve, submitted={})
    with pytest.raises(NotFound):
        cases.cancel(case, by=eve, reason="no")


def test_a_task_is_claimed_once_delegated_and_handed_back(
    loan: ProcessDefinition, person: Person, worklist: Worklist
) -> None:
    from service.models import User

    ann, bob = person("ann", "clerks"), person("bob", "clerks")
    cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 1})
    db.session.commit()
    [assess] = worklist(ann)
    tasks.claim(assess, by=ann)

    with pytest.raises(WrongState, match="Ann has this task now: taken, "):
        tasks.claim(assess, by=bob)
    user = db.session.query(User).filter_by(name="bob").one()
    tasks.delegate(assess, by=ann, to=user)
    assert (assess.assignee, assess.delegated_by) == ("bob", "ann")
    tasks.hand_back(assess, by=bob)
    assert (assess.assignee, assess.delegated_by) == ("ann", None)
    tasks.release(assess, by=ann)
    assert assess.state is TaskState.READY


def test_changed_audit_entries_are_found(loan: ProcessDefinition, person: Person) -> None:
    ann = person("ann", "clerks")
    case = cases.start(loan, by=ann, submitted={"customer": "Ada", "amount": 1})
    db.session.commit()
    cases.change(case, by=ann, priority=70)
    db.session.commit()
    assert list(audit.verify()) == []

    db.session.execute(sa.update(AuditEntry).where(AuditEntry.seq == 2).values(actor="eve"))
    [broken] = audit.verify()
    assert (broken.number, broken.seq) == (case.number, 2)
    db.session.rollback()
    first = db.session.get_one(AuditEntry, (case.id, 1))
    first.details = {**(first.details or {}), "then": {**first.then, "set": {"customer": "Eve"}}}
    db.session.flush()
    assert [(each.number, each.seq) for each in audit.verify()] == [(case.number, 1)]
    db.session.rollback()
    db.session.execute(sa.delete(AuditEntry).where(AuditEntry.seq == case.audit_seq))
    assert len(list(audit.verify())) == 1
