"""What is stored: small, versioned, without the definition, and always read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.engine.errors import Unfit
from service.engine.state import snapshot
from service.engine.workflow import Workflow
from tests.engine.diagrams import NOW, Case, node, package, process, restarted, run, timer, user

KEPT = Path(__file__).parent / "snapshots"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def raw(data: Any) -> bytes:
    return zstandard.compress(json.dumps(data).encode())


def test_a_case_of_two_tasks_needs_less_than_a_kilobyte() -> None:
    reminder = timer("R3/PT10M", "timeCycle")
    guard = f'<boundaryEvent id="b" attachedToRef="A" cancelActivity="false">{reminder}</boundaryEvent>'
    case = run(user("A", "B", "H") + guard, "s A B e", "b H e", claimant="Ann Archer", amount=1200, damage="water")

    assert len(case.workflow.dump()) <= 1024


def test_the_definition_is_never_in_it() -> None:
    case = run(user("Assess", "Approve"), "s Assess Approve e")

    text = zstandard.decompress(case.workflow.dump()).decode()

    assert "Approve" not in text and "bpmn" not in text


def test_dumping_changes_nothing_and_is_repeatable() -> None:
    case = run(user("A", "B"), "s A B e", x=[1, {"y": None}])
    first = case.workflow.dump()

    again = Workflow.load(case.definition, first, case.workflow.variables, now=NOW)

    assert case.workflow.dump() == first == again.dump()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(min_size=1, max_size=8), JSON, max_size=5))
def test_any_json_comes_back_as_it_was_in_its_order(variables: dict[str, Any]) -> None:
    case = Case(package(process(user("A"), "s A e")).definitions["p"])
    case.workflow.set_variables(variables)

    again = restarted(case.workflow)

    assert json.dumps(again.variables) == json.dumps(variables)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        zstandard.compress(b"not json"),
        zstandard.compress(b"\xff\xfe"),
        raw([]),
        raw({}),
        raw({"v": 99}),
        raw({"v": "1"}),
        raw({"v": 1}),
        raw({"v": 1, "p": "p", "s": "active", "t": []}),
        raw({"v": 1, "p": "p", "s": "sleeping", "t": [["a", -1, " process", 32]]}),
        raw({"v": 1, "p": "p", "s": "active", "t": [["a", 5, " process", 32]]}),
        raw({"v": 1, "p": "p", "s": "active", "t": "many"}),
    ],
)
def test_what_is_no_snapshot_is_refused_cleanly(content: bytes) -> None:
    definition = package(process(user("A"), "s A e")).definitions["p"]

    with pytest.raises(Unfit):
        Workflow.load(definition, content, {}, now=NOW)


def test_a_snapshot_of_a_later_release_is_refused_with_its_version() -> None:
    with pytest.raises(Unfit, match="has the format 99; this release reads formats up to 2"):
        snapshot.read(raw({"v": 99}))


def test_an_old_format_is_upgraded_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(snapshot.UPGRADES, -1, lambda state: state | {"v": 0, "one": 1})
    monkeypatch.setitem(snapshot.UPGRADES, 0, lambda state: state | {"v": 2, "two": 2})

    assert snapshot.read(raw({"v": -1})) == {"v": 2, "one": 1, "two": 2}


def test_the_variables_are_not_in_it_also_when_it_is_of_a_release_that_stored_them_twice() -> None:
    case = run(user("A"), "s A e", secret="xyzzy")
    old = snapshot.read(case.workflow.dump())
    old["v"], old["t"][0] = 1, [*old["t"][0][:4], {"secret": "of before"}, *old["t"][0][5:]]

    again = Workflow.load(case.definition, raw(old), {"secret": "of the row"}, now=NOW)

    assert b"xyzzy" not in zstandard.decompress(case.workflow.dump())
    assert again.variables == {"secret": "of the row"}
    assert again.dump() == case.workflow.dump()


@pytest.mark.parametrize("file", sorted(KEPT.glob("*.snapshot")), ids=lambda file: file.stem)
def test_snapshots_of_earlier_releases_still_run(file: Path) -> None:
    """`make`d once per format by this module's `draw_kept`; never to be made anew."""
    case = draw_kept()
    case.workflow = Workflow.load(case.definition, file.read_bytes(), {"names": ["ann", "bob"]}, now=NOW)

    case.complete("A", x=1)
    case.advance(hours=2)
    while case.open():
        case.complete(case.open()[0])

    assert case.state == "completed"


def draw_kept() -> Case:
    """The case whose snapshot is kept for each format."""
    return Case(package(*kept_processes()).definitions["p"], names=["ann", "bob"])


def kept_processes() -> tuple[str, str]:
    """Its diagram: a timer, a join, a call, a multi-instance and a local item."""
    guard = f'<boundaryEvent id="b" attachedToRef="A" cancelActivity="false">{timer("PT1H")}</boundaryEvent>'
    loop = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>names</loopDataInputRef>"
        '<inputDataItem id="name" name="name"/></multiInstanceLoopCharacteristics>'
    )
    elements = user("A", "H") + guard + node("userTask", "M", loop) + node("callActivity", "C", calledElement="q")
    gateways = node("parallelGateway", "g") + node("parallelGateway", "j")
    main = process(elements + gateways, "s g A j", "g M j", "g C j e", "b H e")
    called = process(user("Q"), "s Q e", key="q")
    return main, called
