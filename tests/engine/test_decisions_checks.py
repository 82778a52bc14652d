"""What deployment says of decisions that can be read: cells that never fit, other languages, types; and its cost."""

from __future__ import annotations

import time
from typing import Any

import pytest

from service.engine import decisions
from service.engine.decisions import DecisionError, checks, examine, parse_decisions, parser
from service.engine.definition import Severity
from tests.engine.test_decisions import dmn, literal, table, value


def said(body: str) -> list[str]:
    """What is said of a file, each with its severity, place and advice."""
    found = examine({"t.dmn": dmn(body)})[1]
    return [f"{problem.severity} {problem}" for problem in found]


def typed(rows: list[tuple[str, str]], type_: str, more: str = "") -> str:
    """A table whose input column has a type."""
    return more + table(rows).replace("<inputExpression>", f'<inputExpression typeRef="{type_}">')


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("VIP", 'write "VIP" in quotes'),
        ("VIP, GOLD", 'write "GOLD" in quotes'),
        ("not(VIP)", 'write "VIP" in quotes'),
        ("Gold Card", 'write "Gold Card" in quotes'),
    ],
)
def test_a_text_without_quotes_is_a_variable_and_this_is_said(cell: str, advice: str) -> None:
    found = said(typed([('"ok"', "1"), (cell, "2")], "string"))

    assert found and all(line.startswith("warning t.dmn:2: d1: “First”, row 2, column “x”: ") for line in found)
    assert any(advice in line for line in found)


def test_a_result_without_quotes_is_said_too() -> None:
    [line] = said(table([("1", "GOLD")]))

    assert "row 1, column “y”: “GOLD” is the name of a variable" in line and 'write "GOLD" in quotes' in line


@pytest.mark.parametrize(
    ("type_", "cell", "result"), [("string", "x", "x"), ("number", "limit", "1"), ("string", '"a"', "x")]
)
def test_names_of_inputs_and_numbers_are_no_texts(type_: str, cell: str, result: str) -> None:
    assert said(typed([(cell, result)], type_)) == []


@pytest.mark.parametrize("x", [None, "VIP", "other", 1])
def test_a_text_without_quotes_fits_nothing_and_above_all_not_nothing(x: Any) -> None:
    assert value(table([("VIP", '"yes"')]), {"x": x}) is None


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("True", "write true"),
        ("not(None)", "write null"),
        ("= False", "write false"),
        ("? == 0", "write ="),
        ("a == 0", "“==” compares with a range"),
        ("a &lt;&gt; 0", "write !="),
        ("&gt; 5 and &lt; 10", "? &gt; 1 and ? &lt; 5"),
        ('"a" or "b"', "write a list as 1, 2"),
        ("5 or 6", "neither true nor false"),
    ],
)
def test_python_in_a_cell_is_refused_with_what_to_write(cell: str, what: str) -> None:
    [line] = said(table([("1", "1"), (cell, "2")]))

    assert line.startswith("error t.dmn:2: d1: “First”, row 2, column “x”: In “")
    assert what.replace("&gt;", ">").replace("&lt;", "<") in line


def test_python_in_a_result_or_an_expression_is_refused_too() -> None:
    assert "row 1, column “y”" in said(table([("1", "True")]))[0]
    assert "write =" in said(literal("if x == 1 then 2 else 3"))[0]


@pytest.mark.parametrize(
    ("type_", "cell", "what"),
    [
        (
            "number",
            '"VIP"',
            'The column holds a number, and “"VIP"” a text, and never fits. Write a number without quotes',
        ),
        ("integer", '&gt; "5"', 'a number, and “> "5"” a text'),
        ("string", "5", 'Write it in quotes, as "VIP"'),
        ("boolean", '"true"', "Write true or false without quotes"),
        ("date", '"2026-01-01"', 'Write it as date("2026-01-31")'),
        ("number", '1, "2"', "a text"),
        ("tAmount", '"2"', "a text"),
        ("nmuber", "1", "The column's type “nmuber” is unknown"),
    ],
)
def test_a_cell_of_another_kind_than_its_column_is_said(type_: str, cell: str, what: str) -> None:
    amount = '<itemDefinition name="tAmount"><typeRef>number</typeRef></itemDefinition>'

    [line] = said(typed([(cell, "1")], type_, amount))

    assert line.startswith("warning t.dmn:2: d1: “First”, row 1, column “x”: ") and what in line


