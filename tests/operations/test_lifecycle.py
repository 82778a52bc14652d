"""A case's life: on hold, closed with an outcome, opened again, gone back in; its stages and milestones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db, utcnow
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.models import SYSTEM, Actor, AuditEntry, Case, CaseState, HumanTask, Timer
from service.operations import cases, children, lifecycle, tasks, timers
from service.queries import lifecycle as life
from tests.jobs_by_hand import do_jobs
from tests.operations.care_life import FILES
from tests.operations.family import finish
from tests.operations.test_children import child_of, deploy, latest, opened, story

Person = Callable[..., Actor]


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def project(app: Flask, ann: Actor) -> Case:
    """Ann's project, planned: Work and a child case are open."""
    deploy(*FILES)
    case = opened("project", ann, item="x")
    done(case, ann, "Plan")
    return case


def open_names(case: Case) -> list[str]:
    query = sa.select(HumanTask.name).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    return sorted(db.session.scalars(query))


def task(case: Case, element_id: str) -> HumanTask:
    query = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.element_id == element_id)
    return db.session.scalars(query.where(HumanTask.closed_at.is_(None))).one()


def done(case: Case, by: Actor, element_id: str, **data: object) -> None:
    finish(task(case, element_id), by, **data)
    db.session.commit()
    do_jobs()


def timer_of(case: Case) -> Timer:
    return db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id)).one()


def test_a_case_on_hold_stands_still_and_its_clocks_go_on_from_there(project: Case, ann: Actor) -> None:
    begun = utcnow()
    due, work = timer_of(project).due_at, task(project, "Work")
    case_due, task_due = project.due_at, work.due_at
    assert case_due and task_due
    with pytest.raises(BadRequest, match="Say why"):
        lifecycle.suspend(project, by=ann, reason=" ")
    db.session.rollback()
    lifecycle.suspend(project, by=ann, reason="Waiting for the court")
    db.session.commit()

    with time_machine.travel(begun + timedelta(hours=5), tick=True):
        old = timer_of(project)
        assert timers.fire(old.id, old.seq) is False
        db.session.rollback()
        with pytest.raises(WrongState, match="suspended"):
            tasks.claim(work, by=ann)
        db.session.rollback()
        lifecycle.resume(project, by=ann)
        db.session.commit()
        moved = timer_of(project)
        assert abs((moved.due_at - due) - timedelta(hours=5)) < timedelta(seconds=30)
        assert project.due_at and abs((project.due_at - case_due) - timedelta(hours=5)) < timedelta(seconds=30)
        assert work.due_at and abs((work.due_at - task_due) - timedelta(hours=5)) < timedelta(seconds=30)
        assert timers.fire(moved.id, moved.seq) is False  # two hours are left
        db.session.rollback()
    assert story(project)[-2:] == ["case:suspended", "case:resumed"]


def test_a_case_held_until_a_day_goes_on_then_by_itself(project: Case, ann: Actor) -> None:
    now = utcnow()
    with pytest.raises(BadRequest, match="time to come"):
        lifecycle.suspend(project, by=ann, reason="Later", until=now - timedelta(1))
    db.session.rollback()
    lifecycle.suspend(project, by=ann, reason="Later", until=now + timedelta(days=3))
    db.session.commit()
    do_jobs()
    assert project.state is CaseState.SUSPENDED

    with time_machine.travel(now + timedelta(days=3, seconds=1), tick=True):
        do_jobs()

    db.session.expire_all()
    assert (project.state, project.reason) == (CaseState.ACTIVE, None)
    lifecycle.resume_when_due(project.id, now)  # an older wake-up does nothing
    assert project.state is CaseState.ACTIVE


def test_a_childs_report_waits_while_its_parent_is_on_hold(project: Case, ann: Actor) -> None:
    lifecycle.suspend(project, by=ann, reason="Later")
    db.session.commit()
    done(child_of(project), ann, "Settle", paid=1)
    assert "paid" not in project.variables

    lifecycle.resume(project, by=ann)
    db.session.commit()
    do_jobs()

    assert project.variables["paid"] == 1


