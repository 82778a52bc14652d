"""Scripts before and after events and gateways; each case is loaded again before every step."""

from __future__ import annotations

import pytest

from tests.engine.diagrams import node, user
from tests.engine.with_events import MESSAGE, boundary, case, deliver

SCRIPTS = {"case_preScript": "log = log + ['before']", "case_postScript": "log = log + ['after ' + str(x)]"}
BOTH = ["before", "after 1"]


@pytest.mark.parametrize(
    ("elements", "paths", "at_first", "at_last"),
    [
        (node("intermediateThrowEvent", "t", **SCRIPTS), ["s t A"], BOTH, BOTH),
        (node("exclusiveGateway", "t", **SCRIPTS), ["s t A"], BOTH, BOTH),
        (node("parallelGateway", "g") + node("parallelGateway", "t", **SCRIPTS), ["s g t A", "g t"], BOTH, BOTH),
        (node("intermediateCatchEvent", "t", MESSAGE, **SCRIPTS), ["s t A"], ["before"], ["before", "after 2"]),
        (user("B") + boundary("t", "B", MESSAGE, **SCRIPTS), ["s B e", "t A"], [], ["before", "after 2"]),
    ],
)
def test_scripts_run_once_as_an_event_or_gateway_begins_and_ends(
    elements: str, paths: list[str], at_first: list[str], at_last: list[str]
) -> None:
    found = case(elements + user("A"), *paths, log=[], x=1)
    before = found.variables["log"]

    deliver(found, "m", x=2)

    assert (before, found.variables["log"], found.open()) == (at_first, at_last, ["A"])


def test_what_fails_after_a_script_is_tried_again_without_it() -> None:
    gateway = node("exclusiveGateway", "g", case_postScript="n = n + 1")
    found = case(gateway + user("A"), "s g", "g A: way > 0", n=0)

    found.at_work().mend({"way": 1})
    found.at_work().retry()

    assert (found.open(), found.variables["n"]) == (["A"], 1)
