"""DMN decisions: hit policies, boxed expressions, requirements, and what is refused at deployment."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.engine import decisions
from service.engine.decisions import DecisionError, parse_decisions
from service.engine.definition import Refused

V13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
ROOT = Path(__file__).resolve().parents[2]


def dmn(body: str, namespace: str = V13, name: str = "urn:test") -> bytes:
    """A DMN file. «text» stands for a literal expression."""
    body = re.sub("«(.*?)»", r"<literalExpression><text>\1</text></literalExpression>", body, flags=re.DOTALL)
    return f'<definitions xmlns="{namespace}" id="d" name="d" namespace="{name}">\n{body}\n</definitions>'.encode()


def table(rows: list[tuple[str, str]], *, policy: str = "UNIQUE", output: str = "", more: str = "") -> str:
    """A decision `x` → result, with one column each way."""
    rules = "".join(
        f'<rule id="r{number}"><inputEntry><text>{given}</text></inputEntry>'
        f"<outputEntry><text>{said}</text></outputEntry></rule>"
        for number, (given, said) in enumerate(rows, 1)
    )
    return (
        f'<decision id="d1" name="First"><decisionTable hitPolicy="{policy}" {more}>'
        f'<input label="x"><inputExpression><text>x</text></inputExpression></input>'
        f'<output name="y">{output}</output>{rules}</decisionTable></decision>'
    )


def literal(text: str, *, id: str = "d1", name: str = "First", requires: str = "", attributes: str = "") -> str:
    expression = f"<literalExpression {attributes}><text>{text}</text></literalExpression>"
    return f'<decision id="{id}" name="{name}">{requires}{expression}</decision>'


def value(body: str, variables: dict[str, object], *, decision: str = "d1") -> object:
    return decisions.evaluate(decision, parse_decisions({"t.dmn": dmn(body)}), variables).value


RANGES = [("&lt; 10", "1"), ("[5..15]", "2"), ("&gt; 12", "3")]
ORDER = "<outputValues><text>3, 2, 1</text></outputValues>"


@pytest.mark.parametrize(
    ("policy", "x", "result"),
    [
        ("UNIQUE", 2, 1),
        ("UNIQUE", 20, 3),
        ("FIRST", 7, 1),
        ("PRIORITY", 7, 2),
        ("PRIORITY", 13, 3),
        ("COLLECT", 7, [1, 2]),
        ("RULE ORDER", 13, [2, 3]),
        ("OUTPUT ORDER", 13, [3, 2]),
    ],
)
def test_each_hit_policy_chooses_as_the_standard_says(policy, x, result):
    assert value(table(RANGES, policy=policy, output=ORDER), {"x": x}) == result


@pytest.mark.parametrize(("aggregation", "result"), [("SUM", 3), ("MIN", 1), ("MAX", 2), ("COUNT", 2)])
def test_collected_results_are_aggregated(aggregation, result):
    assert value(table(RANGES, policy="COLLECT", more=f'aggregation="{aggregation}"'), {"x": 7}) == result


def test_any_takes_rules_that_agree_and_refuses_those_that_do_not():
    assert value(table([("&lt; 10", "1"), ("&lt; 20", "1")], policy="ANY"), {"x": 5}) == 1
    with pytest.raises(DecisionError, match=r"rules 1, 2 fit and say different things"):
        value(table([("&lt; 10", "1"), ("&lt; 20", "2")], policy="ANY"), {"x": 5})


def test_two_rules_of_a_unique_table_that_fit_are_an_error_that_names_them():
    with pytest.raises(DecisionError, match=r"“First”: rules 1, 2 fit, and only one may"):
        value(table(RANGES), {"x": 7})


@pytest.mark.parametrize(
    ("policy", "more", "result"),
    [
        ("UNIQUE", "", None),
        ("FIRST", "", None),
        ("COLLECT", "", []),
        ("RULE ORDER", "", []),
        ("COLLECT", 'aggregation="SUM"', None),
        ("COLLECT", 'aggregation="COUNT"', 0),
    ],
)
def test_when_no_rule_fits_there_is_no_result(policy, more, result):
    assert value(table([("1", "1")], policy=policy, more=more), {"x": 9}) == result


def test_when_no_rule_fits_the_default_output_counts():
    default = '<defaultOutputEntry><text>"none"</text></defaultOutputEntry>'

    assert value(table([("1", "1")], output=default), {"x": 9}) == "none"


def test_several_outputs_make_a_context_and_default_each_for_itself():
    body = """<decision id="d1" name="First"><decisionTable>
      <input label="x"><inputExpression><text>x</text></inputExpression></input>
      <output name="a"/><output name="b"><defaultOutputEntry><text>7</text></defaultOutputEntry></output>
      <rule id="r"><inputEntry><text>1</text></inputEntry>
        <outputEntry><text>x + 1</text></outputEntry><outputEntry><text>"b"</text></outputEntry></rule>
    </decisionTable></decision>"""

    assert value(body, {"x": 1}) == {"a": 2, "b": "b"}
    assert value(body, {"x": 2}) == {"a": None, "b": 7}


def test_an_input_outside_its_allowed_values_is_an_error():
    body = table([("-", "1")]).replace(
        "</inputExpression>", '</inputExpression><inputValues><text>"a","b"</text></inputValues>'
    )

    assert value(body, {"x": "a"}) == 1
    assert value(body, {}) == 1
    with pytest.raises(DecisionError, match=r'input “x”: "c" is not one of the allowed values'):
        value(body, {"x": "c"})


def test_an_output_outside_its_output_values_is_an_error():
    with pytest.raises(DecisionError, match="not one of the allowed values of “y”"):
        value(table([("-", "9")], output=ORDER), {"x": 1})


def test_a_cell_may_use_the_input_and_other_variables():
    rows = [("? &gt; limit", '"over"'), ("not(&gt; limit)", '"under"')]

    assert value(table(rows), {"x": 5, "limit": 3}) == "over"
    assert value(table(rows), {"x": 2, "limit": 3}) == "under"


def test_the_trace_tells_inputs_hits_and_outputs():
    found = parse_decisions({"t.dmn": dmn(table(RANGES, policy="COLLECT"))})

    [step] = decisions.evaluate("d1", found, {"x": 7}).trace

    assert step == {
        "decision": "d1",
        "name": "First",
        "inputs": [{"name": "x", "value": 7}],
        "hits": [{"rule": 1, "id": "r1", "outputs": [1]}, {"rule": 2, "id": "r2", "outputs": [2]}],
        "outputs": [1, 2],
    }


GRAPH = """
<itemDefinition name="tPerson"><itemComponent name="born"><typeRef>date</typeRef></itemComponent></itemDefinition>
<inputData id="i1" name="Applicant"><variable name="Applicant" typeRef="tPerson"/></inputData>
<inputData id="i2" name="Asked Sum"><variable name="Asked Sum" typeRef="number"/></inputData>
<businessKnowledgeModel id="k1" name="Rate For"><variable name="Rate For"/>
  <encapsulatedLogic><formalParameter name="age"/><formalParameter name="sum"/>
    «if age &lt; 30 then sum * 0.1 else Half(sum)»
  </encapsulatedLogic>
  <knowledgeRequirement><requiredKnowledge href="#k2"/></knowledgeRequirement>