def test_a_case_is_closed_with_an_outcome_of_the_designers(project: Case, ann: Actor) -> None:
    with pytest.raises(WrongState, match="Still to be done before: CLA-"):
        lifecycle.close(project, by=ann, outcome="won", summary="")
    db.session.rollback()
    cases.cancel(child_of(project), by=ann, reason="not needed")
    db.session.commit()
    with pytest.raises(BadRequest, match="lost, won"):
        lifecycle.close(project, by=ann, outcome="other", summary="")
    db.session.rollback()
    lifecycle.close(project, by=ann, outcome="won", summary=" All **well** ")
    db.session.commit()
    do_jobs()

    assert (project.state, project.outcome, project.summary) == (CaseState.COMPLETED, "won", "All **well**")
    assert open_names(project) == []
    assert db.session.query(Timer).count() == 0


def test_where_no_outcome_is_named_only_the_diagram_ends_a_case(app: Flask, ann: Actor) -> None:
    deploy(*FILES)
    claim = opened("claim", ann, item="x")

    with pytest.raises(WrongState, match="end by their diagram"):
        lifecycle.close(claim, by=ann, outcome=None)


def test_a_closed_case_is_opened_again_to_add_tasks_until_somebody_closes_it(app: Flask, ann: Actor) -> None:
    deploy(*FILES)
    claim = opened("claim", ann, item="x")
    done(claim, ann, "Settle")
    assert claim.state is CaseState.COMPLETED

    lifecycle.reopen(claim, by=ann, reason="She called again")
    db.session.commit()
    added = tasks.add(claim, by=ann, name="Call back", candidate_groups=["clerks"])
    db.session.commit()
    finish(added, ann, answer="fine")
    cases.change_variables(claim, {"paid": 7}, by=ann)
    db.session.commit()

    assert claim.state is CaseState.ACTIVE
    assert (claim.variables["answer"], claim.variables["paid"]) == ("fine", 7)
    lifecycle.close(claim, by=ann, outcome=None, summary="Called")
    db.session.commit()
    assert claim.state is CaseState.COMPLETED


def test_going_back_shows_before_what_it_cancels_and_then_does_it(project: Case, ann: Actor) -> None:
    child = child_of(project)
    [told] = life.repeatable(project, actor=ann)
    before = open_names(project)

    assert (told.element_id, told.why_not, told.done) == ("Plan", None, 1)
    assert sorted(told.cancels) == ["Claim", "Work"]
    assert told.children == (child.number,)
    assert open_names(project) == before  # it was only a look
    lifecycle.repeat(project, "Plan", by=ann, reason="A new problem came up")
    db.session.commit()
    do_jobs()

    assert open_names(project) == ["Make a plan"]
    assert (project.stage, child.state) == ("plan", CaseState.TERMINATED)
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "case:went-back")).one()
    assert entry.details is not None
    assert entry.details["reason"] == "A new problem came up"
    assert entry.details["milestones"] == ["planned"]
    done(project, ann, "Plan")
    assert db.session.query(Case).filter_by(parent_id=project.id, state=CaseState.ACTIVE).count() == 1


def test_a_stage_is_reopened_while_a_child_of_it_is_still_open_and_reports(project: Case, ann: Actor) -> None:
    first = child_of(project)
    done_task = task(first, "Settle")
    tasks.claim(done_task, by=ann)
    tasks.complete(done_task, by=ann, submitted={"paid": 1})
    db.session.commit()  # its report is under way
    lifecycle.repeat(project, "Plan", by=ann, reason="Anew")
    db.session.commit()
    do_jobs()

    assert first.state is CaseState.COMPLETED
    assert "paid" not in project.variables  # nobody waits for that result any more
    assert open_names(project) == ["Make a plan"]
    done(project, ann, "Plan")
    assert db.session.query(Case).filter_by(parent_id=project.id).count() == 2


