"""Undoing what was done, and transactions (BPMN 2.0.2 §10.7, §13.5.5); each case is loaded again before every step."""

from __future__ import annotations

from tests.engine.diagrams import flows, node, script, user
from tests.engine.with_events import ERROR, UNDO, boundary, case, end, sub


def undone(host: str, *, handler: str = "") -> str:
    name = handler or f"undo{host}"
    return (
        boundary(f"c{host}", host, UNDO)
        + script(name, f"log = log + ['{host}']").replace("<scriptTask ", '<scriptTask isForCompensation="true" ')
        + f'<association id="a{host}" sourceRef="c{host}" targetRef="{name}" associationDirection="One"/>'
    )


def test_compensation_goes_into_completed_sub_processes_backwards() -> None:
    inner = user("A", "B") + undone("A") + undone("B")
    elements = sub("S", inner, "Ss A B") + user("C") + undone("C") + node("intermediateThrowEvent", "t", UNDO)
    found = case(elements, "s S C t e", log=[])

    for name in "ABC":
        found.complete(name)

    assert found.variables["log"] == ["C", "B", "A"]


def test_compensating_one_activity_leaves_the_others_and_does_it_once() -> None:
    throw = node("intermediateThrowEvent", "t", '<compensateEventDefinition activityRef="A"/>')
    again = node("intermediateThrowEvent", "u", '<compensateEventDefinition activityRef="A"/>')
    found = case(user("A", "B") + undone("A") + undone("B") + throw + again, "s A B t u e", log=[])

    found.complete("A")
    found.complete("B")

    assert found.variables["log"] == ["A"]


def test_an_activity_done_several_times_is_undone_as_often() -> None:
    elements = user("A") + undone("A") + node("exclusiveGateway", "g") + end("x", UNDO)
    found = case(elements, "s A g", "g A: again", "g x: not again", log=[])

    for again in (True, True, False):
        found.complete("A", again=again)

    assert found.variables["log"] == ["A"] * 3
    assert found.state == "completed"


def test_what_is_not_completed_is_not_undone() -> None:
    throw = node("intermediateThrowEvent", "t", UNDO)
    elements = user("A", "B", "G") + undone("A") + undone("B") + throw + node("parallelGateway", "g")
    found = case(elements, "s g A e", "g B e", "g G t e", log=[])
    found.complete("A")

    found.complete("G")

    assert found.variables["log"] == ["A"]
    assert found.open() == ["B"]


def test_a_compensation_event_sub_process_undoes_its_completed_sub_process() -> None:
    start = node("startEvent", "Rs", UNDO)
    handler = node("subProcess", "R", start + script("w", "log = log + ['S']") + flows("Rs w"), triggeredByEvent="true")
    throw = node("intermediateThrowEvent", "t", UNDO)
    found = case(sub("S", user("A") + handler, "Ss A") + throw, "s S t e", log=[])

    found.complete("A")

    assert found.variables["log"] == ["S"]


def test_a_handler_that_waits_for_a_person_is_waited_for() -> None:
    handler = '<userTask id="undo" isForCompensation="true"/><association id="a" sourceRef="c" targetRef="undo"/>'
    elements = user("A", "Z") + boundary("c", "A", UNDO) + handler + node("intermediateThrowEvent", "t", UNDO)
    found = case(elements, "s A t Z e")
    found.complete("A")
    during = found.open()

    found.complete("undo")

    assert (during, found.open()) == (["undo"], ["Z"])


def test_a_cancelled_transaction_undoes_in_reverse_and_leaves_by_its_cancel_event() -> None:
    cancel = "<cancelEventDefinition/>"
    inner = user("A", "B", "O") + undone("A") + undone("B") + end("x", cancel) + node("parallelGateway", "g")
    elements = (
        sub("T", inner, "Ts A B g", "g O", "g x", tag="transaction") + boundary("b", "T", cancel) + user("Z", "Y")
    )
    found = case(elements, "s T Y e", "b Z e", log=[])

    found.complete("A")
    found.complete("B")

    assert (found.open(), found.variables["log"]) == (["Z"], ["B", "A"])


def test_a_transaction_is_cancelled_from_a_sub_process_inside_it() -> None:
    cancel = "<cancelEventDefinition/>"
    inner = user("A") + undone("A") + sub("S", user("B") + end("x", cancel), "Ss B x")
    elements = sub("T", inner, "Ts A S", tag="transaction") + boundary("b", "T", cancel) + user("Z")
    found = case(elements, "s T e", "b Z e", log=[])

    found.complete("A")
    found.complete("B")

    assert (found.open(), found.variables["log"]) == (["Z"], ["A"])


def test_an_error_ends_a_transaction_without_undoing_anything() -> None:
    inner = user("A", "B") + undone("A") + end("x", ERROR)
    elements = sub("T", inner, "Ts A B x", tag="transaction") + boundary("b", "T", ERROR) + user("Z")
    found = case(elements, "s T e", "b Z e", log=[])

    found.complete("A")
    found.complete("B")

    assert (found.open(), found.variables["log"]) == (["Z"], [])


def test_a_completed_transaction_can_be_undone_from_outside() -> None:
    inner = user("A") + undone("A")
    throw = node("intermediateThrowEvent", "t", '<compensateEventDefinition activityRef="T"/>')
    found = case(sub("T", inner, "Ts A", tag="transaction") + user("B") + throw, "s T B t e", log=[])

    found.complete("A")
    found.complete("B")

    assert found.variables["log"] == ["A"]


def test_a_repeated_activity_is_undone_once_for_all_its_instances() -> None:
    """BPMN 2.0.2 §13.5.5: the compensation activity is triggered only once, and has to undo what all instances did."""
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    elements = node("userTask", "A", loop) + undone("A") + node("intermediateThrowEvent", "t", UNDO)
    found = case(elements, "s A t e", log=[])

    found.complete("A")
    found.complete("A")

    assert found.variables["log"] == ["A"]


def test_a_compensation_event_sub_process_inside_a_repeated_one_runs_for_each_instance_with_its_data() -> None:
    """BPMN 2.0.2 §13.5.5: for each instance the dedicated snapshot is restored."""
    loop = '<multiInstanceLoopCharacteristics isSequential="true"><loopDataInputRef>items</loopDataInputRef>'
    loop += '<inputDataItem id="item"/></multiInstanceLoopCharacteristics>'
    start = node("startEvent", "Rs", UNDO)
    undo = script("w", "log = log + [item + booked]")
    handler = node("subProcess", "R", start + undo + flows("Rs w"), triggeredByEvent="true")
    body = sub("S", loop + script("B", "booked = '-' + item") + handler, "Ss B")
    found = case(body + node("intermediateThrowEvent", "t", UNDO), "s S t e", log=[], items=["a", "b"])

    assert found.variables["log"] == ["b-b", "a-a"]