</businessKnowledgeModel>
<businessKnowledgeModel id="k2" name="Half"><encapsulatedLogic><formalParameter name="n"/>
  «n / 2»</encapsulatedLogic></businessKnowledgeModel>
<decision id="age" name="Age of Applicant"><variable name="Age of Applicant"/>
  <informationRequirement><requiredInput href="#i1"/></informationRequirement>
  «(date("2026-06-30") - Applicant.born) / duration("P365D")»</decision>
<decision id="rate" name="Rate">
  <informationRequirement><requiredDecision href="#age"/></informationRequirement>
  <informationRequirement><requiredInput href="#i2"/></informationRequirement>
  <knowledgeRequirement><requiredKnowledge href="#k1"/></knowledgeRequirement>
  <invocation>«Rate For»
    <binding><parameter name="sum"/>«Asked Sum»</binding>
    <binding><parameter name="age"/>«floor(Age of Applicant)»</binding>
  </invocation></decision>
<decision id="all" name="All">
  <informationRequirement><requiredDecision href="#rate"/></informationRequirement>
  <informationRequirement><requiredDecision href="#age"/></informationRequirement>
  <context>
    <contextEntry><variable name="the rate"/>«Rate»</contextEntry>
    <contextEntry><variable name="twice"/>«the rate * 2»</contextEntry>
    <contextEntry><variable name="shop"/><relation><column name="kind of thing"/><column name="price"/>
      <row>«"a"»«1»</row>
      <row>«"b"»«2»</row>
    </relation></contextEntry>
    <contextEntry><variable name="f"/><functionDefinition><formalParameter name="n"/>
      «n + twice»</functionDefinition></contextEntry>
    <contextEntry><literalExpression>
      <text>{rate: the rate, called: f(1), dear: shop[price &gt; 1].kind of thing, all: shop.price}</text>
    </literalExpression></contextEntry>
  </context></decision>
