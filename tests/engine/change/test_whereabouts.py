"""Where cases stand, in words and as ids on the diagrams of both versions."""

from __future__ import annotations

import pytest

from service.engine.change.marking import marking
from service.engine.change.whereabouts import whereabouts
from service.engine.parser import Definition
from tests.engine.change.pairs import many
from tests.engine.change.test_marking import walked
from tests.engine.change.versions import process, scope, version
from tests.engine.diagrams import node, timer
from tests.engine.with_events import MESSAGE

PARALLEL = version("s g A j", "g B C j", "j e", and_="g j")
CALLS = version(
    "s P e",
    more=node("callActivity", "P", calledElement="q"),
    called=process("s2 X e2", key="q"),
)
RACE = version(
    "s r",
    "r M e",
    "r W e",
    race="r",
    more=node("intermediateCatchEvent", "M", MESSAGE) + node("intermediateCatchEvent", "W", timer("PT1H")),
)


@pytest.mark.parametrize(
    ("definition", "steps", "words", "ids"),
    [
        (PARALLEL, "", "“A” and “B”", ("A", "B")),
        (PARALLEL, "A", "“B” and “j” (come from “A”)", ("B", "j")),
        (version("s B e", more=node("userTask", "B", many("3"))), "", "“B”", ("B",)),
        (version("s S e", more=scope("S", "sS X eS")), "", "“X”", ("X",)),
        (CALLS, "", "“X”", ("q:X",)),
        (RACE, "", "“M” or “W”", ("M", "W")),
    ],
)
def test_where_a_case_stands(definition: Definition, steps: str, words: str, ids: tuple[str, ...]) -> None:
    found = whereabouts(definition, definition, marking(walked(definition, steps).workflow))

    assert (found.words, found.before, found.after) == (words, ids, ids)


def test_where_it_would_stand_in_another_version() -> None:
    after = version("s g A j", "g D j", "j e", and_="g j")

    found = whereabouts(PARALLEL, after, marking(walked(PARALLEL).workflow))

    assert (found.before, found.after) == (("A", "B"), ("A",))
