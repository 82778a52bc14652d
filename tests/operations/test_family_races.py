"""Parent and child at once, in two transactions: one consistent state in whichever order, and no deadlock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm.exc import StaleDataError

from service.db import db, failures
from service.errors import WrongState
from service.models import Actor, Case, CaseState, HumanTask
from service.operations import cases, children, tasks
from tests.jobs_by_hand import do_jobs
from tests.operations.family import CLAIM, customer
from tests.operations.test_children import child_of, deploy, open_task, opened

PAIRS = 8


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


def side_by_side(app: Flask, *acts: Callable[[], None]) -> list[str]:
    """Do all of them at once, each in a transaction of its own, again after a conflict; how each went."""
    db.session.rollback()
    gate = threading.Barrier(len(acts))

    def one(act: Callable[[], None]) -> str:
        with app.app_context():
            gate.wait()
            for _ in range(20):
                try:
                    act()
                    db.session.commit()
                    return "done"
                except WrongState:
                    db.session.rollback()
                    return "WrongState"
                except (StaleDataError, sa.exc.OperationalError) as error:
                    db.session.rollback()
                    assert failures.is_conflict(error)
            return "never"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_cancelling_the_parent_and_completing_the_child_at_once_end_in_one_state(app: Flask, ann: Actor) -> None:
    deploy(CLAIM, customer())
    for _ in range(PAIRS):
        parent = opened("customer", ann, what="roof")
        task = open_task(child_of(parent))
        tasks.claim(task, by=ann)
        db.session.commit()
        parent_id, task_id = parent.id, task.id

        def cancel(case_id: UUID = parent_id) -> None:
            cases.cancel(db.session.get_one(Case, case_id), by=ann, reason="Moved away")

        def complete(id_: UUID = task_id) -> None:
            tasks.complete(db.session.get_one(HumanTask, id_), by=ann, submitted={"paid": 70})

        def look(case_id: UUID = parent_id) -> None:
            children.take_reports(case_id)

        outcomes = side_by_side(app, cancel, complete, look)
        do_jobs()
        db.session.expire_all()

        parent, child = db.session.get_one(Case, parent_id), child_of(db.session.get_one(Case, parent_id))
        assert "never" not in outcomes
        assert (parent.state, parent.closed_at is not None) == (CaseState.TERMINATED, True)
        assert child.state is (CaseState.COMPLETED if outcomes[1] == "done" else CaseState.TERMINATED)
    assert db.session.query(HumanTask).filter(HumanTask.closed_at.is_(None)).count() == 0


def test_many_looks_at_once_take_each_report_once(app: Flask, ann: Actor) -> None:
    deploy(CLAIM, customer())
    parent = opened("customer", ann, what="roof")
    task = open_task(child_of(parent))
    tasks.claim(task, by=ann)
    tasks.complete(task, by=ann, submitted={"paid": 70})
    db.session.commit()
    parent_id = parent.id

    outcomes = side_by_side(app, *[lambda: children.take_reports(parent_id)] * 6)

    assert set(outcomes) == {"done"}
    parent = db.session.get_one(Case, parent_id)
    assert open_task(parent).name == "Talk"
    assert parent.variables["total"] == 70


def test_two_that_would_make_a_circle_together_do_not_both_succeed(app: Flask, ann: Actor) -> None:
    from service.errors import BadRequest

    deploy(CLAIM)
    first, second = (opened("claim", ann, item=name).id for name in "ab")

    def hang(child: UUID, parent: UUID) -> Callable[[], None]:
        def act() -> None:
            try:
                under = db.session.get_one(Case, parent)
                children.adopt(db.session.get_one(Case, child), parent=under, by=ann)
            except BadRequest as refused:
                raise WrongState(str(refused)) from None

        return act

    outcomes = side_by_side(app, hang(first, second), hang(second, first))

    assert sorted(outcomes) == ["WrongState", "done"]
