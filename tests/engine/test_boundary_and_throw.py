"""Events on activities, in the flow and at its end, where people draw them less often (BPMN 2.0.2 §10.5)."""

from __future__ import annotations

import pytest

from tests.engine.diagrams import node, timer, user
from tests.engine.with_events import (
    ANY_ERROR,
    ERROR,
    ESCALATION,
    MESSAGE,
    OTHER,
    SIGNAL,
    boundary,
    case,
    deliver,
    end,
    reaction,
    sub,
)


@pytest.mark.parametrize("first", ["m", "timer"])
def test_a_multiple_boundary_event_is_triggered_by_either(first: str) -> None:
    elements = user("A", "B") + boundary("b", "A", MESSAGE + timer("PT1H"))
    found = case(elements, "s A e", "b B e")

    if first == "m":
        deliver(found, "m")
    else:
        found.advance(hours=1)

    assert found.open() == ["B"]


def test_a_parallel_multiple_boundary_event_needs_all_and_starts_over() -> None:
    elements = user("A", "B") + boundary("b", "A", MESSAGE + OTHER, interrupting=False, parallelMultiple="true")
    found = case(elements + end("z"), "s A e", "b B z")

    counts = []
    for name in ("m", "m", "n", "n", "m"):
        deliver(found, name)
        counts.append(found.open().count("B"))

    assert counts == [0, 0, 1, 1, 2]


def test_a_boundary_event_on_a_receive_task_and_on_an_event_less_sub_process() -> None:
    receive = node("receiveTask", "W", messageRef="m")
    found = case(receive + boundary("b", "W", timer("PT1H")) + user("B"), "s W e", "b B e")

    found.advance(hours=1)

    assert found.open() == ["B"]
    assert not deliver(found, "m")


def test_the_boundary_event_of_a_repeated_task_belongs_to_all_its_instances() -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
    elements = node("userTask", "A", loop) + boundary("b", "A", MESSAGE) + user("B")
    found = case(elements, "s A e", "b B e")
    found.complete("A")

    deliver(found, "m")

    assert found.open() == ["B"]


def test_a_boundary_error_on_a_repeated_sub_process_ends_every_instance() -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
    inner = loop + user("A") + node("exclusiveGateway", "g") + end("x", ERROR) + end("y")
    elements = sub("S", inner, "Ss A g", "g x: bad", "g y: not bad") + boundary("b", "S", ERROR) + user("B")
    found = case(elements, "s S e", "b B e", bad=False)
    found.complete("A")

    found.complete("A", bad=True)

    assert found.open() == ["B"]


def test_an_error_boundary_without_a_code_catches_what_no_other_names() -> None:
    elements = node("serviceTask", "T", case_type="http") + user("B", "C")
    elements += boundary("any", "T", ANY_ERROR) + boundary("one", "T", ERROR)
    for code, expected in (("E1", ["C"]), ("E2", ["B"]), ("HTTP_404", ["B"])):
        found = case(elements, "s T e", "any B e", "one C e")

        waiting = found.id_of("T")
        found.at_work().throw_error(waiting, code)

        assert found.open() == expected


def test_a_boundary_conditional_sees_what_another_branch_writes() -> None:
    when = "<conditionalEventDefinition><condition>level &gt; 2</condition></conditionalEventDefinition>"
    elements = user("A", "P", "B") + boundary("b", "A", when) + node("parallelGateway", "g")
    found = case(elements, "s g A e", "g P e", "b B e")

    found.complete("P", level=3)

    assert found.open() == ["B"]


def test_a_boundary_event_that_leads_back_into_its_own_activity_waits_anew() -> None:
    found = case(user("A") + boundary("b", "A", timer("PT1H")), "s A e", "b A")
    first = found.id_of("A")

    found.advance(hours=1)

    assert found.open() == ["A"] and found.id_of("A") != first
    assert len(found.at_work().open_work().timers) == 1


def test_a_signal_boundary_and_a_signal_catch_both_hear_one_throw() -> None:
    throw = node("intermediateThrowEvent", "t", SIGNAL) + node("intermediateCatchEvent", "c", SIGNAL)
    elements = user("A", "B", "C", "G") + boundary("b", "A", SIGNAL) + throw + node("parallelGateway", "g")
    found = case(elements, "s g A e", "g c C e", "g G t e", "b B e")

    found.complete("G")

    assert found.open() == ["B", "C"]


