"""Joins that wait for alternatives are told at deployment; those that may well open are not."""

from __future__ import annotations

import pytest

from service.engine.checks import examine
from service.engine.definition import Severity
from tests.engine.diagrams import node, process, user, written
from tests.engine.with_events import MESSAGE, ROOTS, SIGNAL, boundary, sub

XOR, SPLIT, JOIN = (
    node("exclusiveGateway", "g"),
    node("parallelGateway", "g"),
    node("parallelGateway", "j"),
)


def waits_in_vain(elements: str, *paths: str) -> bool:
    found = examine({"test.bpmn": written(process(elements, *paths), roots=ROOTS)})
    told = [problem for problem in found if "never opens" in problem.message]
    assert all(problem.severity is Severity.WARNING and problem.element_id == "j" and problem.line for problem in told)
    return bool(told)


@pytest.mark.parametrize(
    "elements, paths",
    [
        (XOR + user("A", "B") + JOIN, ("s g", "g A: x", "g B: not x", "A j e", "B j")),
        (XOR + JOIN, ("s g", "g j: x", "g j: not x", "j e")),
        (user("A", "B") + boundary("b", "A", MESSAGE) + JOIN, ("s A j e", "b B j")),
        (
            node("eventBasedGateway", "g")
            + node("intermediateCatchEvent", "a", MESSAGE)
            + node("intermediateCatchEvent", "b", SIGNAL)
            + JOIN,
            ("s g a j e", "g b j"),
        ),
        (
            XOR + node("parallelGateway", "h") + user("A", "B", "C") + JOIN,
            ("s g", "g A: x", "g h: not x", "A j e", "h B j", "h C j"),
        ),
        (sub("S", XOR + user("A", "B") + JOIN, "Ss g", "g A: x", "g B: not x", "A j", "B j"), ("s S e",)),
    ],
)
def test_a_join_of_alternatives_is_told(elements: str, paths: tuple[str, ...]) -> None:
    assert waits_in_vain(elements, *paths)


@pytest.mark.parametrize(
    "elements, paths",
    [
        (SPLIT + user("A", "B") + JOIN, ("s g A j e", "g B j")),
        (node("inclusiveGateway", "g") + user("A", "B") + JOIN, ("s g", "g A: x", "g B: y", "A j e", "B j")),
        (user("A", "B") + boundary("b", "A", MESSAGE, interrupting=False) + JOIN, ("s A j e", "b B j")),
        (
            node("parallelGateway", "q") + node("exclusiveGateway", "m") + XOR + user("A", "B") + JOIN,
            ("s q m g", "q m", "g A: x", "g B: not x", "A j e", "B j"),
        ),
        (
            node("exclusiveGateway", "m") + XOR + node("parallelGateway", "k") + user("A", "B") + JOIN,
            ("s m g", "g A: x", "g B: not x", "A k j e", "k m", "B j"),
        ),
    ],
)
def test_a_join_that_may_open_is_told_nothing(elements: str, paths: tuple[str, ...]) -> None:
    assert not waits_in_vain(elements, *paths)
