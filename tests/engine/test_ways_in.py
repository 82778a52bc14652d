"""The events that open a case (BPMN 2.0.2 §10.5.2, §10.6.6, §13.2): which of them happened, and what else has to."""

from __future__ import annotations

from typing import Any

import pytest

from service.engine.checks import examine
from service.engine.parser import Definition
from service.engine.workflow import Workflow
from tests.engine.diagrams import NOW, flows, node, package, process, restarted, script, user, written
from tests.engine.drawn import errors

ROOTS = (
    '<message id="order" name="order"/><message id="paid" name="paid"/><signal id="day" name="day"/>'
    '<collaboration id="talk"><conversation id="c"><correlationKey id="k">'
    "<correlationPropertyRef>number</correlationPropertyRef></correlationKey></conversation></collaboration>"
    '<correlationProperty id="number">'
    '<correlationPropertyRetrievalExpression messageRef="order"><messagePath>id</messagePath>'
    "</correlationPropertyRetrievalExpression>"
    '<correlationPropertyRetrievalExpression messageRef="paid"><messagePath>order</messagePath>'
    "</correlationPropertyRetrievalExpression></correlationProperty>"
)
ORDER, PAID, DAY = (
    '<messageEventDefinition messageRef="order"/>',
    '<messageEventDefinition messageRef="paid"/>',
    '<signalEventDefinition signalRef="day"/>',
)


def deployed(elements: str, *paths: str) -> Definition:
    drawn = f'<process id="p" isExecutable="true">{elements}<endEvent id="e"/>{flows(*paths)}</process>'
    return package(drawn, roots=ROOTS).definitions["p"]


def gateway(**said: str) -> Definition:
    """An instantiating gateway with two messages behind it, each with a task of its own."""
    events = node("intermediateCatchEvent", "o", ORDER) + node("intermediateCatchEvent", "m", PAID)
    elements = node("eventBasedGateway", "g", instantiate="true", **said) + events + user("A", "B")
    return deployed(elements, "g o A e", "g m B e")


def begun(definition: Definition, element: str, name: str, **payload: Any) -> Workflow:
    return Workflow.start(definition, {}, now=NOW, start_event=element, event_name=name, payload=payload)


def reloaded(workflow: Workflow) -> Workflow:
    return restarted(workflow)


def tasks(workflow: Workflow) -> list[str]:
    return sorted(task.element_id for task in workflow.open_work().tasks)


def finish(workflow: Workflow) -> None:
    for task in workflow.open_work().tasks:
        workflow.complete(task.activity_id)


def test_behind_an_exclusive_instantiating_gateway_one_event_is_enough() -> None:
    workflow = begun(gateway(), "m", "paid", order=7)

    finish(workflow)

    assert workflow.state == "completed"
    assert not workflow.deliver("order", {"id": 7})


@pytest.mark.parametrize("first", ["o", "m"])
def test_behind_a_parallel_instantiating_gateway_every_event_is_needed(first: str) -> None:
    named = {"o": ("order", {"id": 7}), "m": ("paid", {"order": 7})}
    other = "m" if first == "o" else "o"
    workflow = begun(gateway(eventGatewayType="Parallel"), first, named[first][0], **named[first][1])
    finish(workflow)
    half = reloaded(workflow)
    before = half.state

    taken = half.deliver(*named[other])
    finish(half)

    assert (before, taken, half.state) == ("active", True, "completed")


def test_the_other_events_of_a_parallel_gateway_are_correlated_to_the_case() -> None:
    workflow = reloaded(begun(gateway(eventGatewayType="Parallel"), "o", "order", id=7))

    wrong = workflow.deliver("paid", {"order": 8})
    [waits] = workflow.open_work().subscriptions

    assert not wrong
    assert (waits.event_name, waits.correlation) == ("paid", {"number": 7})
    assert workflow.deliver("paid", {"order": 7})


def test_a_parallel_gateway_shows_its_flows() -> None:
    workflow = begun(gateway(eventGatewayType="Parallel"), "o", "order", id=7)

    flowed = {happening.element_id for happening in workflow.take_happenings() if happening.what == "flowed"}

    assert {"f0_0_g_o", "f1_0_g_m"} <= flowed


def test_a_case_opened_by_hand_waits_for_every_event_of_a_parallel_gateway() -> None:
    workflow = Workflow.start(gateway(eventGatewayType="Parallel"), {}, now=NOW)

    assert workflow.deliver("order", {"id": 1}) and workflow.deliver("paid", {"order": 1})
    finish(workflow)

    assert workflow.state == "completed"


def test_a_parallel_gateway_in_the_middle_is_refused() -> None:
    events = node("intermediateCatchEvent", "o", ORDER) + node("intermediateCatchEvent", "m", PAID)
    elements = node("eventBasedGateway", "g", eventGatewayType="Parallel") + events

    found = examine({"test.bpmn": written(process(elements, "s g o e", "g m e"), roots=ROOTS)})

    assert errors(found) == ["g: A parallel event-based gateway has to begin the process (BPMN 2.0.2 §10.6.6)."]


def test_of_a_multiple_start_event_the_definition_that_happened_stores_its_payload() -> None:
    definitions = (
        '<messageEventDefinition messageRef="order" xmlns:case="urn:casewright:bpmn:1.0" case:messageVariable="o"/>'
        '<signalEventDefinition signalRef="day" xmlns:case="urn:casewright:bpmn:1.0" case:variableName="d"/>'
    )
    definition = deployed(node("startEvent", "s", definitions) + user("A"), "s A e")

    by_message, by_signal = begun(definition, "s", "order", id=1), begun(definition, "s", "day", number=2)

    assert dict(by_message.variables) == {"o": {"id": 1}}
    assert dict(by_signal.variables) == {"d": {"number": 2}}


def test_a_parallel_multiple_start_event_waits_for_all_its_definitions() -> None:
    definition = deployed(node("startEvent", "s", ORDER + PAID, parallelMultiple="true") + user("A"), "s A e")
    workflow = reloaded(begun(definition, "s", "paid", order=7, sum=3))
    early, waits = tasks(workflow), [wait.event_name for wait in workflow.open_work().subscriptions]

    wrong = workflow.deliver("order", {"id": 8})
    right = workflow.deliver("order", {"id": 7, "what": "tea"})

    assert (early, waits, wrong, right) == ([], ["order"], False, True)
    assert tasks(workflow) == ["A"]
    assert dict(workflow.variables) == {"order": 7, "sum": 3, "id": 7, "what": "tea"}


def test_the_keys_that_a_caller_gives_with_the_first_message_begin_the_conversation() -> None:
    elements = node("startEvent", "s", ORDER) + node("intermediateCatchEvent", "m", PAID)
    workflow = Workflow.start(
        deployed(elements, "s m e"),
        {},
        now=NOW,
        start_event="s",
        event_name="order",
        payload={},
        correlation={"number": 5},
    )

    [waits] = workflow.open_work().subscriptions

    assert waits.correlation == {"number": 5}


def test_a_process_may_have_several_ways_in_at_once() -> None:
    elements = (
        node("startEvent", "s1", ORDER) + node("startEvent", "s2", DAY) + script("by", "way = 1") + user("A", "B")
    )
    definition = deployed(elements, "s1 by A e", "s2 B e")

    assert tasks(begun(definition, "s1", "order", id=1)) == ["A"]
    assert tasks(begun(definition, "s2", "day")) == ["B"]
