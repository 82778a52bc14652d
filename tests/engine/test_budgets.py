"""Budgets instead of hangs: beyond one the case fails, and says where."""

from __future__ import annotations

import time

import pytest

from service.engine.errors import EngineError
from service.engine.state import run as engine
from service.engine.state import snapshot
from tests.engine.diagrams import Case, flows, node, package, process, run, script, user


def test_a_loop_that_never_waits_ends_as_a_failure_that_names_it() -> None:
    gateway = node("exclusiveGateway", "g")
    before = time.process_time()

    case = run(gateway + node("task", "T"), "s T g", "g T: =true", "g e: =false")

    assert case.state == "failed"
    assert "More than 10000 steps" in case.why
    assert "T (" in case.why and "g (" in case.why
    assert time.process_time() - before < 30


def test_a_workflow_stopped_by_its_budget_can_go_on_when_asked() -> None:
    names = " ".join(f"t{number}" for number in range(80))
    loop = "".join(node("task", name) for name in names.split()) + script("count", "n = n + 1")
    case = run(loop + node("exclusiveGateway", "g"), f"s count {names} g", "g count: n < 200", "g e: n >= 200", n=0)
    stopped = case.state

    case.workflow.retry()

    assert (stopped, case.state, case.variables["n"]) == ("failed", "completed", 200)


def test_tokens_that_wait_for_each_other_for_ever_are_noticed() -> None:
    gateways = node("exclusiveGateway", "g") + node("parallelGateway", "j")

    case = run(user("A", "B") + gateways, "s g", "g A: x", "g B: not x", "A j", "B j e", x=True)
    case.complete("A")

    assert case.state == "failed"
    assert "“j” waits for others" in case.why


def test_more_instances_than_allowed_are_refused_before_any_begins() -> None:
    times = "<loopCardinality>10 ** 5</loopCardinality>"
    loop = f"<multiInstanceLoopCharacteristics>{times}</multiInstanceLoopCharacteristics>"

    case = run(node("userTask", "A", loop), "s A e")

    assert case.state == "failed"
    assert "more than the 10000 allowed" in case.why
    assert len(case.workflow._run.tasks) == 2


def test_a_number_of_instances_that_is_none_is_explained() -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>n</loopCardinality></multiInstanceLoopCharacteristics>"

    case = run(node("userTask", "A", loop), "s A e", n="three")

    assert case.why == "“n” is no number of instances, but 'three'."


def test_a_thousand_instances_in_parallel_and_in_sequence_cost_linearly() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics isSequential="{0}"><loopDataInputRef>items</loopDataInputRef>'
        '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="item" name="item"/>'
        '<outputDataItem id="out" name="item"/></multiInstanceLoopCharacteristics>'
    )
    for sequential in ("true", "false"):
        used = {250: [], 1000: []}
        for size in (250, 1000) * 3:
            before = time.process_time()
            case = run(node("task", "T", loop.format(sequential)), "s T e", items=list(range(size)))
            used[size].append(time.process_time() - before)
            assert case.variables["results"] == list(range(size))
        assert min(used[1000]) < 10 * min(used[250])  # four times as many; ten leaves room for a busy machine


def test_steps_that_take_too_long_together_are_stopped_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 0.05)
    gateway = node("exclusiveGateway", "g")

    case = run(gateway + script("slow", "n = sum(range(20000))"), "s slow g", "g slow: True", "g e: False")

    assert "More than 0.05 seconds" in case.why
    assert "slow (" in case.why


def test_a_case_that_outgrew_its_budget_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "SNAPSHOT_BYTES", 1000)
    case = run(user("A"), "s A e")

    case.workflow.set_variables({"text": "x" * 1000})
    assert len(case.workflow.dump()) < 1000  # variables are stored beside it, and have a budget of their own
    case.workflow._run.tasks[case.id_of("A")].data["local"] = "x" * 1000

    with pytest.raises(EngineError, match="at most 1,000 are kept"):
        case.workflow.dump()


def test_scopes_nested_very_deeply_are_cancelled_without_recursion() -> None:
    depth, inner = 25, user("A")
    for level in range(depth):
        begin = f'<startEvent id="s{level}"/>'
        first = "A" if level == 0 else f"sub{level - 1}"
        inner = node("subProcess", f"sub{level}", begin + inner + flows(f"s{level} {first}"))
    inner = inner.replace('id="A"', 'id="again" calledElement="p"').replace("userTask", "callActivity")
    inner = inner.replace("s0 A", "s0 again").replace('targetRef="A"', 'targetRef="again"')
    elements = node("exclusiveGateway", "g") + script("less", "n = n - 1") + user("W")
    paths = ["s g", "g W: n <= 0", "g less: n > 0", f"less sub{depth - 1} e", "W e"]
    case = Case(package(process(inner + elements, *paths)).definitions["p"], n=40, reload=True)
    deep = len(case.workflow._run.tasks)

    case.workflow.terminate()

    assert deep > 1000
    assert case.state == "terminated" and len(case.workflow._run.tasks) == 1


def test_a_loop_of_a_million_steps_is_stopped_within_five_seconds() -> None:
    elements = script("count", "n = n + 1") + node("exclusiveGateway", "g")
    begun = time.process_time()

    case = run(elements, "s count g", "g count: n < 1000000", "g e: n >= 1000000", n=0)

    assert time.process_time() - begun <= 5
    assert case.state == "failed"
    assert "count (" in case.why and "g (" in case.why
    assert 0 < case.variables["n"] <= 5_000  # by the seconds, on a busy machine


def test_nearly_five_thousand_elements_in_a_row_are_all_run() -> None:
    names = [f"t{number}" for number in range(4_900)]

    case = run("".join(node("task", name) for name in names), f"s {' '.join(names)} e")
    done = [said.element_id for said in case.workflow.take_happenings() if said.what == "completed"]

    assert case.state == "completed"
    assert done == ["s", *names, "e"]
