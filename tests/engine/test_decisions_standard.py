"""Decision tables and boxed expressions as DMN 1.5 §8 and §10.2 write them, in small tables of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from service.engine.decisions import DecisionError
from tests.engine.test_decisions import literal, table, value

#: x = 1: the first rule; x = 2: the first three; x = 3: the second and third; x = 4: none.
ROWS = [("[1..2]", '"low"'), ("[2..3]", '"high"'), ("[2..3]", '"high"')]
NUMBERS = [("[1..2]", "10"), ("[2..3]", "30"), ("[2..3]", "20")]
ORDER = '<outputValues><text>"high", "low"</text></outputValues>'
NUMBER_ORDER = "<outputValues><text>30, 20, 10</text></outputValues>"
ERROR = object()


@pytest.mark.parametrize(
    ("policy", "results"),
    [
        ("UNIQUE", ["low", ERROR, ERROR, None]),
        ("ANY", ["low", ERROR, "high", None]),
        ("FIRST", ["low", "low", "high", None]),
        ("PRIORITY", ["low", "high", "high", None]),
        ("RULE ORDER", [["low"], ["low", "high", "high"], ["high", "high"], []]),
        ("OUTPUT ORDER", [["low"], ["high", "high", "low"], ["high", "high"], []]),
        ("COLLECT", [["low"], ["low", "high", "high"], ["high", "high"], []]),
    ],
)
def test_every_hit_policy_with_one_some_and_no_hits(policy: str, results: list[Any]) -> None:
    body = table(ROWS, policy=policy, output=ORDER)
    for x, result in enumerate(results, 1):
        if result is ERROR:
            with pytest.raises(DecisionError):
                value(body, {"x": x})
        else:
            assert value(body, {"x": x}) == result, (policy, x)


@pytest.mark.parametrize(
    ("aggregation", "results"),
    [
        ("SUM", [10, 60, 50, None]),
        ("MIN", [10, 10, 20, None]),
        ("MAX", [10, 30, 30, None]),
        ("COUNT", [1, 3, 2, 0]),
    ],
)
def test_every_aggregation_with_one_some_and_no_hits(aggregation: str, results: list[Any]) -> None:
    body = table(NUMBERS, policy="COLLECT", more=f'aggregation="{aggregation}"')
    for x, result in enumerate(results, 1):
        assert value(body, {"x": x}) == result, (aggregation, x)


@pytest.mark.parametrize(
    ("aggregation", "results", "value_"),
    [
        ("SUM", ["0.1", "0.2"], 0.3),
        ("MAX", ['date("2026-01-01")', 'date("2026-02-01")'], date(2026, 2, 1)),
        ("MIN", ['"b"', '"a"'], "a"),
        ("SUM", ['duration("P1D")', 'duration("PT1H")'], timedelta(days=1, hours=1)),
        ("MAX", ["1", '"2"'], ERROR),
        ("SUM", ["1", "null"], ERROR),
        ("SUM", ["1", '"2"'], ERROR),
    ],
)
def test_what_can_be_aggregated_is(aggregation: str, results: list[str], value_: Any) -> None:
    body = table([("-", result) for result in results], policy="COLLECT", more=f'aggregation="{aggregation}"')

    if value_ is ERROR:
        with pytest.raises(DecisionError, match="needs a number"):
            value(body, {"x": 1})
    else:
        assert value(body, {"x": 1}) == value_


def test_output_order_follows_the_output_values_and_not_the_rules() -> None:
    assert value(table(NUMBERS, policy="OUTPUT ORDER", output=NUMBER_ORDER), {"x": 2}) == [30, 20, 10]


def two_outputs(policy: str, rules: list[tuple[str, str, str]]) -> str:
    said = "".join(
        f'<rule id="r{number}"><inputEntry><text>{given}</text></inputEntry>'
        f"<outputEntry><text>{one}</text></outputEntry><outputEntry><text>{two}</text></outputEntry></rule>"
        for number, (given, one, two) in enumerate(rules, 1)
    )
    values = "<outputValues><text>{}</text></outputValues>"
    return (
        f'<decision id="d1" name="First"><decisionTable hitPolicy="{policy}">'
        f'<input label="x"><inputExpression><text>x</text></inputExpression></input>'
        f'<output name="a">{values.format("1, 2")}</output><output name="b">{values.format("1, 2")}</output>'
        f"{said}</decisionTable></decision>"
    )


def test_priority_with_two_outputs_looks_at_the_first_column_first() -> None:
    rules = [("-", "2", "1"), ("-", "1", "2"), ("-", "1", "1")]

    assert value(two_outputs("PRIORITY", rules), {"x": 0}) == {"a": 1, "b": 1}
    assert value(two_outputs("OUTPUT ORDER", rules), {"x": 0}) == [
        {"a": 1, "b": 1},
        {"a": 1, "b": 2},
        {"a": 2, "b": 1},
    ]
    assert value(two_outputs("RULE ORDER", rules), {"x": 0})[0] == {"a": 2, "b": 1}  # type: ignore[index]


@pytest.mark.parametrize(
    ("cell", "x", "holds"),
    [
        ("-", None, True),
        ("", 5, True),
        ("5", 5, True),
        ("5", "5", False),
        ("&lt; 5", 4, True),
        ("&gt;= 5", 5, True),
        ("1, 2, 3", 2, True),
        ("not(1, 2)", 3, True),
        ("not(1, 2)", 1, False),
        ("[1..5)", 5, False),
        ("(1..5]", 5, True),
        ("]1..5[", 1, False),
        ("&lt; 1, &gt; 9", 10, True),
        ('"a"', "a", True),
        ('"a", "b"', "c", False),
        ('not("a")', "b", True),
        ("null", None, True),
        ("null", 0, False),
        ("not(null)", 0, True),
        ("true", True, True),
        ("false", True, False),
        ("&lt; 5", None, False),
        ("? &gt; 1 and ? &lt; 3", 2, True),
        ("list contains(?, 1)", [1, 2], True),
        ('starts with(?, "ab")', "abc", True),
        ("? in [1..3]", 3, True),
        ("limit", 7, True),
        ("&gt; limit - 1", 7, True),
        ("count(?) &gt; 1", [1, 2], True),
        ('"a"', ["a"], True),
        ('date("2026-01-01")', "2026-01-01", False),
        ('&lt; date("2026-02-01")', None, False),
    ],
)
def test_cells_hold_as_the_standard_says(cell: str, x: Any, holds: bool) -> None:
    found = value(table([(cell, '"yes"')]), {"x": x, "limit": 7})

    assert (found == "yes") is holds


@pytest.mark.parametrize("type_", ["dateTime", "date and time"])
def test_a_date_is_the_beginning_of_its_day_where_a_date_and_time_is_wanted(type_: str) -> None:
    body = '<decision id="d1" name="First"><variable name="First" typeRef="TYPE"/>«date(2000, 1, 2)»</decision>'

    assert value(body.replace("TYPE", type_), {}) == datetime(2000, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "type_", "cell", "holds"),
    [
        ("2026-01-15", "date", '[date("2026-01-01")..date("2026-01-31")]', True),
        ("2026-02-15", "date", '[date("2026-01-01")..date("2026-01-31")]', False),
        ("10:30:00", "time", '&lt; time("11:00:00")', True),
        ("P3D", "dayTimeDuration", '&gt; duration("P2D")', True),
        ("P14M", "yearMonthDuration", '= duration("P1Y2M")', True),
    ],
)
def test_inputs_are_read_as_the_type_of_their_column(given: str, type_: str, cell: str, holds: bool) -> None:
    body = table([(cell, '"yes"')]).replace("<inputExpression>", f'<inputExpression typeRef="{type_}">')

    assert (value(body, {"x": given}) == "yes") is holds


BOXED = {
    "context with a result": (
        "<context><contextEntry><variable name='a'/>«x + 1»</contextEntry>"
        "<contextEntry>«a * 2»</contextEntry></context>",
        6,
    ),
    "context without a result": (
        "<context><contextEntry><variable name='a'/>«x»</contextEntry>"
        "<contextEntry><variable name='b c'/>«a + 1»</contextEntry></context>",
        {"a": 2, "b c": 3},
    ),
    "context in a context": (
        "<context><contextEntry><variable name='o'/><context><contextEntry><variable name='i'/>«x»</contextEntry>"
        "</context></contextEntry><contextEntry>«o.i + 1»</contextEntry></context>",
        3,
    ),
    "relation": (
        "<relation><column name='a'/><column name='b'/><row>«x»«1»</row><row>«3»«null»</row></relation>",
        [{"a": 2, "b": 1}, {"a": 3, "b": None}],
    ),
    "list": ('<list>«x»«"b"»<list>«1»</list></list>', [2, "b", [1]]),
    "function that is called": (
        "<context><contextEntry><variable name='f'/><functionDefinition><formalParameter name='n'/>«n * n»"
        "</functionDefinition></contextEntry><contextEntry>«f(x)»</contextEntry></context>",
        4,
    ),
    "function with names for its parameters": (
        "<context><contextEntry><variable name='f'/><functionDefinition><formalParameter name='n'/>"
        "<formalParameter name='m'/>«n - m»</functionDefinition></contextEntry>"
        "<contextEntry>«f(m: 1, n: x)»</contextEntry></context>",
        1,
    ),
    "invocation": (
        "<context><contextEntry><variable name='f'/><functionDefinition><formalParameter name='n'/>«n + 1»"
        "</functionDefinition></contextEntry><contextEntry><invocation>«f»<binding><parameter name='n'/>«x»</binding>"
        "</invocation></contextEntry></context>",
        3,
    ),
    "conditional": ("<conditional><if>«x = 2»</if><then>«1»</then><else>«0»</else></conditional>", 1),
    "conditional on null": ("<conditional><if>«null»</if><then>«1»</then><else>«0»</else></conditional>", 0),
    "filter": ("<filter><in>«[1, x, 3]»</in><match>«item &gt; 1»</match></filter>", [2, 3]),
    "filter by an entry": ("<filter><in>«[{a: 1}, {a: x}]»</in><match>«a = x»</match></filter>", [{"a": 2}]),
    "for": ("<for iteratorVariable='i'><in>«[1, x]»</in><return>«i * 10»</return></for>", [10, 20]),
    "for with what came before": (
        "<for iteratorVariable='i'><in>«[1, 2, 3]»</in><return>«count(partial) + i»</return></for>",
        [1, 3, 5],
    ),
    "every": ("<every iteratorVariable='i'><in>«[1, x]»</in><satisfies>«i &gt; 0»</satisfies></every>", True),
    "some": ("<some iteratorVariable='i'><in>«[1, x]»</in><satisfies>«i &gt; 2»</satisfies></some>", False),
}


@pytest.mark.parametrize("kind", BOXED)
def test_every_boxed_expression_has_its_value(kind: str) -> None:
    expression, wanted = BOXED[kind]

    assert value(f'<decision id="d1" name="First">{expression}</decision>', {"x": 2}) == wanted


@pytest.mark.parametrize(
    "text", ["1 / 0", "nothing", "null.a", "[1][5]", "{a: 1}.b", 'number("x")', 'date("x")', "unknown(1)", '"a" - 1']
)
def test_what_has_no_value_is_null_and_no_error(text: str) -> None:
    assert value(literal(text), {}) is None


REQUIRED = (
    '<inputData id="i" name="Order Sum"><variable name="Order Sum"/></inputData>'
    '<businessKnowledgeModel id="b" name="Net of"><variable name="Net of"/><encapsulatedLogic>'
    "<formalParameter name='gross'/>«gross / 1.2»</encapsulatedLogic></businessKnowledgeModel>"
    '<decision id="d2" name="Net Sum"><variable name="Net Sum"/><informationRequirement><requiredInput href="#i"/>'
    '</informationRequirement><knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>'
    "«Net of(Order Sum)»</decision>"
    '<decision id="d1" name="First"><informationRequirement><requiredDecision href="#d2"/></informationRequirement>'
    '«if Net Sum &gt; 100 then "large" else "small"»</decision>'
    '<decisionService id="s" name="Grade"><outputDecision href="#d1"/><encapsulatedDecision href="#d2"/>'
    '<inputData href="#i"/></decisionService>'
    '<decisionService id="t" name="From net"><outputDecision href="#d1"/><inputDecision href="#d2"/></decisionService>'
)


@pytest.mark.parametrize(
    ("decision", "given", "result"),
    [
        ("d2", {"Order Sum": 120}, 100),
        ("d1", {"Order Sum": 240}, "large"),
        ("d1", {"Order Sum": 12}, "small"),
        ("d1", {}, "small"),
        ("s", {"Order Sum": 240}, "large"),
        ("t", {"Net Sum": 101}, "large"),
        ("t", {"Order Sum": 240}, "small"),
    ],
)
def test_names_with_spaces_go_through_inputs_knowledge_decisions_and_services(
    decision: str, given: dict[str, Any], result: Any
) -> None:
    assert value(REQUIRED, given, decision=decision) == result