"""


def test_a_requirements_graph_is_evaluated_each_decision_once():
    found = parse_decisions({"t.dmn": dmn(GRAPH)})

    result = decisions.evaluate("all", found, {"Applicant": {"born": "2000-01-01"}, "Asked Sum": 100})

    assert result.value == {"rate": 10, "called": 21, "dear": ["b"], "all": [1, 2]}
    assert [step["decision"] for step in result.trace] == ["age", "rate", "all"]


def test_a_knowledge_model_calls_another_and_itself():
    assert decisions.evaluate(
        "rate", parse_decisions({"t.dmn": dmn(GRAPH)}), {"Applicant": {"born": date(1980, 1, 1)}, "Asked Sum": 100}
    ).value == pytest.approx(50)
    recursion = """<businessKnowledgeModel id="k" name="fact"><encapsulatedLogic><formalParameter name="n"/>
      «if n &lt; 2 then 1 else n * fact(n - 1)»</encapsulatedLogic>
      <knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement></businessKnowledgeModel>
      <decision id="d1" name="First"><knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement>
      «fact(x)»</decision>"""
    assert value(recursion, {"x": 5}) == 120
    with pytest.raises(DecisionError):
        value(recursion, {"x": 100_000})


def test_what_dmn_1_4_added_works():
    body = """<decision id="d1" name="First"><conditional>
      <if>«x &gt; 1»</if>
      <then><for iteratorVariable="n"><in>«[1, 2, x]»</in>
        <return>«n * n»</return></for></then>
      <else><filter><in><list>«1»
        «x»</list></in>
        <match>«item &gt; 0»</match></filter></else>
    </conditional></decision>
    <decision id="d2" name="Second"><every iteratorVariable="n"><in>«xs»</in>
      <satisfies>«n &gt; 0»</satisfies></every></decision>"""
    found = parse_decisions({"t.dmn": dmn(body)})

    assert decisions.evaluate("d1", found, {"x": 3}).value == [1, 4, 9]
    assert decisions.evaluate("d1", found, {"x": -1}).value == [1]
    assert decisions.evaluate("d2", found, {"xs": [1, 2]}).value is True


def test_a_decision_service_is_a_decision_and_a_function():
    body = """<inputData id="i" name="n"/>
      <decision id="twice" name="Twice"><informationRequirement><requiredInput href="#i"/></informationRequirement>
        «n * 2»</decision>
      <decisionService id="s" name="Doubler"><outputDecision href="#twice"/><inputData href="#i"/></decisionService>
      <decision id="d1" name="First"><knowledgeRequirement><requiredKnowledge href="#s"/></knowledgeRequirement>
        «Doubler(21) + Doubler(n: 1)»</decision>"""

    assert value(body, {}) == 44
    assert value(body, {"n": 4}, decision="s") == 8


def test_a_file_may_import_another():
    lower = dmn(literal("41", id="base", name="Base"), name="urn:lower")
    upper = dmn(
        '<import namespace="urn:lower" name="low" importType="x"/>'
        + literal(
            "low.Base + 1",
            requires='<informationRequirement><requiredDecision href="urn:lower#base"/></informationRequirement>',
        ),
        name="urn:upper",
    )

    found = parse_decisions({"lower.dmn": lower, "upper.dmn": upper})

    assert decisions.evaluate("d1", found, {}).value == 42


def test_dates_pass_between_decisions_and_come_out_as_dates():
    body = literal('date("2026-01-31") + duration("P1D")', id="day", name="Day") + literal(
        "{day: Day, left: Day - start}",
        requires='<informationRequirement><requiredDecision href="#day"/></informationRequirement>',
    )

    assert value(body, {"start": date(2026, 1, 1)}) == {"day": date(2026, 2, 1), "left": timedelta(days=31)}


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_versions_1_1_to_1_5_are_read(namespace):
    assert decisions.evaluate("d1", parse_decisions({"t.dmn": dmn(literal("1 + 1"), namespace)}), {}).value == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (table([("1 +", "1")]), "t.dmn:2: d1: “First”, row 1, column “x”: In “1 +”: This is not FEEL"),
        (table([("1", "(")]), "In “(”"),
        (table([("1", "1")], policy="BEST"), "hit policy “BEST” is unknown"),
        (table([("1", "1")], policy="PRIORITY"), "PRIORITY needs an order of results"),
        (table([("1", "1")], more='aggregation="SUM"'), "aggregation “SUM” cannot be used"),
        (table([("1", "1")]).replace("<outputEntry><text>1</text></outputEntry>", ""), "1 conditions and 0 results"),
        (table([("1", "1")]).replace("<text>x</text>", "<text/>"), "The input has no expression"),
        (literal("").replace("<literal", "<list><literal").replace("</decision", "</list></decision"), "is empty"),
        (literal("1") + literal("2"), "The id “d1” is used twice"),
        ("<decision/>", "has neither id nor name"),
        (
            literal("1", requires='<informationRequirement><requiredDecision href="#no"/></informationRequirement>'),
            "“#no”, which does not exist",
        ),
        (
            literal("1", requires='<informationRequirement><requiredDecision href="#d1"/></informationRequirement>'),
            "It requires itself",
        ),
        (
            literal("1", attributes='expressionLanguage="javascript"'),
            "javascript",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_file_line_and_id(body, said):
    with pytest.raises(Refused) as caught:
        parse_decisions({"t.dmn": dmn(body)})

    assert said in str(caught.value)


def test_every_problem_of_every_file_is_named_at_once():
    with pytest.raises(Refused) as caught:
        parse_decisions({"a.dmn": dmn(table([("(", ")")])), "b.dmn": b"<no>", "c.dmn": b"<definitions/>"})

    assert [problem.file for problem in caught.value.problems] == ["a.dmn", "a.dmn", "b.dmn", "c.dmn"]


def test_the_same_decision_in_two_files_is_refused():
    with pytest.raises(Refused, match=r"stands in a\.dmn too"):
        parse_decisions({"a.dmn": dmn(literal("1"), name="a"), "b.dmn": dmn(literal("2"), name="b")})


def test_an_unknown_decision_is_an_error():
    with pytest.raises(DecisionError, match="There is no decision “no”"):
        decisions.evaluate("no", {}, {})


def test_only_variables_that_the_model_names_are_sent():
    assert value(literal("x + 1"), {"x": 1, "unsendable": object()}) == 2


def test_names_are_found_across_lines_and_beyond_ascii():
    assert value(literal("größe +\nb +\nMonthly Salary"), {"größe": 1, "b": 2, "Monthly Salary": 3}) == 6


def test_nothing_is_said_of_the_shipped_decisions():
    paths = [path for folder in ("processes", "tests/conformance") for path in (ROOT / folder).rglob("*.dmn")]

    for path in paths:
        found, problems = decisions.examine({path.name: path.read_bytes()})
        assert found and problems == [], path
