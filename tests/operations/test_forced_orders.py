"""The three hardest questions of case work, each in each order: what comes first has done its work and not yet
committed when the other begins. Whichever it is, one consistent state comes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm.exc import StaleDataError

from service import audit
from service.db import db, failures, utcnow
from service.errors import WrongState
from service.models import Actor, Case, CaseState, HumanTask, Incident, Timer
from service.operations import cases, children, lifecycle, tasks, timers
from tests.jobs_by_hand import do_jobs
from tests.operations.care_life import FILES
from tests.operations.family import CLAIM, customer, diagram
from tests.operations.test_children import child_of, deploy, open_task, opened

Act = Callable[[], object]

ADHOC = diagram(
    "adhoc",
    "ADH",
    '<adHocSubProcess id="Any">'
    '<userTask id="Call" name="Call" case:candidateGroups="clerks" case:autoStart="true"/>'
    '<boundaryEvent id="Late" attachedToRef="Call"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    '</timerEventDefinition></boundaryEvent><userTask id="Excuse" name="Excuse" case:candidateGroups="clerks"/>'
    '<sequenceFlow id="l" sourceRef="Late" targetRef="Excuse"/></adHocSubProcess>',
    "Begin Any End",
)


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


def while_first_holds(app: Flask, first: Act, second: Act) -> tuple[object, object]:
    """Begin `second` when `first` has done all but its commit; what each returned, or the name of its refusal."""
    db.session.rollback()
    done, may_commit = threading.Event(), threading.Event()

    def one() -> object:
        with app.app_context():
            found = first()
            db.session.flush()
            done.set()
            assert may_commit.wait(30)
            db.session.commit()
            return found

    def other() -> object:
        with app.app_context():
            for _ in range(20):
                try:
                    found = second()
                    db.session.commit()
                    return found
                except WrongState as refused:
                    return type(refused).__name__
                except (StaleDataError, sa.exc.OperationalError) as error:
                    assert failures.is_conflict(error)
                finally:
                    db.session.rollback()
            return "never"

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(one)
        assert done.wait(30)
        waiting = pool.submit(other)
        time.sleep(0.3)  # it is at the lock by now, or through where there is none between them
        may_commit.set()
        found = holding.result(), waiting.result()
    do_jobs()
    db.session.expire_all()
    _is_consistent()
    return found


def _is_consistent() -> None:
    """Nothing is open in a case that has ended, nothing is stuck, and no story has a gap."""
    ended = sa.select(Case.id).where(Case.state != CaseState.ACTIVE)
    for rows in (HumanTask, Timer):
        query = sa.select(sa.func.count()).select_from(rows).where(rows.case_id.in_(ended))
        left = query.where(HumanTask.closed_at.is_(None)) if rows is HumanTask else query
        assert db.session.scalar(left) == 0
    assert db.session.query(Incident).count() == 0
    assert list(audit.verify()) == []


def claimed(case: Case, by: Actor) -> UUID:
    task = open_task(case)
    tasks.claim(task, by=by)
    db.session.commit()
    return task.id


def completing(task_id: UUID, by: Actor, **data: object) -> Act:
    return lambda: tasks.complete(db.session.get_one(HumanTask, task_id), by=by, submitted=data)


@pytest.mark.parametrize("first", ["the completion", "the timer"])
def test_an_ad_hoc_activitys_timer_fires_while_it_is_being_completed(app: Flask, ann: Actor, first: str) -> None:
    deploy(ADHOC)
    case = opened("adhoc", ann)
    timer = db.session.scalars(sa.select(Timer)).one()
    timer.due_at -= timedelta(hours=2)
    complete = completing(claimed(case, ann), ann)
    timer_id, seq, case_id = timer.id, timer.seq, case.id

    def fire() -> bool:
        return timers.fire(timer_id, seq)

    with time_machine.travel(utcnow() + timedelta(hours=2), tick=True):
        if first == "the completion":
            assert while_first_holds(app, complete, fire) == (None, False)
        else:
            assert while_first_holds(app, fire, complete) == (True, "WrongState")

    case = db.session.get_one(Case, case_id)
    names = db.session.scalars(sa.select(HumanTask.name).where(HumanTask.closed_at.is_(None))).all()
    assert names == ([] if first == "the completion" else ["Excuse"])
    assert case.visits.get("Late", 0) == (0 if first == "the completion" else 1)


@pytest.mark.parametrize(
    "first", ["the cancelling", "the child's end", "the cancelling, then the report", "the report"]
)
def test_a_parent_is_cancelled_while_a_child_reports(app: Flask, ann: Actor, first: str) -> None:
    deploy(CLAIM, customer())
    parent = opened("customer", ann, what="roof")
    parent_id, child_id = parent.id, child_of(parent).id
    complete = completing(claimed(child_of(parent), ann), ann, paid=70)
    if "report" in first:
        complete()
        db.session.commit()

    def cancel() -> None:
        cases.cancel(db.session.get_one(Case, parent_id), by=ann, reason="Moved away")

    def report() -> None:
        children.take_reports(parent_id)

    orders = {
        "the cancelling": (cancel, complete),
        "the child's end": (complete, cancel),
        "the cancelling, then the report": (cancel, report),
        "the report": (report, cancel),
    }
    outcomes = while_first_holds(app, *orders[first])

    parent, child = db.session.get_one(Case, parent_id), db.session.get_one(Case, child_id)
    assert set(outcomes) <= {None, "WrongState"}
    assert parent.state is CaseState.TERMINATED
    assert child.state is CaseState.COMPLETED  # it was done before its own cancelling came to it, in each order
    assert parent.variables.get("total") == (70 if first == "the report" else None)


@pytest.mark.parametrize("first", ["the reopening", "the child's end", "the reopening, then the report", "the report"])
def test_a_stage_is_reopened_while_a_child_of_it_is_still_open(app: Flask, ann: Actor, first: str) -> None:
    deploy(*FILES)
    project = opened("project", ann, item="x")
    completing(claimed(project, ann), ann)()
    db.session.commit()
    do_jobs()
    project_id, child_id = project.id, child_of(project).id
    complete = completing(claimed(child_of(project), ann), ann, paid=1)
    if "report" in first:
        complete()
        db.session.commit()

    def reopen() -> None:
        lifecycle.repeat(db.session.get_one(Case, project_id), "Plan", by=ann, reason="Anew")

    def report() -> None:
        children.take_reports(project_id)

    orders = {
        "the reopening": (reopen, complete),
        "the child's end": (complete, reopen),
        "the reopening, then the report": (reopen, report),
        "the report": (report, reopen),
    }
    outcomes = while_first_holds(app, *orders[first])

    project, child = db.session.get_one(Case, project_id), db.session.get_one(Case, child_id)
    assert set(outcomes) <= {None, "WrongState"}
    assert (project.state, project.stage) == (CaseState.ACTIVE, "plan")
    assert child.state is CaseState.COMPLETED
    assert open_task(project).name == "Make a plan"  # Work is gone, and nothing went on from the child's result
    completing(claimed(project, ann), ann)()
    db.session.commit()
    do_jobs()
    assert db.session.query(Case).filter_by(parent_id=project_id).count() == 2  # its second run has a child of its own
