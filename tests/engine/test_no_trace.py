"""No evaluation leaves a trace for the next: each kind of them gives the same after every other as in a new sandbox."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service import errors
from service.engine import decisions, expressions
from service.engine.decisions import DecisionError, parse_decisions
from service.engine.expressions import ExpressionError, feel
from service.engine.expressions.feel import FeelError
from service.forms.validation import validate

VIENNA, KOLKATA = ZoneInfo("Europe/Vienna"), ZoneInfo("Asia/Kolkata")
SUMMER, WINTER = datetime(2026, 7, 1, 0, 30, tzinfo=VIENNA), datetime(2026, 1, 1, 12, tzinfo=KOLKATA)
OFFSET = datetime.fromisoformat("2026-05-01T23:30:00+02:00")
OSLO = '@"2026-03-01T00:30:00@Europe/Oslo".day'
TWICE = '@"2026-10-25T02:30:00@Europe/Vienna" = @"2026-10-25T02:30:00+02:00"'  # the hour that comes twice
OVERLAP = "overlaps before([1..5], [3..8])"
FORM = {
    "components": [
        {"type": "number", "key": "hour", "id": "hour", "validate": {"max": "=date and time(at).hour"}},
        {"type": "textfield", "key": "at", "id": "at", "disabled": True},
        {"type": "expression", "key": "local", "id": "local", "expression": "=string(now())"},
    ]
}
TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:t">
<decision id="d1" name="D"><decisionTable hitPolicy="FIRST">
<input><inputExpression><text>a-b</text></inputExpression></input><output name="y"/>
<rule><inputEntry><text>instance of number</text></inputEntry><outputEntry><text>a-b</text></outputEntry></rule>
<rule><inputEntry><text>-</text></inputEntry><outputEntry><text>string(now()) + x.a-b</text></outputEntry></rule>
</decisionTable></decision></definitions>""".replace("instance of number", "? instance of number")

DECISIONS = parse_decisions({"t.dmn": TABLE.encode()})
ODD = parse_decisions(
    {
        "odd.dmn": TABLE.replace("a-b</text></inputExpression>", "rate 2.1</text></inputExpression>")
        .replace("<text>a-b</text>", "<text>rate 2.1 * 2</text>")
        .replace("<decision ", '<inputData id="i" name="rate 2.1"/><decision ')
        .replace('name="D">', 'name="D"><informationRequirement><requiredInput href="#i"/></informationRequirement>')
        .encode()
    }
)


def evaluated(text: str, variables: dict[str, Any] | None = None, now: datetime | None = None) -> Callable[[], Any]:
    return lambda: feel.evaluate(text, variables or {}, now=now)


def decided(variables: dict[str, Any], now: datetime | None = None) -> Callable[[], Any]:
    return lambda: decisions.evaluate("d1", DECISIONS, variables, now=now)


def filled(at: str, now: datetime) -> Callable[[], Any]:
    return lambda: validate(FORM, {"hour": 1}, context={"at": at}, now=now)


def python(text: str) -> Callable[[], Any]:
    return lambda: expressions.run_script(text, {}, now=SUMMER)


