"""Joins that wait for ever, branches that meet unjoined, loops without an end: told with a way there, nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from service.engine.checks import examine
from service.engine.definition import Problem, Severity
from tests.engine.all_ways import Open
from tests.engine.diagrams import node, process, user, written
from tests.engine.token_game import Net, TooLong, nets
from tests.workbench.planted import FAULTS, SOUND, Planted

ROOT = Path(__file__).parent.parent.parent
RULES = {"deadlock", "done-twice", "no-end", "endless-loop"}
#: Probes of how tokens behave where no designer would want them so.
MEANT = {"gw_xor-merge-two-tokens": "done-twice", "gw_task-implicit-merge": "done-twice"} | {
    "gw_parallel-multi-merge-tokens": "deadlock"
}


def unsound(xml: bytes) -> list[Problem]:
    return [problem for problem in examine({"test.bpmn": xml}) if problem.rule in RULES]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_is_told_once_with_a_way_to_it(fault: Planted) -> None:
    [told] = unsound(fault.xml)

    assert (told.rule, told.element_id) == (fault.rule, fault.element)
    assert fault.says in told.message and told.line and told.advice
    assert bool(told.way) == (fault.rule in {"deadlock", "done-twice"})


@pytest.mark.parametrize("right", SOUND, ids=[right.name for right in SOUND])
def test_of_what_is_right_nothing_is_told(right: Planted) -> None:
    assert unsound(right.xml) == []


def test_only_what_can_never_end_is_an_error() -> None:
    errors = {fault.name for fault in FAULTS for told in unsound(fault.xml) if told.severity is Severity.ERROR}

    assert {"alternatives joined", "a join in a loop", "after a sound part"} <= errors
    assert not errors & {"one branch may leave", "inclusive split, parallel join", "inside a sub-process"}
    assert not errors & {"one token too many", "boundary leads out of a branch", "no way out"}


def test_the_way_can_be_played_step_by_step() -> None:
    elements = node("parallelGateway", "j") + node("exclusiveGateway", "x") + user("T", "A", "B")
    [told] = unsound(written(process(elements, "s T", "T A j e", "T B x", "x j: y", "x e: not y")))

    assert [step.element for step in told.way] == ["s", "T", "A", "B", "x", "e"]
    assert len(told.way[1].flows) == 2  # the split that normalisation put behind the task is the task's
    assert dict(told.way[-1].marking) == {"f1_1_A_j": 1}


def files() -> list[Path]:
    return sorted(path for place in ("processes", "tests") for path in (ROOT / place).glob("**/*.bpmn"))


def test_no_shipped_case_type_probe_or_vendors_file_is_blamed() -> None:
    told = {(path.stem, problem.rule) for path in files() for problem in unsound(path.read_bytes())}

    assert len(files()) > 240
    assert told == set(MEANT.items())


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(net=nets())
def test_what_is_told_of_graphs_joined_anyhow_is_true(net: Net) -> None:
    drawn = Open(net.kinds, net.targets, net.choice)
    try:
        everything = drawn.play()
        meetings = drawn.meetings()
    except TooLong:
        assume(False)
        return
    told = unsound(written(drawn.drawn()))

    ids, dead = drawn.ids(), {state.tokens for state in everything.dead}
    for problem in told:
        if problem.rule == "deadlock":
            left = {ids[key] for key, many in problem.way[-1].marking if key in ids}
            assert any(left <= set(tokens) for tokens in dead)
            assert not (problem.severity is Severity.ERROR and everything.ended)
        if problem.rule == "done-twice":
            assert problem.element_id in meetings
    if dead and "or" not in net.kinds.values():
        assert any(problem.rule == "deadlock" for problem in told)


def test_a_thousand_elements_and_many_branches_take_no_time() -> None:
    assert timed(blocks(100)) < 1
    assert timed(branches(20, leaving=False)) < 1
    assert timed(branches(20, leaving=True)) < 1


def timed(xml: bytes) -> float:
    """Seconds of the processor that all checks of a file take."""
    examine({"warm.bpmn": written(process(user("A"), "s A e"))})
    begin = time.process_time()
    examine({"test.bpmn": xml})
    return time.process_time() - begin


def blocks(many: int) -> bytes:
    """Ten elements each, one block after another."""
    elements, paths, before = "", [], "s"
    for n in range(many):
        elements += "".join(node("parallelGateway", f"{x}{n}") for x in "pq") + user(*(f"{x}{n}" for x in "abcdef"))
        elements += "".join(node("exclusiveGateway", f"{x}{n}") for x in "xy")
        paths += [f"{before} p{n} a{n} x{n}", f"x{n} b{n} y{n}: u{n}", f"x{n} c{n}: not u{n}", f"c{n} y{n} q{n}"]
        paths += [f"p{n} d{n} e{n} f{n} q{n}"]
        before = f"q{n}"
    return written(process(elements, *paths, f"{before} e"))


def branches(many: int, *, leaving: bool) -> bytes:
    """Branches side by side, each with a choice; `leaving`: of which one never comes to the join."""
    elements, paths = node("parallelGateway", "g") + node("parallelGateway", "j"), ["s g", "j e"]
    for n in range(many):
        elements += user(f"a{n}", f"b{n}") + node("exclusiveGateway", f"x{n}")
        paths += [f"g a{n} x{n}", f"x{n} b{n}: u{n}", f"x{n} j: not u{n}", f"b{n} {'e' if leaving else f'a{n}'}"]
    return written(process(elements, *paths))
