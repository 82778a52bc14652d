"""The sandbox: one does in it what people, time and the world outside do to a case."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from service.engine.work import WorkflowState
from service.errors import BadRequest, Forbidden, InvalidDeployment, WrongState
from service.rehearsal import acts, keeping
from service.rehearsal.examples import FIRST
from service.rehearsal.sandbox import Sandbox
from service.rehearsal.world import World, read
from tests.engine.diagrams import node, process, written

PEOPLE = {"ann": ["clerks"], "mia": ["managers"]}


@pytest.fixture
def sandbox(loans: World) -> Sandbox:
    made = Sandbox(loans, now=FIRST, people=PEOPLE)
    made.start("loan", {"customer": "Rosa"}, by="ann")
    return made


def test_a_case_goes_the_way_that_its_data_says(sandbox: Sandbox) -> None:
    sandbox.complete("Assess", {"amount": 5000}, by="ann")
    sandbox.complete("Approve", {}, by="mia")

    assert sandbox.main.workflow.state is WorkflowState.COMPLETED
    assert sandbox.main.stage == "decision"


def test_who_did_the_first_step_may_not_do_the_second(sandbox: Sandbox) -> None:
    sandbox.complete("Assess", {"amount": 5000}, by="ann")

    with pytest.raises(Forbidden, match="four eyes"):
        sandbox.complete("Approve", {}, by="ann")


def test_a_task_is_for_those_to_whom_it_is_offered(sandbox: Sandbox) -> None:
    with pytest.raises(Forbidden, match="offered to clerks, not to mia"):
        sandbox.complete("Assess", {}, by="mia")


def test_what_is_not_open_cannot_be_done_and_one_is_told_what_is(sandbox: Sandbox) -> None:
    with pytest.raises(WrongState, match="“Approve” is not open; open is Assess"):
        sandbox.complete("Approve", {})


def test_timers_fire_at_their_time_while_the_clock_is_moved(sandbox: Sandbox) -> None:
    sandbox.until(FIRST + timedelta(minutes=59))
    before = [task.element_id for _, task in sandbox.tasks()]
    sandbox.until(FIRST + timedelta(days=1))

    assert (before, sorted(task.element_id for _, task in sandbox.tasks())) == (["Assess"], ["Assess", "Remind"])
    with pytest.raises(BadRequest, match="forward"):
        sandbox.until(FIRST)


def test_a_timer_is_waited_for(sandbox: Sandbox) -> None:
    sandbox.fire("Late")

    assert sandbox.now == FIRST + timedelta(hours=1)
    with pytest.raises(WrongState, match="No timer runs at “Late”"):
        sandbox.fire("Late")


def test_a_sandbox_is_kept_as_json_and_goes_on_as_if_it_had_not_been(sandbox: Sandbox, loans: World) -> None:
    sandbox.complete("Assess", {"amount": 5000}, by="ann")

    again = keeping.load(loans, json.loads(json.dumps(keeping.dump(sandbox))))

    assert again.trace == sandbox.trace
    with pytest.raises(Forbidden, match="four eyes"):
        again.complete("Approve", {}, by="ann")
    again.complete("Approve", {}, by="mia")
    assert again.main.workflow.state is WorkflowState.COMPLETED


def test_a_connector_is_answered_by_hand_or_refuses() -> None:
    service = node("serviceTask", "Call", case_type="http", case_resultVariable="reply")
    world = read({"p.bpmn": written(process(service, "s Call e"))})
    answered, refused = Sandbox(world, now=FIRST), Sandbox(world, now=FIRST)
    for each in (answered, refused):
        each.start("p", {})

    acts.do(answered, acts.of_data({"answer": "Call", "with": {"status": 200}}))
    acts.do(refused, acts.of_data({"answer": "Call", "error": "GONE"}))

    assert answered.main.workflow.state is WorkflowState.COMPLETED
    assert refused.main.workflow.state is WorkflowState.FAILED


def test_files_that_are_wrong_are_told_as_at_deployment() -> None:
    with pytest.raises(InvalidDeployment):
        read({"p.bpmn": b"<nonsense/>"})
    with pytest.raises(InvalidDeployment, match="1 problem"):
        read({})


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "one of complete"),
        ({"complete": "A", "fire": "B"}, "one of complete"),
        ({"complete": "A", "when": 1}, "not “when”"),
        ({"complete": 7}, "wants a text"),
        ({"complete": "A", "with": []}, "name: value"),
        ({"complete": "A", "number": 0}, "whole number"),
    ],
)
def test_what_is_no_act_is_told(said: dict[str, object], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        acts.of_data(said)


@pytest.mark.parametrize("said", ["soon", "PT", "-P1D"])
def test_a_clock_that_cannot_be_read_is_told(sandbox: Sandbox, said: str) -> None:
    with pytest.raises(BadRequest):
        acts.do(sandbox, acts.of_data({"clock": said}))
