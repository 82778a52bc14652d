"""The ways in which plain SpiffWorkflow loses work silently : here they are closed."""

from __future__ import annotations

import time

import pytest

from service.engine.definition import Refused
from service.engine.errors import NotReady
from service.engine.parser import parse
from tests.engine.diagrams import Case, node, package, process, run, script, user


def test_a_chain_of_1500_scripts_runs_every_one_of_them() -> None:
    names = [f"t{number}" for number in range(1500)]
    elements = "".join(script(name, "n = n + 1") for name in names)

    case = run(elements, " ".join(["s", *names, "e"]), n=0)

    assert (case.state, case.variables["n"]) == ("completed", 1500)


def test_a_review_loop_goes_on_after_1200_rounds() -> None:
    case = run(user("A") + node("exclusiveGateway", "g"), "s A g", "g A: again", "g e: not again")

    for _ in range(1200):
        case.complete("A", again=True)

    assert case.open() == ["A"]
    case.complete("A", again=False)
    assert case.state == "completed"


def test_neither_the_tree_nor_the_snapshot_grows_with_history() -> None:
    guard = (
        '<boundaryEvent id="b" attachedToRef="A" cancelActivity="false"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    )
    inner = '<startEvent id="s2"/><endEvent id="e2"/>' + '<sequenceFlow id="f" sourceRef="s2" targetRef="e2"/>'
    gateways = node("parallelGateway", "split") + node("parallelGateway", "join") + node("exclusiveGateway", "g")
    elements = user("A", "B", "C", "R") + guard + node("subProcess", "sub", inner) + gateways
    case = run(elements, "s A split B join", "split C join sub g", "b R e", "g A: True", "g e: False", text="x" * 2000)
    sizes, tokens = [], []

    for number in range(300):
        case.complete("A", round=number)
        case.complete("C")
        case.complete("B")
        sizes.append(len(case.workflow.dump()))
        tokens.append(len(case.workflow._run.tasks))

    assert tokens[-1] == tokens[0] == 3  # the process, A and the timer that waits beside it
    assert sizes[-1] < 1.2 * sizes[9]


def test_a_completed_activity_is_not_run_a_second_time() -> None:
    case = run(user("A", "B"), "s A B e")
    activity = case.id_of("A")
    case.workflow.complete(activity, {"x": 1})
    before = case.workflow.dump()

    with pytest.raises(NotReady):
        case.workflow.complete(activity, {"x": 2})

    assert case.workflow.dump() == before
    assert case.open() == ["B"]


def test_5000_elements_in_a_row_are_parsed_without_recursion() -> None:
    names = [f"t{number}" for number in range(5000)]
    before = time.process_time()

    deployed = package(process(user(*names), " ".join(["s", *names, "e"])))

    assert len(deployed.definitions["p"].graph.task_specs) == 5003
    assert time.process_time() - before < 20


def test_a_process_that_calls_itself_for_ever_fails_and_says_so() -> None:
    calls = package(process(node("callActivity", "again", calledElement="p"), "s again e"))

    case = Case(calls.definitions["p"])

    assert case.state == "failed"
    assert "call each other more than 50 deep" in case.why


def test_a_process_may_call_itself_as_often_as_its_data_say() -> None:
    elements = node("exclusiveGateway", "g") + script("less", "n = n - 1") + user("A")
    call = node("callActivity", "again", calledElement="p")
    calls = package(process(elements + call, "s g", "g A: n <= 0", "g less: n > 0", "less again e", "A e"))

    case = Case(calls.definitions["p"], n=5)
    case.complete("A", deepest=True)

    assert case.state == "completed"
    assert case.variables["deepest"] is True


def test_an_id_that_is_used_twice_is_refused_with_its_line() -> None:
    with pytest.raises(Refused) as refused:
        package(process(user("A", "A"), "s A e"))

    assert any(problem.element_id == "A" and problem.line for problem in refused.value.problems)


@pytest.mark.parametrize("name", ["Start", "End", "Root", "p.EndJoin", "None"])
def test_an_element_may_have_any_id(name: str) -> None:
    case = run(user(name), f"s {name} e")

    case.complete(name)

    assert case.state == "completed"


def test_two_files_may_use_the_same_ids_for_their_elements() -> None:
    inner = '<startEvent id="s2"/><userTask id="{0}"/><sequenceFlow id="f" sourceRef="s2" targetRef="{0}"/>'
    head = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="u">'
    files = {
        f"{key}.bpmn": (
            head + process(node("subProcess", "sub", inner.format(task)), "s sub e", key=key) + "</definitions>"
        ).encode()
        for key, task in {"p": "A", "q": "B"}.items()
    }

    deployed = parse(files)

    assert Case(deployed.definitions["p"]).open() == ["A"]
    assert Case(deployed.definitions["q"]).open() == ["B"]


def test_a_flow_without_an_id_is_followed() -> None:
    plain = '<sequenceFlow sourceRef="s" targetRef="A"/><sequenceFlow sourceRef="A" targetRef="B"/>'
    case = run(user("A", "B") + plain, "B e")

    case.complete("A")

    assert case.open() == ["B"]