@pytest.mark.parametrize(
    ("type_", "cell"),
    [
        ("string", '"a", "b"'),
        ("string", "null"),
        ("string", 'not("a", null)'),
        ("string", "-"),
        ("string", 'starts with(?, "a")'),
        ("number", "[1..5], &gt; 10"),
        ("number", "-5"),
        ("long", "count(?) &gt; 1"),
        ("date", '[date("2026-01-01")..date("2026-02-01")]'),
        ("dateTime", '&lt; @"2026-01-01T00:00:00"'),
        ("boolean", "true"),
        ("Any", '"x"'),
        ("tMany", '"x"'),
        ("tPerson", "null"),
        ("other.tPerson", "1"),
        ("feel:string", '"x"'),
        ("string", "Limit"),
        ("string", "Limit 2.1"),
        ("string", "low"),
        ("number", "? &gt; Limit and ? &lt; 10"),
        ("number", "&gt; Limit * 2"),
    ],
)
def test_nothing_is_said_of_cells_that_are_right(type_: str, cell: str) -> None:
    around = (
        '<itemDefinition name="tMany" isCollection="true"><typeRef>number</typeRef></itemDefinition>'
        '<itemDefinition name="tPerson"><itemComponent name="low"><typeRef>string</typeRef></itemComponent>'
        "</itemDefinition>"
        '<inputData id="i" name="Limit"/><inputData id="j" name="Limit 2.1"/>'
    )

    assert said(typed([(cell, '"a"')], type_, around)) == []


def test_a_decision_without_an_id_is_known_by_its_name() -> None:
    found, problems = examine({"t.dmn": dmn('<decision name="Only a name">«1 + 1»</decision>' + literal("3"))})

    assert problems == []
    assert decisions.evaluate("Only a name", found, {}).value == 2
    assert decisions.evaluate("d1", found, {}).value == 3


@pytest.mark.parametrize(
    "empty",
    [
        '<decision id="e" name="Empty"/>',
        '<decision id="e" name="Empty"><variable name="Empty"/></decision>',
        '<decision id="e" name="Empty"><literalExpression/></decision>',
        '<decision id="e" name="Empty"><literalExpression><text> </text></literalExpression></decision>',
        '<businessKnowledgeModel id="e" name="Empty"/>',
        '<businessKnowledgeModel id="e" name="Empty"><encapsulatedLogic/></businessKnowledgeModel>',
    ],
)
def test_what_has_no_logic_is_said_and_the_rest_of_its_file_works(empty: str) -> None:
    found, [problem] = examine({"t.dmn": dmn(empty + literal("1"))})

    assert (problem.severity, problem.element_id) == (Severity.WARNING, "e") and "has no logic" in problem.message
    assert decisions.evaluate("d1", found, {}).value == 1


def test_who_asks_a_decision_without_logic_is_told_so() -> None:
    needs = '<informationRequirement><requiredDecision href="#e"/></informationRequirement>'
    found = parse_decisions({"t.dmn": dmn('<decision id="e" name="Empty"/>' + literal("1", requires=needs))})

    for decision in ("e", "d1"):
        with pytest.raises(DecisionError, match="“Empty”: the decision has no logic"):
            decisions.evaluate(decision, found, {})


NAMES = """
<itemDefinition name="tOrder"><itemComponent name="rate 2.1"><typeRef>number</typeRef></itemComponent></itemDefinition>
<inputData id="i" name="limit 3.0"/>
<inputData id="j" name="the order"><variable name="the order" typeRef="tOrder"/></inputData>
<decision id="a" name="decision A 2.1"><informationRequirement><requiredInput href="#i"/></informationRequirement>
  «limit 3.0 * 2»</decision>
<decision id="d1" name="First"><informationRequirement><requiredDecision href="#a"/></informationRequirement>
  <informationRequirement><requiredInput href="#j"/></informationRequirement>
  «if decision A 2.1 = null then "none" else decision A 2.1 + the order.rate 2.1»</decision>
"""