def test_what_the_designer_does_not_let_be_repeated_is_refused(project: Case, ann: Actor, person: Person) -> None:
    bob, eve = person("bob", "clerks"), person("eve")
    with pytest.raises(WrongState, match="designer does not let"):
        lifecycle.repeat(project, "Work", by=ann, reason="x")
    db.session.rollback()
    with pytest.raises(BadRequest, match="Say why"):
        lifecycle.repeat(project, "Plan", by=ann, reason="")
    db.session.rollback()
    for act in (
        lambda who: lifecycle.repeat(project, "Plan", by=who, reason="x"),
        lambda who: lifecycle.suspend(project, by=who, reason="x"),
        lambda who: lifecycle.close(project, by=who, outcome="won"),
        lambda who: lifecycle.reopen(project, by=who, reason="x"),
    ):
        with pytest.raises(Forbidden):
            act(bob)
        db.session.rollback()
        with pytest.raises(NotFound):
            act(eve)
        db.session.rollback()


def test_a_token_from_another_branch_stays_at_its_join(project: Case, ann: Actor) -> None:
    from service.execution.running import running

    done(child_of(project), ann, "Settle", paid=1)  # waits at the join now
    with running(project.id, by=SYSTEM) as workflow:
        assert [each.name for each in workflow.overtaken_by("Work")] == ["Work"]
        workflow.repeat("Work")
    db.session.commit()
    done(project, ann, "Work")

    assert open_names(project) == ["Check"]


def test_milestones_are_reached_by_the_token_and_by_data(project: Case, ann: Actor) -> None:
    assert [(each.id, each.reached_at is not None) for each in life.milestones(project, actor=ann)] == [
        ("planned", True), ("rich", False),
    ]  # fmt: skip
    cases.change_variables(project, {"money": 500}, by=ann)
    db.session.commit()
    assert all(each.reached_at for each in life.milestones(project, actor=ann))
    cases.change_variables(project, {"money": 600}, by=ann)
    db.session.commit()
    assert story(project).count("milestone:reached") == 2
    assert [(each.id, each.state) for each in life.stages(project, actor=ann)] == [("plan", "done"), ("act", "current")]


def test_a_plan_fragment_shares_the_cases_data_and_holds_it_open(project: Case, ann: Actor) -> None:
    with pytest.raises(BadRequest, match="not made to be started inside"):
        children.insert(project, latest("claim"), by=ann)
    db.session.rollback()
    visit = children.insert(project, latest("visit"), by=ann, reason="She asked for it")
    db.session.commit()

    assert (visit.number, visit.fragment, visit.variables["item"]) == (f"{project.number}.1", True, "x")
    with pytest.raises(WrongState, match=visit.number):
        lifecycle.close(project, by=ann, outcome="won")
    db.session.rollback()
    done(visit, ann, "Visit", seen="all well")

    assert project.variables["seen"] == "all well"
    assert "fragment:inserted" in story(project)


def test_an_ad_hoc_activitys_timer_fires_while_it_is_being_completed(app: Flask, ann: Actor) -> None:
    from tests.operations.family import diagram

    adhoc = diagram(
        "adhoc",
        "ADH",
        '<adHocSubProcess id="Any">'
        '<userTask id="Call" name="Call" case:candidateGroups="clerks" case:autoStart="true"/>'
        '<boundaryEvent id="Late" attachedToRef="Call"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        '</timerEventDefinition></boundaryEvent><userTask id="Excuse" name="Excuse" case:candidateGroups="clerks"/>'
        '<sequenceFlow id="l" sourceRef="Late" targetRef="Excuse"/></adHocSubProcess>',
        "Begin Any End",
    )
    deploy(adhoc)
    first, second = opened("adhoc", ann), opened("adhoc", ann)
    for case in (first, second):
        timer_of(case).due_at -= timedelta(hours=2)
        tasks.claim(task(case, "Call"), by=ann)
    db.session.commit()
    with time_machine.travel(utcnow() + timedelta(hours=2), tick=True):
        call, timer = task(first, "Call"), timer_of(first)
        timer_id, seq = timer.id, timer.seq
        tasks.complete(call, by=ann, submitted={})
        db.session.commit()
        assert timers.fire(timer_id, seq) is False  # the completion came first
        db.session.commit()
        call, timer = task(second, "Call"), timer_of(second)
        assert timers.fire(timer.id, timer.seq) is True
        db.session.commit()
        with pytest.raises(WrongState, match="cancelled"):
            tasks.complete(call, by=ann, submitted={})  # the timer came first
        db.session.rollback()

    assert (open_names(first), open_names(second)) == ([], ["Excuse"])
