"""Diagrams with a fault planted in each, and their like without it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.engine.diagrams import node, process, timer, user, written
from tests.engine.with_events import ERROR, MESSAGE, OTHER, ROOTS, SIGNAL, boundary, end, reaction, sub

TERMINATE = "<terminateEventDefinition/>"


@dataclass(frozen=True)
class Planted:
    """A diagram; `rule` and `element` of what has to be told: empty where nothing is wrong."""

    name: str
    xml: bytes
    rule: str = ""
    element: str = ""
    says: str = ""  #: stands in the message


def _xor(*names: str) -> str:
    return "".join(node("exclusiveGateway", name) for name in names)


def _and(*names: str) -> str:
    return "".join(node("parallelGateway", name) for name in names)


def _or(*names: str) -> str:
    return "".join(node("inclusiveGateway", name) for name in names)


def _catch(name: str, definition: str) -> str:
    return node("intermediateCatchEvent", name, definition)


def _link(tag: str, name: str) -> str:
    return node(tag, name, '<linkEventDefinition name="L"/>')


def _p(name: str, elements: str, *paths: str, told: str = "", says: str = "") -> Planted:
    rule, _, element = told.partition(" ")
    return Planted(name, written(process(elements, *paths), roots=ROOTS), rule, element, says)


_SPLIT = ("g A: x", "g B: not x", "A j", "B j")

FAULTS = [
    _p(
        "alternatives joined",
        _xor("g") + user("A", "B") + _and("j"),
        "s g",
        *_SPLIT,
        "j e",
        told="deadlock j",
        says="never opens",
    ),
    _p(
        "one branch may leave",
        _and("g", "j") + _xor("x") + user("A", "B", "C"),
        "s g A j e",
        "g B x",
        "x j: y",
        "x C: not y",
        "C e",
        told="deadlock j",
        says="After “x” goes to “C”, it waits for ever for “x”",
    ),
    _p(
        "inclusive split, parallel join",
        _or("g") + user("A", "B") + _and("j"),
        "s g",
        "g A: x",
        "g B: y",
        "A j e",
        "B j",
        told="deadlock j",
        says="“g” goes only to “A”",
    ),
    _p(
        "events joined",
        node("eventBasedGateway", "g") + _catch("a", MESSAGE) + _catch("b", SIGNAL) + _and("j"),
        "s g a j e",
        "g b j",
        told="deadlock j",
    ),
    _p(
        "boundary joined with its host",
        user("A", "B") + boundary("b", "A", MESSAGE) + _and("j"),
        "s A j e",
        "b B j",
        told="deadlock j",
    ),
    _p(
        "boundary leads out of a branch",
        _and("g", "j") + user("A", "B", "C") + boundary("b", "A", MESSAGE),
        "s g A j e",
        "g B j",
        "b C e",
        told="deadlock j",
        says="“b” happens",
    ),
    _p(
        "loose boundary joined",
        _and("j") + user("A", "B") + boundary("b", "A", MESSAGE, interrupting=False),
        "s A j e",
        "b B j",
        told="deadlock j",
    ),
    _p(
        "error leads out of a branch",
        _and("g", "j") + sub("S", user("A"), "Ss A") + user("B", "C") + boundary("b", "S", ERROR),
        "s g S j e",
        "g B j",
        "b C e",
        told="deadlock j",
    ),
    _p(
        "inside a sub-process",
        sub("S", _xor("g") + user("A", "B") + _and("j"), "Ss g", *_SPLIT),
        "s S e",
        told="deadlock j",
    ),
    _p(
        "inside an event sub-process",
        user("U") + reaction("R", MESSAGE, _xor("g") + user("A", "B") + _and("j"), "Rs g", *_SPLIT),
        "s U e",
        told="deadlock j",
    ),
    _p(
        "inside an ad hoc sub-process",
        node(
            "adHocSubProcess",
            "H",
            user("T", "A", "B")
            + _xor("g")
            + _and("j")
            + "".join(
                f'<sequenceFlow id="{a}{b}" sourceRef="{a}" targetRef="{b}"/>'
                for a, b in ("Tg", "gA", "gB", "Aj", "Bj")
            ),
        ),
        "s H e",
        told="deadlock j",
    ),
    _p(
        "inside a multi-instance",
        sub(
            "S",
            "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
            + _xor("g")
            + user("A", "B")
            + _and("j"),
            "Ss g",
            *_SPLIT,
        ),
        "s S e",
        told="deadlock j",
    ),
    _p(
        "by a link",
        _and("g", "j")
        + _xor("x")
        + user("A", "B")
        + _link("intermediateThrowEvent", "t")
        + _link("intermediateCatchEvent", "c"),
        "s g A j e",
        "g B x",
        "x j: y",
        "x t: not y",
        "c e",
        told="deadlock j",
    ),
    _p(
        "one token too many",
        _and("g", "j") + _xor("m") + user("A", "B", "C"),
        "s g A m j e",
        "g B m",
        "g C j",
        told="deadlock j",
        says="a token more",
    ),
    _p(
        "joins that wait for each other",
        _or("j", "k") + _and("g") + _xor("x", "y") + user("A", "B"),
        "s g A j x",
        "x k: c",
        "x e: not c",
        "g B k y",
        "y j: d",
        "y e: not d",
        told="deadlock j",
        says="in turn",
    ),
    _p(
        "a join in a loop",
        _and("j") + _xor("x") + user("A"),
        "s j A x",
        "x j: again",
        "x e: not again",
        told="deadlock j",
    ),
    _p(
        "two ways in",
        _and("j") + node("startEvent", "t", MESSAGE) + user("A", "B"),
        "s A j e",
        "t B j",
        told="deadlock j",
    ),
    _p(
        "a call behind a choice",
        _xor("g") + node("callActivity", "A", calledElement="p2") + user("B") + _and("j"),
        "s g",
        *_SPLIT,
        "j e",
        told="deadlock j",
    ),
    _p(
        "after a sound part",
        _and("a", "b") + user("C", "D") + _xor("g") + user("A", "B") + _and("j"),
        "s a C b g",
        "a D b",
        *_SPLIT,
        "j e",
        told="deadlock j",
    ),
    _p(
        "20 branches, one leaves",
        _and("g", "j") + user(*(f"A{n}" for n in range(20)), "C") + _xor("x"),
        "s g",
        "j e",
        *(f"g A{n} j" for n in range(19)),
        "g A19 x",
        "x j: y",
        "x C: not y",
        "C e",
        told="deadlock j",
    ),
    _p(
        "parallel split, exclusive merge",
        _and("g") + _xor("m") + user("A", "B", "C"),
        "s g A m C e",
        "g B m",
        told="done-twice m",
    ),
    _p("parallel split, merge at a task", _and("g") + user("A", "B", "C"), "s g A C e", "g B C", told="done-twice C"),
    _p(
        "a reminder comes back",
        user("A", "B", "C") + boundary("b", "A", timer("PT1H"), interrupting=False),
        "s A C e",
        "b B C",
        told="done-twice C",
    ),
    _p(
        "merged inside a sub-process",
        sub("S", _and("g") + _xor("m") + user("A", "B", "C"), "Ss g A m C", "g B m"),
        "s S e",
        told="done-twice m",
    ),
    _p("no way out", _xor("m") + user("A", "B"), "s m A B m", told="no-end m"),
    _p("a loop that never waits", _xor("m") + node("task", "A"), "s m A m", told="endless-loop m"),
]

SOUND = [
    _p("alternatives merged", _xor("g", "j") + user("A", "B"), "s g", *_SPLIT, "j e"),
    _p("branches joined", _and("g", "j") + user("A", "B"), "s g A j e", "g B j"),
    _p("branches that end for themselves", _and("g") + user("A", "B"), "s g A e", "g B e"),
    _p("inclusive", _or("g", "j") + user("A", "B", "C"), "s g", "g A: x", "g B: y", "A j C e", "B j"),
    _p(
        "inclusive after parallel",
        _and("g") + _xor("x") + _or("j") + user("A", "B", "C"),
        "s g A j C e",
        "g B x",
        "x j: y",
        "x e: not y",
    ),
    _p("alternatives of a task", user("A", "B", "C", "D"), "s A", "A B: x", "A C: not x", "B D e", "C D"),
    _p("a loop", _xor("m", "x") + user("A"), "s m A x", "x m: again", "x e: not again"),
    _p(
        "a loop of branches",
        _xor("m", "x") + _and("g", "j") + user("A", "B"),
        "s m g A j x",
        "g B j",
        "x m: again",
        "x e: not again",
    ),
    _p("a reminder", user("A", "B") + boundary("b", "A", timer("PT1H"), interrupting=False), "s A e", "b B e"),
    _p("a deadline", user("A", "B", "C") + boundary("b", "A", timer("PT1H")), "s A C e", "b B C"),
    _p("the first wins", _and("g") + user("A", "B") + _xor("m") + end("t", TERMINATE), "s g A m t", "g B m"),
    _p(
        "terminated while one waits",
        _and("g", "j") + user("A", "B", "C") + _xor("x") + end("t", TERMINATE),
        "s g A j e",
        "g B x",
        "x j: y",
        "x C: not y",
        "C t",
    ),
    _p(
        "a way out by an error",
        sub(
            "S",
            _and("g", "j") + user("A", "B") + _xor("x") + end("z", ERROR),
            "Ss g A j",
            "g B x",
            "x j: y",
            "x z: not y",
        )
        + user("C")
        + boundary("b", "S", ERROR),
        "s S e",
        "b C e",
    ),
    _p(
        "one question, asked of two branches",
        _and("p", "j") + _xor("g", "h") + user("A", "B", "C", "D"),
        "s p A g",
        "p B h",
        "g j: x",
        "g C: not x",
        "h j: x",
        "h D: not x",
        "C e",
        "D e",
        "j e",
    ),
    _p(
        "events",
        node("eventBasedGateway", "g") + _catch("a", MESSAGE) + _catch("b", OTHER) + _xor("j"),
        "s g a j e",
        "g b j",
    ),
    _p(
        "waiting until it is broken off",
        sub("S", _xor("m") + user("A"), "Ss m A m") + boundary("b", "S", MESSAGE),
        "s S e",
        "b e",
    ),
    _p(
        "20 branches",
        _and("g", "j") + user(*(f"A{n}" for n in range(20))),
        "s g",
        "j e",
        *(f"g A{n} j" for n in range(20)),
    ),
]
