"""What the check says of variables and the instances of a multi-instance: lost answers, and names written at once."""

from __future__ import annotations

import pytest

from service.engine.checks import check_definition
from service.engine.checks.instances import FormNames
from service.engine.normalise import normalise
from tests.engine.drawn import document, extended, flow, warnings

FORMS = {
    "ask": FormNames(frozenset({"answer"}), frozenset({"answer"}), frozenset({"answer"})),
    "show": FormNames(frozenset(), frozenset(), frozenset({"answer"})),
    "open": FormNames(frozenset({"answer"}), frozenset({"answer", "total"}), frozenset()),
}
GIVEN = (
    '<ioSpecification><dataOutput id="o" name="answer"/><inputSet/><outputSet/></ioSpecification>'
    "<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>r</targetRef></dataOutputAssociation>"
)
RESULTS = "<loopDataOutputRef>all</loopDataOutputRef>"
LOST = "The answer “answer” of its form stays with the instance, where nothing uses it."


def loop(inside: str = "", more: str = "") -> str:
    cardinality = "<loopCardinality>3</loopCardinality>"
    return f"<multiInstanceLoopCharacteristics {more}>{cardinality}{inside}</multiInstanceLoopCharacteristics>"


def task(repeats: str, more: str = "", before: str = "") -> str:
    return f'<userTask id="a" case:formKey="ask" {more}>{before}{repeats}</userTask>'


def sub(repeats: str, inner: str, *flows: str) -> str:
    return f'<subProcess id="S">{repeats}<startEvent id="i"/>{inner}{"".join(flows)}</subProcess>'


def said(inner: str) -> list[str]:
    """The warnings of the check that are about data."""
    model = normalise("small.bpmn", document(inner))
    return [text for text in warnings(check_definition([model], forms=FORMS)) if "instance" in text]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (task(loop()), [f"a: {LOST}"]),
        (task(loop(more='isSequential="true"')), [f"a: {LOST}"]),
        (task(""), []),
        (task(loop(RESULTS, 'case:outputElement="= answer"')), []),
        (task(loop(), before=GIVEN), []),
        (task(loop(RESULTS, 'case:outputElement="= {answer: answer}"')), []),
        (task(loop(RESULTS + '<outputDataItem id="answer"/>')), []),
        (task(loop(RESULTS + '<outputDataItem id="other"/>')), [f"a: {LOST}"]),
        (task(loop("<completionCondition>answer == 'no'</completionCondition>")), []),
        (task(loop(), 'case:postScript="answers = answers + [answer]"'), []),
        (
            task(loop(), before=extended('<case:ioMapping><case:output source="answer" target="x"/></case:ioMapping>')),
            [],
        ),
        (sub(loop(), task("") + '<userTask id="b" case:formKey="show"/>', flow("i", "a"), flow("a", "b")), []),
        (sub(loop(), task(""), flow("i", "a")), [f"a: {LOST}"]),
        (sub(loop(), task("") + '<callActivity id="c" calledElement="q"/>', flow("i", "a"), flow("a", "c")), []),
    ],
)
def test_answers_that_go_nowhere_are_told(inner: str, expected: list[str]) -> None:
    assert said(inner) == expected


BEFORE = '<startEvent id="s" case:formKey="open"/>'
SHARED = "Each instance of “S” writes the same “{}”, which is there outside already: the last one wins."


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (BEFORE + sub(loop(), task(""), flow("i", "a")), ["a: " + SHARED.format("answer")]),
        (BEFORE + sub(loop(more='isSequential="true"'), task(""), flow("i", "a")), []),
        (
            BEFORE + sub(loop(), '<scriptTask id="t"><script>total = 5\nown = 6</script></scriptTask>', flow("i", "t")),
            ["t: " + SHARED.format("total")],
        ),
        (
            BEFORE + sub(loop(), '<scriptTask id="t"><script>total = total + 5</script></scriptTask>', flow("i", "t")),
            [],
        ),
        (
            BEFORE
            + sub(
                loop(),
                '<businessRuleTask id="r" case:decisionRef="d" case:resultVariable="total"/>',
                flow("i", "r"),
            ),
            ["r: " + SHARED.format("total")],
        ),
        (
            BEFORE
            + sub(
                loop(),
                task("", before=extended('<case:ioMapping><case:input source="1" target="answer"/></case:ioMapping>')),
                flow("i", "a"),
            ),
            [],
        ),
        (BEFORE + sub(loop(RESULTS + '<outputDataItem id="answer"/>'), task(""), flow("i", "a")), []),
        (
            BEFORE
            + sub(
                loop(),
                '<scriptTask id="t"><script>= {total: 1, own: {answer: 2}, said: "answer: 3"}</script></scriptTask>',
                flow("i", "t"),
            ),
            ["t: " + SHARED.format("total")],
        ),
        (
            BEFORE
            + sub(loop(), '<scriptTask id="t"><script>= {total: total + 1}</script></scriptTask>', flow("i", "t")),
            [],
        ),
    ],
)
def test_instances_that_write_one_name_at_once_are_told(inner: str, expected: list[str]) -> None:
    assert said(inner) == expected