def test_a_terminate_end_event_ends_its_own_instance_of_a_repeated_sub_process_only() -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    inner = loop + user("A", "B") + node("parallelGateway", "g") + end("x", "<terminateEventDefinition/>")
    found = case(sub("S", inner, "Ss g A x", "g B") + user("Z"), "s S Z e")

    found.complete("A")

    assert found.open() == ["A", "B"]
    found.complete("A")
    assert found.open() == ["Z"]


def test_a_terminate_end_event_in_an_event_sub_process_ends_that_only() -> None:
    reacts = reaction("R", MESSAGE, user("B", "C") + end("x", "<terminateEventDefinition/>"), "Rs B x", "Rs C")
    reacts = reacts.replace('isInterrupting="true"', 'isInterrupting="false"')
    found = case(user("A") + reacts, "s A e")
    deliver(found, "m")

    found.complete("B")

    assert found.open() == ["A"]


def test_several_link_throws_lead_to_one_catch_and_scopes_have_links_of_their_own() -> None:
    def links(mark: str) -> str:
        link = '<linkEventDefinition name="L"/>'
        throws = node("intermediateThrowEvent", f"t{mark}", link) + node("intermediateThrowEvent", f"u{mark}", link)
        return throws + node("intermediateCatchEvent", f"c{mark}", link)

    inner = links("2") + user("B") + node("exclusiveGateway", "h")
    elements = links("1") + sub("S", inner, "Ss h", "h t2: way == 1", "h u2: way != 1", "c2 B")
    found = case(elements + node("exclusiveGateway", "g"), "s g", "g t1: way == 1", "g u1: way != 1", "c1 S e", way=2)

    found.complete("B")

    assert found.state == "completed"


def test_a_multiple_throw_event_throws_everything_it_names() -> None:
    throw = node("intermediateThrowEvent", "t", SIGNAL + MESSAGE + ESCALATION)
    catch = node("intermediateCatchEvent", "c", SIGNAL) + node("intermediateCatchEvent", "d", MESSAGE)
    found = case(throw + catch + user("A", "G") + node("parallelGateway", "g"), "s g G t A e", "g c e", "g d e")

    found.complete("G")
    what = [str(happening.what) for happening in found.workflow.take_happenings()]

    assert found.open() == ["A"]
    assert {"signal sent", "escalated"} <= set(what)
    assert not found.at_work().open_work().subscriptions


def test_a_message_thrown_is_taken_by_one_receiver_of_the_same_case() -> None:
    throw = node("sendTask", "t", messageRef="m") + node("receiveTask", "r1", messageRef="m")
    elements = throw + node("receiveTask", "r2", messageRef="m") + user("A", "B", "G") + node("parallelGateway", "g")
    found = case(elements, "s g G t e", "g r1 A e", "g r2 B e")

    found.complete("G")

    assert found.open() == ["A"]


def test_a_condition_that_holds_already_lets_the_token_through() -> None:
    when = "<conditionalEventDefinition><condition>= ready</condition></conditionalEventDefinition>"

    found = case(node("intermediateCatchEvent", "c", when) + user("A"), "s c A e", ready=True)

    assert found.open() == ["A"]


def test_a_parallel_multiple_catch_event_waits_for_a_message_and_a_timer() -> None:
    catch = node("intermediateCatchEvent", "c", MESSAGE + timer("PT1H"), parallelMultiple="true")
    found = case(catch + user("A"), "s c A e")

    found.advance(hours=1)
    half = found.open()
    deliver(found, "m", x=1)

    assert (half, found.open(), found.variables["x"]) == ([], ["A"], 1)


def test_a_date_that_is_past_is_due_at_once() -> None:
    catch = node("intermediateCatchEvent", "c", timer("2020-01-01T00:00:00Z", "timeDate"))
    found = case(catch + user("A"), "s c A e")

    found.advance()

    assert found.open() == ["A"]


def test_an_intermediate_cycle_lets_the_token_through_once() -> None:
    catch = node("intermediateCatchEvent", "c", timer("R5/PT1H", "timeCycle"))
    found = case(catch + user("A"), "s c A e")

    found.advance(hours=9)

    assert found.open() == ["A"]
    assert not found.at_work().open_work().timers
