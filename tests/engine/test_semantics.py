"""What BPMN says where elements meet: gateways with boundary events, calls with errors, repetition with all of them."""

from __future__ import annotations

import threading

import pytest

from service.engine.errors import EngineError
from service.engine.workflow import Workflow
from tests.engine.diagrams import NOW, Case, node, package, process, run, script, timer, user

ERROR = '<error id="err" name="No cover" errorCode="no-cover"/>'
MESSAGE = '<message id="m" name="news"/>'
SIGNAL = '<signal id="sg" name="alarm"/>'


def boundary(host: str, definition: str, *, interrupting: bool = True, name: str = "b") -> str:
    said = str(interrupting).lower()
    return f'<boundaryEvent id="{name}" attachedToRef="{host}" cancelActivity="{said}">{definition}</boundaryEvent>'


def inside(elements: str) -> str:
    """The contents of a sub-process that begins at `s2` and ends at `e2`."""
    return f'<startEvent id="s2"/><endEvent id="e2"/>{elements}'


def loop(inner: str, *, sequential: bool = False) -> str:
    said = str(sequential).lower()
    return f'<multiInstanceLoopCharacteristics isSequential="{said}">{inner}</multiInstanceLoopCharacteristics>'


ITEMS = "<loopDataInputRef>items</loopDataInputRef>"
ITEM = '<inputDataItem id="item" name="item"/>'


def test_an_inclusive_join_waits_for_the_branch_of_a_boundary_event_too() -> None:
    gateways = node("inclusiveGateway", "g") + node("inclusiveGateway", "j")
    guard = boundary("A", timer("PT1H"), interrupting=False)
    case = run(gateways + user("A", "B", "H", "D") + guard, "s g", "g A: True", "g B: True", "A j", "B j D e", "b H j")
    case.advance(hours=1)

    case.complete("A")
    case.complete("B")
    waits = case.open()
    case.complete("H")

    assert (waits, case.open()) == (["H"], ["D"])


def test_an_inclusive_join_takes_one_token_of_each_flow_and_leaves_the_others() -> None:
    gateways = node("parallelGateway", "g") + node("exclusiveGateway", "x") + node("inclusiveGateway", "j")
    case = run(gateways + user("A", "B", "C", "D"), "s g A x", "g B x j", "g C j D e")

    case.complete("A")
    case.complete("B")
    before = case.open()
    case.complete("C")

    assert (before, case.open()) == (["C"], ["D", "D"])


def test_a_parallel_join_inside_instances_does_not_mix_their_tokens() -> None:
    body = inside(node("parallelGateway", "g") + user("A", "B") + node("parallelGateway", "j"))
    flows = "".join(
        f'<sequenceFlow id="i{n}" sourceRef="{a}" targetRef="{b}"/>'
        for n, (a, b) in enumerate([("s2", "g"), ("g", "A"), ("g", "B"), ("A", "j"), ("B", "j"), ("j", "e2")])
    )
    case = run(node("subProcess", "sub", loop(ITEMS + ITEM) + body + flows) + user("D"), "s sub D e", items=["x", "y"])

    case.complete("A", 0)
    case.complete("B", 1)
    still = case.open()
    case.complete("A")
    case.complete("B")

    assert (still, case.open()) == (["A", "B"], ["D"])


def test_results_of_called_processes_are_collected_in_the_order_of_the_items() -> None:
    results = "<loopDataOutputRef>results</loopDataOutputRef>"
    multi = loop(ITEMS + results + ITEM + '<outputDataItem id="out" name="result"/>')
    caller = process(node("callActivity", "C", multi, calledElement="q"), "s C e")
    called = process(user("A") + script("S", "result = item * 10"), "s A S e", key="q")
    case = Case(package(caller, called).definitions["p"], items=[1, 2, 3], reload=True)

    case.complete("A", 2)
    case.complete("A", 0)
    case.complete("A", 0)

    assert case.state == "completed"
    assert case.variables == {"items": [1, 2, 3], "results": [10, 20, 30]}


