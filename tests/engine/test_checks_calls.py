"""Who calls whom across the files of a deployment, and what is told of several files at once."""

from __future__ import annotations

from itertools import pairwise

from service.engine.checks import examine
from service.engine.xml.document import BPMN
from tests.engine.drawn import document, errors, examined, flow, warnings


def process(key: str, *calls: str, before: str = "") -> str:
    """A process that calls others, one after the other; with `before`, after a choice to end instead."""
    nodes = "".join(f'<callActivity id="{key}{n}" calledElement="{called}"/>' for n, called in enumerate(calls))
    chain = ["s", *(f"{key}{n}" for n in range(len(calls))), "e"]
    drawn = "".join(flow(*ends) for ends in pairwise(chain))
    if before:
        skip = flow("g", "e", "<conditionExpression>stop</conditionExpression>")
        drawn = drawn.replace('sourceRef="s"', 'sourceRef="g" id="d"') + flow("s", "g") + skip
        nodes += '<exclusiveGateway id="g" default="d"/>'
    return f'<process id="{key}"><startEvent id="s"/>{nodes}<endEvent id="e"/>{drawn}</process>'


def files(*processes: str) -> dict[str, bytes]:
    return {
        f"{n}.bpmn": f'<definitions xmlns="{BPMN}" targetNamespace="t">{inner}</definitions>'.encode()
        for n, inner in enumerate(processes)
    }


def test_processes_that_can_only_call_themselves_are_refused():
    assert errors(examine(files(process("p", "p")))) == [
        "p0: The process calls itself, on every way to its end: it would never end."
    ]


def test_circles_of_calls_are_found_across_files():
    found = errors(examine(files(process("p", "q"), process("q", "r"), process("r", "p"))))

    assert [text.split(":")[0] for text in found] == ["p0", "q0", "r0"]


def test_a_circle_that_can_be_left_is_told_only():
    found = examine(files(process("p", "q"), process("q", "p", before="a choice")))

    assert errors(found) == [] and len(warnings(found)) == 2


def test_a_circle_through_what_is_deployed_already_is_found():
    found = examine(files(process("p", "q")), called={"q": ["p"]})

    assert warnings(found) == ["p0: The process calls “q”, which calls “p” again."]


def test_the_same_process_in_two_files_is_refused():
    assert errors(examine(files(process("p"), process("p")))) == ["p: The process id “p” is also used in 0.bpmn."]


def test_files_in_which_nothing_runs_are_refused():
    assert errors(examined('<task id="t"/>', process='isExecutable="false"')) == [
        "p: No process of it can be executed."
    ]


def test_all_problems_of_all_files_come_at_once():
    found = examine({"a.bpmn": document('<serviceTask id="a"/><task id="a"/>'), "b.bpmn": b"<", "c.bpmn": b"<x/>"})

    assert {problem.file for problem in found} == {"a.bpmn", "b.bpmn", "c.bpmn"}
    assert all(problem.message and problem.advice for problem in found)
    assert all(problem.line for problem in found if problem.file != "b.bpmn")