def test_names_may_have_dots_and_digits() -> None:
    assert said(NAMES) == []
    assert value(NAMES, {"limit 3.0": 4, "the order": {"rate 2.1": 1}}) == 9
    assert value(NAMES, {}) == "none"


@pytest.mark.parametrize(
    "name", ["terms and conditions", "rate in %", "a-b", "cost/day", "it's", "years of age", "A 2"]
)
def test_names_may_hold_words_and_signs_of_feel(name: str) -> None:
    variable = name.replace(" in %", " in *")  # % is in no name, a star is
    body = (
        f'<itemDefinition name="t"><itemComponent name="{variable}"><typeRef>number</typeRef></itemComponent>'
        f'</itemDefinition><inputData id="i" name="{variable}"/><inputData id="o" name="order"/>'
        + literal(
            f"{variable} + order.{variable} * 2",
            requires='<informationRequirement><requiredInput href="#i"/></informationRequirement>'
            '<informationRequirement><requiredInput href="#o"/></informationRequirement>',
        )
    )

    assert said(body) == []
    assert value(body, {variable: 1, "order": {variable: 3}}) == 7
    assert value(body, {}) is None


def test_many_names_are_checked_quickly() -> None:
    parts = "".join(f'<itemComponent name="part {n}.0"><typeRef>string</typeRef></itemComponent>' for n in range(150))
    inputs = "".join(f'<inputData id="i{n}" name="input {n}.0"/>' for n in range(150))
    needs = "".join(
        f'<informationRequirement><requiredInput href="#i{n}"/></informationRequirement>' for n in range(150)
    )
    found = [literal(f"input {n}.0 + 1", id=f"d{n}", name=f"D{n}", requires=needs) for n in range(20)]
    begun = time.thread_time()

    assert said(f'<itemDefinition name="t">{parts}</itemDefinition>{inputs}{"".join(found)}') == []
    assert time.thread_time() - begun < 2


def test_one_faulty_decision_does_not_hide_the_others() -> None:
    files = {"a.dmn": dmn(literal("1") + literal("2", id="d2"), name="a"), "b.dmn": dmn(literal("3"), name="b")}

    found, [problem] = examine(files)

    assert set(found) == {"d1", "d2"}
    assert "stands in a.dmn too" in problem.message


def test_a_file_that_takes_too_long_to_check_is_refused_where_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SECONDS", 0.5)
    slow = "{" + ", ".join(f"a{n}: a{n - 1}" for n in range(1, 400)) + "}"
    rows = [(f"? = {slow}.a{n}", "1") for n in range(40)]
    begun = time.thread_time()

    found = said(table(rows))

    assert time.thread_time() - begun < 8
    assert "“First”, row " in found[-1] and "take longer than 0.5 s to check" in found[-1]


@pytest.mark.parametrize(
    "text", ["for i in 1..100000, j in 1..100000 return i", "{" * 9 + "}" * 9, "(" * 3000, "-" * 90_000 + "1"]
)
def test_what_would_run_long_is_not_run_to_check_it(text: str) -> None:
    begun = time.thread_time()

    said(table([(text.replace("&", ""), "1")] * 4))

    assert time.thread_time() - begun < 3


def test_a_large_table_is_checked_quickly() -> None:
    rows = [(f'"customer {n}", "client {n}"', f"{n}") for n in range(2000)]
    begun = time.thread_time()

    assert said(table(rows)) == []
    assert time.thread_time() - begun < 2


def test_a_long_chain_of_decisions_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MOST_MODEL", 1_000_000)
    chain = literal("1", id="d0", name="D0") + "".join(
        literal(
            f"D{n - 1} + 1",
            id=f"d{n}",
            name=f"D{n}",
            requires=f'<informationRequirement><requiredDecision href="#d{n - 1}"/></informationRequirement>',
        )
        for n in range(1, 400)
    )
    begun = time.thread_time()

    found = said(chain)

    assert time.thread_time() - begun < 2
    assert "too large together" in found[-1]
