"""What a modification can be about: what stands in a case, what may be done with it, and where tokens may go."""

from __future__ import annotations

from service.engine.change.choices import stood, targets
from service.engine.change.modify import modify
from service.engine.change.steps import Kind, Step
from service.engine.errors import Unmovable
from tests.engine.change.test_modify import FORK, called, many, undone
from tests.engine.diagrams import Case, node, script, timer, user
from tests.engine.with_events import MESSAGE, OTHER, boundary, case, end, reaction, sub


def listed(found: Case) -> list[tuple[str, int, str, str]]:
    """Element, depth, kind, and what may be done."""
    return [(each.element, each.depth, each.kind, " ".join(each.may)) for each in stood(found.at_work())]


def test_what_stands_in_a_case_is_listed_with_what_hangs_on_it_and_in_it() -> None:
    guard = boundary("t", "S", timer("P1D")) + boundary("m1", "A", MESSAGE, interrupting=False)
    body = sub("S", user("B") + end("Se"), "Ss B Se") + reaction("R", OTHER, user("H") + end("re"), "Rs H re")
    found = case(FORK + user("A") + body + guard, "s f A j e", "f S j", "t e", "m1 e")
    found.complete("A")

    assert listed(found) == [
        ("S", 0, "sub-process", "skip again move take"),
        ("t", 1, "boundary event", "fire time take"),
        ("B", 1, "user task", "skip again move take"),
        ("j", 0, "parallel gateway that waits for other branches", "skip move take"),
        ("Rs", 0, "start event", "deliver take"),
    ]
    assert [each.awaits for each in stood(found.workflow)] == [None, None, None, None, "n"]


def test_instances_calls_and_what_failed() -> None:
    repeated = case(many() + user("B"), "s A B e", items=[1, 2])
    call = case(node("callActivity", "A", calledElement="q"), "s A e", called=called())
    broken = case(script("A", "x = 1 / 0"), "s A e")

    assert [each[:3] for each in listed(repeated)] == [
        ("A", 0, "user task, repeated"),
        ("A", 1, "instance 1 of a user task"),
        ("A", 1, "instance 2 of a user task"),
    ]
    assert [each[:3] for each in listed(call)] == [("A", 0, "call activity"), ("q:X", 1, "user task")]
    assert [(each.element, each.failed) for each in stood(broken.workflow)] == [("A", True)]


def test_each_thing_that_may_be_done_can_be_done() -> None:
    guard = boundary("t", "A", timer("P1D"), interrupting=False)
    wait = node("receiveTask", "W", messageRef="m") + node("intermediateCatchEvent", "c", timer("P1D"))
    fork = node("parallelGateway", "f") + user("A", "B", "L", "Z")
    found = case(fork + wait + guard, "s f A e", "f W e", "f c e", "f B e", "t L e", "Z e", "f Z")
    at = found.now.replace(year=2030)
    for each in stood(found.at_work()):
        for kind in each.may:
            to = "L" if kind is Kind.MOVE else None
            done = modify(found.workflow, [Step(kind, each.element, each.activity_id, to, at=at)])
            assert done.workflow.state == "active"


def test_where_tokens_may_go_is_where_they_can_be_put() -> None:
    """Every element is tried: those that are listed can be put, and no other."""
    body = sub("S", user("B") + end("Se"), "Ss B Se") + reaction("R", OTHER, user("H") + end("re"), "Rs H re")
    call = node("callActivity", "C", calledElement="q")
    found = case(user("A") + call + body + FORK, "s A C S f j e", "f j", called=called())
    for each in (found, undone()):
        names = {target.element for target in targets(each.at_work())}
        everything = {*each.definition.graph.task_specs, *each.definition.graph.flows, "q:X", "q:Y"}
        for name in everything:
            try:
                modify(each.workflow, [Step(Kind.PUT, name)])
            except Unmovable as refusal:
                if "wait" not in str(refusal) or "instead" in str(refusal):
                    assert name not in names, str(refusal)
            else:
                shown = name in each.definition.graph.flows or each.definition.graph.task_specs[name].drawn
                assert name in names or name in each.definition.graph.flows or not shown, name
    found.complete("A")
    assert {"q:X", "q:Y"} <= {target.element for target in targets(found.at_work())}
    assert any(each.kind == "as if it came from “f”" for each in targets(found.workflow))
