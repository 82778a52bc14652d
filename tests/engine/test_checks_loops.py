"""Loops that would go round until the engine stops the case are told; those that end, or wait, are not."""

from __future__ import annotations

import pytest

from tests.engine.drawn import examined, flow, warnings

SCRIPT = '<scriptTask id="a"><script>{}</script></scriptTask>'


def loop(step: str, condition: str = "", way_out: bool = True) -> str:
    out = flow("g", "e", f"<conditionExpression>{condition}</conditionExpression>") if way_out else ""
    more = 'default="back"' if way_out else ""
    return (
        f'<startEvent id="s"/><exclusiveGateway id="m"/>{step}<exclusiveGateway id="g" {more}/><endEvent id="e"/>'
        + flow("s", "m")
        + flow("m", "a")
        + flow("a", "g")
        + flow("g", "m", more='id="back"')
        + out
    )


@pytest.mark.parametrize(
    "inner",
    [
        loop(SCRIPT.format("n = 1"), way_out=False),
        loop(SCRIPT.format("n = 1"), "= done"),
        loop('<task id="a"/>', "ready"),
    ],
)
def test_a_loop_that_nothing_leaves_is_told(inner):
    [told] = [problem for problem in warnings(examined(inner)) if problem.startswith("m: ")]

    assert told.startswith("m: It goes round for ever with “a”, “g”: nothing waits there, and nothing leads out")


@pytest.mark.parametrize(
    "inner",
    [
        loop(SCRIPT.format("n = n + 1"), "= n > 3"),
        loop(SCRIPT.format("found.append(1)"), "= count(found) > 3"),
        loop(SCRIPT.format("found.append(1)"), "found[3:]"),
        loop(SCRIPT.format("= {done: true}"), "= done"),
        loop(SCRIPT.format("n = 1"), "= now() > deadline"),
        loop('<userTask id="a"/>', "= done"),
        loop('<businessRuleTask id="a" case:decisionRef="d"/>', "= done"),
        loop('<task id="a" case:postScript="done = True"/>', "= done"),
    ],
)
def test_a_loop_that_may_end_or_waits_is_told_nothing(inner):
    assert warnings(examined(inner)) == []