def test_a_completion_condition_sees_the_instance_that_just_ended_and_the_counters() -> None:
    until = '<completionCondition>vote == "no" or nrOfCompletedInstances == nrOfInstances</completionCondition>'
    multi = loop(ITEMS + ITEM + '<outputDataItem id="out" name="vote"/>' + until)
    case = run(node("userTask", "A", multi) + user("D"), "s A D e", items=[1, 2, 3], vote="outer")

    case.complete("A", vote="yes")
    before = case.open()
    case.complete("A", vote="no")

    assert (before, case.open(), case.variables["vote"]) == (["A", "A"], ["D"], "outer")


def test_a_terminate_end_event_ends_the_called_process_only() -> None:
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    caller = process(node("callActivity", "C", calledElement="q") + user("D"), "s C D e")
    called = process(node("parallelGateway", "g") + user("A", "B") + stop, "s g A stop", "g B e", key="q")
    case = Case(package(caller, called).definitions["p"])

    case.complete("A")

    assert case.open() == ["D"]


def test_an_error_in_one_called_instance_ends_the_whole_multi_instance() -> None:
    fail = '<endEvent id="fail"><errorEventDefinition errorRef="err"/></endEvent>'
    guard = boundary("C", '<errorEventDefinition errorRef="err"/>')
    multi = node("callActivity", "C", loop(ITEMS + ITEM), calledElement="q")
    caller = process(multi + guard + user("D", "H"), "s C D e", "b H e")
    called = process(user("A") + fail, "s A fail", key="q")
    case = Case(package(caller, called, roots=ERROR).definitions["p"], items=[1, 2], reload=True)

    case.complete("A", 1)

    assert case.open() == ["H"]


def test_an_error_passes_an_inner_scope_that_catches_another_code() -> None:
    other = '<error id="other" errorCode="other"/>'
    fail = '<endEvent id="fail"><errorEventDefinition errorRef="err"/></endEvent>'
    failing = f'<startEvent id="s3"/>{fail}<sequenceFlow id="i" sourceRef="s3" targetRef="fail"/>'
    inner = node("subProcess", "in", failing)
    wrong = boundary("in", '<errorEventDefinition errorRef="other"/>', name="w")
    ends = '<endEvent id="e3"/><sequenceFlow id="k2" sourceRef="w" targetRef="e3"/>'
    outer = inside(inner + wrong + ends + '<sequenceFlow id="k" sourceRef="s2" targetRef="in"/>')
    guard = boundary("out", '<errorEventDefinition errorRef="err"/>')
    case = run(node("subProcess", "out", outer) + guard + user("H", "D"), "s out D e", "b H e", roots=ERROR + other)

    assert case.open() == ["H"]


def test_a_message_goes_to_the_one_who_has_waited_longest() -> None:
    caught = '<messageEventDefinition messageRef="m"/>'
    waits = node("intermediateCatchEvent", "c1", caught) + node("intermediateCatchEvent", "c2", caught)
    case = run(node("parallelGateway", "g") + waits + user("A", "B"), "s g c1 A e", "g c2 B e", roots=MESSAGE)

    first = case.workflow.deliver("news", {"n": 1})
    after_first = case.open()
    second, third = case.workflow.deliver("news"), case.workflow.deliver("news")

    assert (after_first, case.open()) == (["A"], ["A", "B"])
    assert (first, second, third) == (True, True, False)


def test_a_signal_goes_to_all_who_wait() -> None:
    caught = '<signalEventDefinition signalRef="sg"/>'
    waits = node("intermediateCatchEvent", "c1", caught) + user("X") + boundary("X", caught, interrupting=False)
    case = run(node("parallelGateway", "g") + waits + user("A", "B"), "s g c1 A e", "g X e", "b B e", roots=SIGNAL)

    taken = case.workflow.broadcast("alarm", {"level": 2})

    assert taken and case.open() == ["A", "B", "X"]
    assert case.variables["level"] == 2


def test_a_receive_task_may_be_completed_by_hand() -> None:
    case = run(node("receiveTask", "R", messageRef="m") + user("A"), "s R A e", roots=MESSAGE)

    case.complete("R", told="by phone")

    assert (case.open(), case.variables) == (["A"], {"told": "by phone"})


