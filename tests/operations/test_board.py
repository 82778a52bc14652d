"""The board: what stands in which column, and what a card that is moved does or is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from service.db import db
from service.errors import Forbidden, InvalidDeployment, NotFound, WrongState
from service.models import SYSTEM, Actor, Case, HumanTask, ProcessDefinition, User
from service.operations import board, cases, deployments, lifecycle, roles, tasks
from service.queries import board as boards
from service.queries import definitions
from tests.operations.conftest import LOAN

LIMITED = LOAN.replace(b'<case:stage id="review" name="Review"/>', b'<case:stage id="review" name="Review" limit="2"/>')


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    deployments.deploy({"loan.bpmn": LIMITED}, by=SYSTEM)
    return person("ann", "clerks")


@pytest.fixture
def ben(ann: Actor, person: Callable[..., Actor]) -> Actor:
    return person("ben", "clerks")


def loan() -> ProcessDefinition:
    return definitions.latest(ProcessDefinition, "loan")


def opened(by: Actor, amount: int = 5000) -> Case:
    case = cases.start(loan(), by=by, submitted={"customer": "Ada", "amount": amount})
    db.session.commit()
    return case


def task_of(case: Case) -> HumanTask:
    return db.session.query(HumanTask).filter_by(case_id=case.id, closed_at=None).one()


def user(actor: Actor) -> User:
    return db.session.get_one(User, actor.id)


def columns(actor: Actor, read: Any = boards.by_stage, **how: Any) -> dict[str, tuple[int, bool]]:
    return {column.name: (column.number, column.is_over) for column in read(actor, loan(), **how)}


def test_cases_stand_by_stage_up_to_a_limit_and_only_those_that_one_may_see(
    ann: Actor, ben: Actor, person: Callable[..., Actor]
) -> None:
    first, *_ = [opened(ann) for _ in range(3)]
    zoe = person("zoe")

    assert columns(ann) == {"Review": (3, True), "Decision": (0, False)}
    assert columns(zoe) == {"Review": (0, False), "Decision": (0, False)}
    cases.change(first, by=SYSTEM, owner=user(ann))
    roles.restrict(first, True, by=ann, reason="A colleague is concerned.")
    db.session.commit()
    assert columns(ben) == {"Review": (2, False), "Decision": (0, False)}


def test_a_long_column_is_cut_and_counted_up_to_a_bound(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "SHOWN", 2)
    monkeypatch.setattr(boards, "COUNTED", 3)
    for _ in range(5):
        opened(ann)

    [review, _] = boards.by_stage(ann, loan())
    [more, _] = boards.by_stage(ann, loan(), more="review")

    assert (len(review.cards), review.counted, review.is_more) == (2, "3+", True)
    assert len(more.cards) == 5


def test_a_case_gets_into_a_stage_by_its_task_without_a_form(ann: Actor) -> None:
    case = opened(ann)
    tasks.claim(task_of(case), by=ann)
    db.session.commit()

    said = board.put_into(case, "decision", by=ann)
    db.session.commit()

    assert said == f"“Assess loan” is done: {case.number} is in “Decision” now."
    assert columns(ann) == {"Review": (0, False), "Decision": (1, False)}


def test_what_does_not_lead_there_is_not_done_and_says_why(ann: Actor, ben: Actor) -> None:
    small, free = opened(ann, amount=5), opened(ann)
    tasks.claim(task_of(small), by=ann)
    tasks.claim(task_of(free), by=ben)
    db.session.commit()

    with pytest.raises(WrongState, match="would close"):
        board.put_into(small, "decision", by=ann)
    db.session.rollback()
    assert task_of(small).assignee == "ann"
    with pytest.raises(WrongState, match="waits for “Assess loan”, and Ben has it"):
        board.put_into(free, "decision", by=ann)
    with pytest.raises(WrongState, match="already"):
        board.put_into(free, "review", by=ann)
    with pytest.raises(WrongState, match="no such stage"):
        board.put_into(free, "nowhere", by=ann)
    lifecycle.suspend(free, by=SYSTEM, reason="A test.")
    db.session.commit()
    with pytest.raises(WrongState, match="suspended"):
        board.put_into(free, "decision", by=ben)


def test_a_task_put_to_somebody_is_taken_given_back_delegated_or_assigned(
    ann: Actor, ben: Actor, person: Callable[..., Actor]
) -> None:
    mia, task = person("mia", "managers"), task_of(opened(ann))

    with pytest.raises(Forbidden, match="Take it first"):
        board.put_to(task, user(ben), by=ann)
    said = [board.put_to(task, user(ann), by=ann), board.put_to(task, user(ben), by=ann)]
    assert (task.assignee, task.delegated_by) == ("ben", "ann")
    tasks.hand_back(task, by=ben)
    said.append(board.put_to(task, None, by=ann))
    said.append(board.put_to(task, user(ben), by=mia))
    db.session.commit()

    assert [each.partition("”")[2] for each in said] == [
        " is yours now.", " now and hands it back to you.", " is back in the team's queue.", " now.",
    ]  # fmt: skip
    with pytest.raises(WrongState, match="Ben has this task"):
        board.put_to(task, user(ann), by=ann)
    assert columns(mia, boards.by_person) == {"Nobody yet": (0, False), "You": (0, False), "Ben": (1, False)}
    with pytest.raises(NotFound):
        board.put_to(task, None, by=person("zoe"))


CARE = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    targetNamespace="urn:t" id="d">
  <process id="loan" name="Loan" isExecutable="true" case:numberPrefix="LOA" case:candidateStarterGroups="clerks">
    <extensionElements><case:stages><case:stage id="talk" name="Talk"/>
      <case:stage id="visit" name="Visit"/></case:stages>
    </extensionElements>
    <startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="work"/>
    <adHocSubProcess id="work" name="Work" case:stage="talk">
      <userTask id="Call" name="Call" case:stage="visit" case:candidateGroups="clerks"/>
      <userTask id="Why" name="Explain" case:stage="talk" case:reasonRequired="true"/>
    </adHocSubProcess>
    <sequenceFlow id="b" sourceRef="work" targetRef="e"/><endEvent id="e"/>
  </process>
</definitions>"""


def test_ad_hoc_work_of_the_stage_is_started(ann: Actor) -> None:
    deployments.deploy({"loan.bpmn": CARE}, by=SYSTEM)
    db.session.commit()
    case = opened(ann)

    said = board.put_into(case, "visit", by=ann)
    db.session.commit()

    assert said == f"“Call” is started in {case.number}."
    assert case.stage == "visit"
    with pytest.raises(WrongState, match="“Explain” is started on the case's page, for it asks why"):
        board.put_into(case, "talk", by=ann)


def test_a_limit_that_is_no_number_is_refused_at_deployment(app: Flask) -> None:
    with pytest.raises(InvalidDeployment) as refused:
        deployments.deploy({"loan.bpmn": LIMITED.replace(b'limit="2"', b'limit="few"')}, by=SYSTEM)

    assert "is no number of cases" in str(refused.value.problems[0])
