"""A condition is true or false: FEEL that gives anything else stops the case where it stands, and chooses no way."""

from __future__ import annotations

from typing import Any

import pytest

from service.engine import expressions
from service.engine.expressions import ExpressionError
from tests.engine.diagrams import node, run, user

FORKS = {
    "a gateway": node("exclusiveGateway", "G", default="f2_0_G_N"),
    "an inclusive gateway": node("inclusiveGateway", "G", default="f2_0_G_N"),
    "a task": node("task", "G", default="f2_0_G_N"),
}


@pytest.mark.parametrize("fork", FORKS)
def test_a_text_chooses_no_way_and_stops_the_case(fork: str) -> None:
    case = run(FORKS[fork] + user("Y", "N"), "s G", "G Y: = a", "G N", "Y e", "N e", a="no")

    assert (case.state, case.open()) == ("failed", [])
    assert "The condition “= a” gives a text, and has to give true or false" in case.why


@pytest.mark.parametrize(("value", "way"), [(True, "Y"), (False, "N"), (None, "N")])
def test_truth_values_and_null_choose_as_they_did(value: Any, way: str) -> None:
    case = run(FORKS["a gateway"] + user("Y", "N"), "s G", "G Y: = a", "G N", "Y e", "N e", a=value)

    assert case.open() == [way]


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("= a", True, True),
        ("= a", False, False),
        ("= a", None, False),
        ("= a > 1", 2, True),
        ("= a > 1", "2", False),
        ("a", "text", True),
        ("a", 0, False),
    ],
)
def test_a_condition_holds_when_it_is_true(condition: str, value: Any, holds: bool) -> None:
    assert expressions.holds(condition, {"a": value}) is holds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("yes", "gives a text"),
        ("", "gives a text"),
        (1, "gives a number"),
        (0, "gives a number"),
        ([], "gives no truth value"),
    ],
)
def test_what_is_neither_true_nor_false_is_no_condition(value: Any, said: str) -> None:
    with pytest.raises(ExpressionError, match=f"The condition “= a” {said}, and has to give true or false"):
        expressions.holds("= a", {"a": value})
