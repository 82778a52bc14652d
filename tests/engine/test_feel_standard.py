"""FEEL as DMN 1.5 §10.3 writes it: more than three hundred expressions, and each place where we differ from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service.engine.expressions import feel
from tests.engine.feel_standard import CASES, DEVIATIONS, FUNCTIONS, KINDS, OPERATORS, SAMPLES


def same(found: Any, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return bool(found == pytest.approx(wanted, abs=1e-12))
    return bool(found == wanted)


@pytest.mark.parametrize("section", CASES)
def test_expressions_have_the_values_of_the_standard(section: str) -> None:
    found = {text: feel.evaluate(text, {}) for text, _ in CASES[section]}

    assert {text: found[text] for text, wanted in CASES[section] if not same(found[text], wanted)} == {}


@pytest.mark.parametrize("text", DEVIATIONS)
def test_where_we_differ_from_the_standard_is_known(text: str) -> None:
    standard, ours, reason = DEVIATIONS[text]

    assert not same(standard, ours) and reason
    assert same(feel.evaluate(text, {}), ours)


def test_there_are_enough_of_them() -> None:
    assert sum(map(len, CASES.values())) >= 800
    assert len(DEVIATIONS) <= 14


def called(name: str, arguments: list[tuple[str, str, str]], *, named: bool) -> str:
    """A call, with its arguments in order or by name."""
    said = [f"{parameter.rstrip('?')}: {text}" if named else text for parameter, text, _ in arguments]
    return f"{name}({', '.join(said)})"


def wrong_calls(name: str, arguments: list[tuple[str, str, str]]) -> Iterator[str]:
    """The function with too few, too many and unknown arguments, and with each of every kind that it does not take."""
    least = sum(not parameter.endswith("?") for parameter, _, _ in arguments)
    for fewer in range(least):
        if name != "date" and name != "time" and name != "date and time":
            yield called(name, arguments[:fewer], named=False)
            yield called(name, arguments[:fewer], named=True)
    for named in (False, True):
        yield called(name, [*arguments, ("too many", "1", "")], named=named)
    yield called(name, [("unknown", *arguments[0][1:]), *arguments[1:]], named=True)
    for place, (parameter, _, takes) in enumerate(arguments):
        taken = set().union(*(KINDS.get(kind, {kind}) for kind in takes.split(" or ")))
        for kind in SAMPLES.keys() - taken:
            changed = [*arguments[:place], (parameter, SAMPLES[kind], kind), *arguments[place + 1 :]]
            yield called(name, changed, named=False)
            yield called(name, changed, named=True)


@pytest.mark.parametrize("name", sorted({name for name, _ in FUNCTIONS}))
def test_calls_that_fit_no_signature_are_null(name: str) -> None:
    for arguments in (arguments for known, arguments in FUNCTIONS if known == name):
        by_order, by_name = (called(name, arguments, named=named) for named in (False, True))
        wrong = list(wrong_calls(name, arguments))

        assert feel.evaluate(f"string({by_order})", {}) == feel.evaluate(f"string({by_name})", {}) is not None
        assert {text: found for text in wrong if (found := feel.evaluate(text, {})) is not None} == {}


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_give_null_for_kinds_that_they_do_not_take(sign: str) -> None:
    values = {
        (left, right): feel.evaluate(f"string({SAMPLES[left]} {sign} {SAMPLES[right]})", {})
        for left in SAMPLES
        for right in SAMPLES
        if left != "function"  # its body goes on to the end
    }

    assert {kinds for kinds, value in values.items() if value is not None} == {
        kinds for kinds in OPERATORS[sign] if kinds[0] != "function"
    }


def test_every_function_has_been_called_wrongly() -> None:
    assert sum(1 for name, arguments in FUNCTIONS for _ in wrong_calls(name, arguments)) > 2000


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("? instance of number", 1, True),
        ("? instance of list<string>", ["a", 1], False),
        ("finishes(?, [1..10])", 10, True),
        ("not(? instance of string)", "a", False),
    ],
)
def test_cells_of_tables_know_them_too(text: str, value: Any, holds: bool) -> None:
    assert feel.unary_test(text, value, {}) is holds


def test_a_variable_goes_before_a_function_of_its_name() -> None:
    assert feel.evaluate("max + during", {"max": 1, "during": 2}) == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("is defined(a) and not(is defined(b))", True),
        ("get or else(b, 7)", 7),
        ("is empty([])", True),
        ('is blank(" ") and trim(" x ") = "x"', True),
        ('extract("a1b22", "[0-9]+")', ["1", "22"]),
        ("partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("duplicate values([1, 2, 1, {c: 1}, {c: 1}])", [1, {"c": 1}]),
        ('last day of month(date("2028-02-01")) = date("2028-02-29")', True),
        ('"is defined(a)"', "is defined(a)"),
    ],
)
def test_functions_that_camunda_8_adds_are_known(text: str, value: Any) -> None:
    assert feel.evaluate(text, {"a": 1}) == value
    assert feel.check(text) is None
    assert feel.unknown_functions(text) == frozenset()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("foo(1) + sum(x)", {"foo"}),
        ("{f: function(x) x, r: f(1)}.r", set()),
        ("(function(g) g(1))(abs)", set()),
        ("sort(xs, function(a, b) a < b)", set()),
        ('date and time("2026-01-01T10:00:00")', set()),
    ],
)
def test_functions_that_nobody_knows_are_found(text: str, unknown: set[str]) -> None:
    assert feel.unknown_functions(text) == unknown


def test_variables_may_be_named_like_the_functions_that_we_added() -> None:
    assert feel.names("trim + partition + extract(text, pattern)") == {"trim", "partition", "text", "pattern"}
    assert feel.evaluate("trim + partition", {"trim": 1, "partition": 2}) == 3
