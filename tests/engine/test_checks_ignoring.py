"""What a diagram says is meant so is not told; a silence without a reason, or in vain, is."""

from __future__ import annotations

import pytest

from service.engine.checks import examine
from tests.engine.diagrams import node, process, user, written
from tests.engine.drawn import extended


def told(ignored: str) -> list[str]:
    join = node("parallelGateway", "j", extended(ignored) if ignored else "")
    elements = node("exclusiveGateway", "g") + user("A", "B") + join
    xml = written(process(elements, "s g", "g A: x", "g B: not x", "A j e", "B j"))
    return [f"{problem.severity}: {problem.message} {problem.advice}" for problem in examine({"a.bpmn": xml})]


def test_a_finding_is_silenced_with_a_reason() -> None:
    assert "never opens" in told("")[0]
    assert told('<case:ignore rule="deadlock" reason="A clerk closes it by hand."/>') == []


@pytest.mark.parametrize(
    "ignored, note",
    [
        ('<case:ignore rule="deadlock"/>', "warning: It gives no reason"),
        (
            '<case:ignore rule="deadlok" reason="as it is"/>',
            "warning: There is no rule “deadlok” to be ignored. Did you",
        ),
        ('<case:ignore rule="gap" reason="as it is"/>', "warning: It ignores “gap”, which nothing here breaks."),
    ],
)
def test_a_silence_that_says_nothing_is_told_beside_the_finding(ignored: str, note: str) -> None:
    found = told(ignored)

    assert len(found) == 2 and "never opens" in found[0]
    assert found[1].startswith(note)