EVALUATIONS: dict[str, Callable[[], Any]] = {
    "a check that names a zone": lambda: feel.check(OSLO),
    "a zone in the text": evaluated(OSLO),
    "a zone in a variable": evaluated("date and time(x).day", {"x": "2026-03-01T00:30:00@Europe/Oslo"}),
    "a zone that is put together": evaluated('date and time("2026-03-01T00:30:00@Europe/" + x).day', {"x": "Oslo"}),
    "a zone that is none": evaluated("date and time(x)", {"x": "2026-03-01T00:30:00@Europe/Nowhere"}),
    "an offset that is no zone": evaluated('@"2026-03-01T00:30:00@+02:00"'),
    "the clock of summer": evaluated('[now(), today(), date and time("2026-01-01T02:30:00")]', now=SUMMER),
    "the clock of winter": evaluated('[now(), today(), date and time("2026-01-01T02:30:00")]', now=WINTER),
    "the clock at an offset": evaluated('[now(), date and time("2026-01-01T02:30:00")]', now=OFFSET),
    "no clock": evaluated('date and time("2026-01-01T02:30:00") = date and time("2026-01-01T02:30:00Z")'),
    "an hour that comes twice": evaluated(TWICE, now=SUMMER),
    "the same in winter": evaluated(TWICE, now=WINTER),
    "the same by a clock": evaluated('date and time("2026-10-25T02:30:00")', now=WINTER.astimezone(VIENNA)),
    "names of days": evaluated("[day of week(now()), month of year(now())]", now=SUMMER),
    "a difference": evaluated("a-b", {"a": 5, "b": 2}),
    "a name with a sign": evaluated("a-b", {"a": 5, "b": 2, "a-b": 1}),
    "that name further in": evaluated("x.a-b", {"x": {"a-b": 1}, "a": 3, "b": 4}),
    "that name not further in": evaluated("x.a-b", {"x": {"a": 9}, "a-b": 7, "b": 4}),
    "the same shape elsewhere": evaluated("[a-b, x.a-b]", {"x": {"a-b": 1}, "a": 3, "b": 4}),
    "the same names elsewhere": evaluated("[a-b, x.a-b]", {"x": {"a": 1}, "a-b": 7, "b": 4}),
    "a name and instance of": evaluated("a-b instance of number", {"a-b": 1}),
    "a difference and instance of": evaluated("a-b instance of number", {"a": 5, "b": 2}),
    "a word of the language as a name": evaluated("in", {"in": 1}),
    "that word": evaluated("in", {}),
    "a name in a condition": evaluated("if a then b else 2", {"a": True, "b": 1, "then": 1}),
    "a condition": evaluated("if a then b else 2", {"a": True, "b": 1}),
    "a function of ours": evaluated(OVERLAP),
    "a check of it": lambda: feel.check(OVERLAP),
    "its names": lambda: feel.names(OVERLAP),
    "its functions": lambda: feel.unknown_functions(OVERLAP),
    "a variable instead of it": evaluated("abs + 1", {"abs": 1}),
    "abs": evaluated("abs(-1) + 1"),
    "a cell": lambda: feel.unary_test("> a-b", 5, {"a-b": 1}),
    "a cell otherwise": lambda: feel.unary_test("> a-b", 5, {"a": 9, "b": 1}),
    "a check of a cell": lambda: feel.check("> a-b", unary=True),
    "a check with a name": lambda: feel.check("first name + 1", names=["first name"]),
    "a check without": lambda: feel.check("first name + 1"),
    "a pattern of FEEL's": evaluated('[matches("aXb", "x", "i"), replace("aXbX", "X", "-"), split("a,b,c", ",")]'),
    "the same pattern": evaluated('[matches("aXb", "X"), matches("aXb", "x"), extract("aXbX", "X")]'),
    "a range by a text": evaluated('range("[1..3]").end + sum(for i in range("[1..3]") return i)'),
    "days of a range": evaluated('for d in @"2026-01-30"..@"2026-02-01" return [string(d), day of week(d)]'),
    "what came before": evaluated("for i in 1..3 return count(partial)"),
    "a function that calls one": evaluated("(function(f, x) f(f(x)))(function(y) y * 2, 3)"),
    "a type": evaluated("[[1..2] instance of range<number>, 1 < 2]"),
    "a type that is read alike": evaluated("[[1..2] instance of list <number>, 1 < 2]"),
    "a decision with odd names": lambda: decisions.evaluate("d1", ODD, {"rate 2.1": 2}).value,
    "the same without a value": lambda: decisions.evaluate("d1", ODD, {}).value,
    "an odd name elsewhere": evaluated("rate + 1", {"rate": 1, "rate 2.1": 5}),
    "a cell that was meant otherwise": lambda: feel.examine("True, VIP", unary=True),
    "a pattern": lambda: feel.matches("^a+$", "aaa"),
    "an entry named __proto__": evaluated('context put(x, ["__proto__", "leak"], 1)', {"x": {"__proto__": {"a": 1}}}),
    "a constructor": evaluated('context put({}, ["constructor", "prototype", "leak"], 1)'),
    "what leaks": evaluated("[leak, {}.leak, [].leak, x.leak]", {"x": {"b": 1}}),
    "an error": evaluated("1 +"),
    "a decision": decided({"a-b": 1}),
    "a decision by a clock": decided({"a-b": "x", "x": {"a-b": "!"}}, SUMMER),
    "the same names otherwise": decided({"a-b": "x", "x": {"a": "?"}, "b": 1}, WINTER),
    "a form in summer": filled("2026-03-01T00:30:00@Europe/Oslo", SUMMER),
    "a form in winter": filled("2026-03-01T05:30:00@Europe/Sofia", WINTER),
    "a script": python("import math\nleak = len([1])\ntoday = now()"),
    "a script that names things anew": python("import json\ndef len(x):\n    return 7\njson.leak = len([])"),
    "what it leaves": lambda: expressions.evaluate("str(len([1])) + leak", {}),
}


STOPPED: dict[str, Callable[[], Any]] = {
    "too many zones": evaluated('for i in 1..30 return date and time("2026-03-01T00:30:00@Europe/X" + string(i))'),
    "one that never ends": evaluated("for i in 1..100000, j in 1..100000 return i"),
    "one that is too deep": evaluated("(" * 2000 + "1" + ")" * 2000),
}


def outcome(evaluation: Callable[[], Any]) -> Any:
    try:
        return evaluation()
    except (FeelError, ExpressionError, DecisionError, errors.InvalidForm) as error:
        return f"{type(error).__name__}: {error} {getattr(error, 'errors', '')}"


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    """What each gives in a sandbox that has seen nothing else."""
    found = {}
    for name, evaluation in EVALUATIONS.items():
        feel._bundle.forget()
        found[name] = outcome(evaluation)
    return found


#: forwards and backwards, so that each comes before and after each other, and four times in any order
ORDERS = [list(EVALUATIONS), [*EVALUATIONS][::-1]]
ORDERS += [random.Random(seed).sample([*EVALUATIONS], len(EVALUATIONS)) for seed in range(4)]


@pytest.mark.parametrize("order", ORDERS, ids=["forwards", "backwards", "a", "b", "c", "d"])
def test_what_was_evaluated_before_changes_nothing(order: list[str], alone: dict[str, Any]) -> None:
    feel._bundle.forget()

    found = {name: outcome(EVALUATIONS[name]) for name in order}

    assert {name: (value, alone[name]) for name, value in found.items() if value != alone[name]} == {}


@pytest.mark.parametrize("stopped", STOPPED)
def test_one_that_was_stopped_changes_nothing(stopped: str, alone: dict[str, Any]) -> None:
    assert "FeelError" in outcome(STOPPED[stopped])

    assert {name: outcome(evaluation) for name, evaluation in EVALUATIONS.items()} == alone
