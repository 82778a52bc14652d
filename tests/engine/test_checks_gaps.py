"""Gateways and tables whose conditions leave a gap or overlap are told with an example; the others are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.engine.checks import examine
from service.engine.decisions import examine as examine_decisions
from service.engine.expressions import ranges
from tests.engine.diagrams import node, process, user, written

ROOT = Path(__file__).parent.parent.parent


def told(*conditions: str, kind: str = "exclusiveGateway", rule: str = "gap") -> list[str]:
    names = [f"T{number}" for number in range(len(conditions))]
    paths = [f"g {name}: {condition}" for name, condition in zip(names, conditions, strict=True)]
    xml = written(process(node(kind, "g") + user(*names), "s g", *paths))
    return [problem.message for problem in examine({"a.bpmn": xml}, hints=True) if problem.rule == rule]


@pytest.mark.parametrize(
    "conditions, example",
    [
        (("= amount < 1000", "= amount > 1000"), "amount = 1000"),
        (("amount < 1000", "amount > 1000"), "amount = 1000"),
        (("= amount > 5", "= amount > 100"), "amount = 5"),
        (("= rate < 0.5", "= rate >= 0.75"), "rate = 0.5"),
        (("= x between 1 and 5", "= x > 7"), "x = 7"),
        (("= x in [1..5]", "= x in ]6..9]"), "x = 6"),
        (("= paid", "= paid and late"), "paid = false, late = true"),
        (("= paid = true and late", "= not(paid)"), "paid = true, late = false"),
        (('= day < date("2026-01-01")', '= day > date("2026-01-01")'), "day = 2026-01-01"),
        (('= kind = "a" and n > 3', '= kind != "a" or n < 3'), 'kind = "a", n = 3'),
        (("0 < n", "n < 0"), "n = 0"),
    ],
)
def test_a_gap_is_told_with_values_for_which_no_way_is_taken(conditions, example):
    [message] = told(*conditions)

    assert message == f"With {example} it takes no way: no condition holds, and there is no default flow."


@pytest.mark.parametrize(
    "conditions",
    [
        ("= amount < 1000", "= amount >= 1000"),
        ("= score <= 9", "= score >= 10"),
        ("= amount >= 0 and amount < 5", "= amount >= 5"),
        ("= paid", "= not(paid)"),
        ("paid", "not paid"),
        ("= count(items) > 1", "= count(items) < 1"),
        ("= a > b", "= a < b"),
        ("= a.b > 1", "= a = 5"),
        ('= kind = "a"', '= kind != "a"'),
        ("True", "False"),
    ],
)
def test_no_gap_is_told_where_there_is_none_or_nobody_knows(conditions):
    assert told(*conditions) == []


def test_an_overlap_is_a_hint_that_says_which_way_is_taken():
    [message] = told("= amount > 10", "= amount > 100", "= amount <= 10", rule="overlap")

    assert message == "With amount = 101 both “T0” and “T1” would fit: “T0” is taken."
    assert told("= amount > 10", "= amount <= 10", rule="overlap") == []
    xml = written(process(node("exclusiveGateway", "g") + user("A", "B"), "s g", "g A: = a > 1", "g B: = a > 0"))
    assert not [problem for problem in examine({"a.bpmn": xml}) if problem.rule == "overlap"]


def test_ways_that_exclude_each_other_do_not_meet_twice():
    def rules(*conditions: str) -> set[str]:
        paths = [f"A {name}: {condition}" for name, condition in zip("BC", conditions, strict=True)]
        xml = written(process(user("A", "B", "C", "D"), "s A", *paths, "B D e", "C D"))
        return {problem.rule for problem in examine({"a.bpmn": xml}) if problem.rule}

    assert rules("= n > 5", "= n <= 5") == set()
    assert rules("= n > 5", "= n <= 50") == {"done-twice"}


def table(policy: str, *rules: str, inputs: str = "amount") -> list[str]:
    columns = "".join(
        f"<input><inputExpression><text>{name}</text></inputExpression></input>" for name in inputs.split()
    )
    rows = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text><![CDATA[{entry}]]></text></inputEntry>" for entry in rule.split(" | "))
        + "<outputEntry><text>1</text></outputEntry></rule>"
        for rule in rules
    )
    xml = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f'<decision id="D" name="D"><decisionTable hitPolicy="{policy}">{columns}<output name="o"/>{rows}'
        "</decisionTable></decision></definitions>"
    )
    _, problems = examine_decisions({"d.dmn": xml.encode()})
    return [problem.message for problem in problems if problem.rule]


@pytest.mark.parametrize(
    "found, message",
    [
        (table("UNIQUE", "< 10", ">= 10"), ""),
        (table("UNIQUE", "<= 10", ">= 10"), "With amount = 10 the rules 1 and 2 both hold"),
        (table("FIRST", "<= 10", ">= 10", "-"), ""),
        (table("UNIQUE", "[0..10[", "]10..20]"), "With amount = 10 no rule holds"),
        (table("UNIQUE", "[0..10[", "[10..20]"), ""),
        (table("UNIQUE", "-", "> 5"), "With amount = 6 the rules 1 and 2 both hold"),
        (table("UNIQUE", 'not("a")', '"a", "b"', inputs="kind"), 'With kind = "b" the rules 1 and 2 both hold'),
        (
            table("UNIQUE", "true | > 5", "true | <= 5", "false | > 7", inputs="vip n"),
            "With vip = false, n = 5 no rule",
        ),
        (table("COLLECT", "< 10", "< 20"), ""),
        (table("UNIQUE", "< limit", "> limit"), ""),
    ],
)
def test_a_table_with_a_gap_or_two_rules_at_once_is_told(found, message):
    assert len(found) == bool(message)
    assert not found or found[0].startswith(message)


def test_nothing_is_told_of_what_is_shipped():
    files = {path: path.read_bytes() for path in ROOT.glob("processes/**/*") if path.suffix in {".bpmn", ".dmn"}}
    found = [problem for path, xml in files.items() if path.suffix == ".bpmn" for problem in examine({path.name: xml})]
    for path, xml in files.items():
        if path.suffix == ".dmn":
            found += examine_decisions({path.name: xml})[1]

    assert [str(problem) for problem in found if problem.rule in {"gap", "table-gap", "table-overlap"}] == []


def test_what_is_not_understood_is_not_judged():
    assert ranges.condition("= every x in y satisfies x > 1") is None
    assert ranges.condition("= " + "(" * 3_000) is None
    assert ranges.condition("len(x) > 1") is None
    assert ranges.unary("? > 5", "x") is None