def test_correlation_keeps_a_message_from_the_wrong_case() -> None:
    caught = '<messageEventDefinition messageRef="m" case:correlationKey="= order"/>'
    case = run(node("intermediateCatchEvent", "c", caught) + user("A"), "s c A e", roots=MESSAGE, order=7)
    [subscription] = case.workflow.open_work().subscriptions

    wrong = case.workflow.deliver("news", {}, {"correlationKey": 8})
    missing = case.workflow.deliver("news", {})
    right = case.workflow.deliver("news", {}, {"correlationKey": 7})

    assert subscription.correlation == {"correlationKey": 7}
    assert (wrong, missing, right) == (False, False, True)


def test_a_start_event_that_happened_begins_the_case_with_its_payload() -> None:
    start = '<startEvent id="begun"><messageEventDefinition messageRef="m" case:messageVariable="letter"/></startEvent>'
    definition = package(process(start + user("A", "B"), "s A e", "begun B e"), roots=MESSAGE).definitions["p"]

    case = Case(definition)
    case.workflow = Workflow.start(definition, {}, now=NOW, start_event="begun", payload={"text": "hello"})

    assert (case.open(), case.variables) == (["B"], {"letter": {"text": "hello"}})


def test_only_a_way_in_may_begin_a_case() -> None:
    definition = package(process(user("A", "B"), "s A B e")).definitions["p"]

    with pytest.raises(EngineError, match="no start event “B”"):
        Workflow.start(definition, {}, now=NOW, start_event="B")


def test_an_interrupting_event_sub_process_inside_a_sub_process_ends_that_scope_only() -> None:
    react = (
        '<subProcess id="react" triggeredByEvent="true"><startEvent id="s3"><messageEventDefinition messageRef="m"/>'
        '</startEvent><userTask id="H"/><endEvent id="e3"/><sequenceFlow id="r1" sourceRef="s3" targetRef="H"/>'
        '<sequenceFlow id="r2" sourceRef="H" targetRef="e3"/></subProcess>'
    )
    path = '<sequenceFlow id="i1" sourceRef="s2" targetRef="A"/><sequenceFlow id="i2" sourceRef="A" targetRef="e2"/>'
    sub = node("subProcess", "sub", inside(user("A") + react + path))
    gateways = node("parallelGateway", "g") + node("parallelGateway", "j")
    case = run(sub + user("W", "D") + gateways, "s g sub j", "g W j D e", roots=MESSAGE, reload=True)

    case.at_work().deliver("news")
    during = case.open()
    case.complete("H")
    case.complete("W")

    assert (during, case.open()) == (["H", "W"], ["D"])


def test_a_definition_may_be_run_by_many_threads_at_once() -> None:
    gateways = node("inclusiveGateway", "g") + node("inclusiveGateway", "j")
    elements = gateways + user("A", "B", "D") + script("S", "n = n + 1")
    definition = package(process(elements, "s S g", "g A: True", "g B: True", "A j", "B j D e")).definitions["p"]
    ended: list[tuple[str, int]] = []

    def work() -> None:
        for number in range(20):
            case = Case(definition, reload=True, n=number)
            for name in ("A", "B", "D"):
                case.complete(name)
            ended.append((case.state, case.variables["n"] - number))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ended == [("completed", 1)] * 160


def test_what_happens_in_a_called_process_says_whose_diagram_it_stands_in() -> None:
    caller = process(user("A") + node("callActivity", "C", calledElement="q"), "s A C e")
    called = process(user("A"), "s A e", key="q")  # the same ids as its caller's
    case = Case(package(caller, called).definitions["p"], reload=True)
    case.complete("A")
    happened = case.workflow.take_happenings()

    [task] = case.workflow.open_work().tasks

    assert (task.element_id, task.process) == ("A", "q")
    assert [(item.element_id, item.process) for item in happened][-4:] == [
        ("s", "q"),
        ("s", "q"),
        ("f0_0_s_A", "q"),
        ("A", "q"),
    ]
    assert case.workflow.open_work().marked == ("C",)
