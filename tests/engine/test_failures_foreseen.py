"""Scripts and decisions that fail: where the diagram foresees it, it goes on there; else operations see an incident."""

from __future__ import annotations

import pytest

from service.engine.parser import parse
from tests.engine.diagrams import Case, node, package, process, script, user, written
from tests.engine.with_events import ANY_ERROR, ERROR, ROOTS, boundary, reaction, sub

FAILS = script("A", "x = 1 / 0")
CODES = ROOTS + '<error id="SF" name="failed" errorCode="SCRIPT_FAILED"/>'
FAILED = '<errorEventDefinition errorRef="SF"/>'
TWICE = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"

FAILS_TWICE = FAILS.replace("</scriptTask>", f"{TWICE}</scriptTask>")


def case(elements: str, *paths: str) -> Case:
    return Case(package(process(elements, *paths), roots=CODES).definitions["p"], reload=True)


def test_an_error_event_without_a_code_at_the_task_itself_catches_its_failure() -> None:
    at_it = boundary("b", "A", ANY_ERROR, case_errorMessageVariable="why", case_errorCodeVariable="code")
    found = case(FAILS + at_it + user("Y"), "s A e", "b Y e")

    assert found.open() == ["Y"]
    assert found.variables["code"] == "SCRIPT_FAILED"
    assert "division by zero" in found.variables["why"]


@pytest.mark.parametrize(
    ("elements", "paths"),
    [
        (sub("S", FAILS, "Ss A") + boundary("b", "S", FAILED) + user("Y"), ("s S e", "b Y e")),
        (FAILS + reaction("R", FAILED, user("Y"), "Rs Y"), ("s A e",)),
        (
            FAILS.replace("</scriptTask>", f"{TWICE}</scriptTask>") + boundary("b", "A", ANY_ERROR) + user("Y"),
            ("s A e", "b Y e"),
        ),
    ],
)
def test_its_code_is_caught_wherever_it_is_named(elements: str, paths: tuple[str, ...]) -> None:
    assert case(elements, *paths).open() == ["Y"]


@pytest.mark.parametrize(
    ("elements", "paths"),
    [
        (sub("S", FAILS, "Ss A") + boundary("b", "S", ANY_ERROR) + user("Y"), ("s S e", "b Y e")),
        (FAILS + boundary("b", "A", ERROR) + user("Y"), ("s A e", "b Y e")),
    ],
)
def test_a_mistake_in_a_script_is_not_hidden_by_errors_that_mean_others(elements: str, paths: tuple[str, ...]) -> None:
    found = case(elements, *paths)

    assert (found.state, found.open()) == ("failed", [])
    assert "division by zero" in found.why


def test_a_decision_that_cannot_be_made_is_an_error_too() -> None:
    roots = ROOTS + '<error id="DF" name="failed" errorCode="DECISION_FAILED"/>'
    asks = node("businessRuleTask", "D", case_decisionRef="d")
    at_it = boundary("b", "D", '<errorEventDefinition errorRef="DF"/>')
    files = {"a.bpmn": written(process(asks + at_it + user("Y"), "s D e", "b Y e"), roots=roots), "d.dmn": TWO_HIT}

    assert Case(parse(files).definitions["p"], reload=True, x=5).open() == ["Y"]


TWO_HIT = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="f" name="f" namespace="urn:d">
<decision id="d" name="d"><decisionTable id="t" hitPolicy="UNIQUE">
<input id="i"><inputExpression id="x" typeRef="number"><text>x</text></inputExpression></input>
<output id="o" name="r" typeRef="string"/>
<rule id="r1"><inputEntry id="a"><text>&gt; 1</text></inputEntry>
<outputEntry id="b"><text>"a"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c"><text>&gt; 2</text></inputEntry>
<outputEntry id="e"><text>"b"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
