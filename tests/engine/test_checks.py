"""What a deployment is told before anything runs: each mistake by element, line and what to write instead."""

from __future__ import annotations

import time

import pytest

from tests.engine.drawn import errors, examined, flow, told, warnings


def test_a_sound_process_is_told_nothing():
    inner = (
        '<startEvent id="s"/><userTask id="a" case:dueDate="PT2H"/><endEvent id="e"/>' + flow("s", "a") + flow("a", "e")
    )

    assert examined(inner) == []


def test_what_nothing_leads_to_is_told():
    inner = '<startEvent id="s"/><task id="a"/><task id="b"/><task id="c"/>' + flow("s", "a") + flow("b", "c")

    assert warnings(examined(inner)) == ["b: Nothing leads to it; it is never executed."]


def test_of_a_circle_that_nothing_leads_to_the_first_is_told():
    circle = flow("b", "c") + flow("c", "d") + flow("d", "c")
    inner = '<startEvent id="s"/><task id="a"/><task id="c"/><task id="d"/>' + flow("s", "a")

    led_to = [line for line in warnings(examined(inner + '<task id="b"/>' + circle)) if "Nothing leads" in line]
    alone = [line for line in warnings(examined(inner + flow("c", "d") + flow("d", "c"))) if "Nothing leads" in line]

    assert ([line[0] for line in led_to], [line[0] for line in alone]) == (["b"], ["c"])


def test_a_flow_that_leads_nowhere_is_told_once_with_what_was_meant():
    inner = (
        '<startEvent id="s"/><exclusiveGateway id="g" default="d"/><task id="Assess"/><task id="b"/>'
        + flow("s", "g")
        + flow("g", "Asess", more='id="d"')
        + flow("g", "b", "<conditionExpression>x</conditionExpression>")
    )

    [problem] = examined(inner)

    assert (problem.element_id, problem.advice) == ("d", "Did you mean “Assess”?")


def test_a_namespace_that_is_nearly_ours_is_told():
    [problem] = examined('<task id="a"/>', more='xmlns:c="urn:casewright:bpmn:1"')

    assert problem.advice == 'Write xmlns:case="urn:casewright:bpmn:1.0".'


def test_boundary_events_compensation_and_event_sub_processes_are_reached():
    inner = (
        '<startEvent id="s"/><task id="a"/><task id="b"/>'
        '<boundaryEvent id="t" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        "</timerEventDefinition></boundaryEvent>"
        '<boundaryEvent id="c" attachedToRef="a"><compensateEventDefinition/></boundaryEvent><task id="u"/>'
        '<subProcess id="ev" triggeredByEvent="true"><startEvent id="es"><signalEventDefinition signalRef="sig"/>'
        "</startEvent></subProcess>"
        + flow("s", "a")
        + flow("t", "b")
        + '<association id="as" sourceRef="c" targetRef="u" associationDirection="One"/>'
    )

    assert examined(inner, outside='<signal id="sig" name="Sig"/>') == []


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (
            '<startEvent id="s"/><task id="a"/>' + flow("s", "a") + flow("a", "s"),
            "A flow leads into “s”, a start event.",
        ),
        (
            '<startEvent id="s"/><endEvent id="e"/><task id="a"/>' + flow("s", "e") + flow("e", "a"),
            "A flow leaves “e”, an end event.",
        ),
        (
            '<startEvent id="s"/><subProcess id="x" triggeredByEvent="true"><startEvent id="t">'
            "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></startEvent></subProcess>"
            + flow("s", "x"),
            "A flow leads into “x”, an event sub-process.",
        ),
    ],
)
def test_flows_begin_and_end_where_bpmn_lets_them(inner, message):
    assert message in told(inner)


def test_behind_an_event_based_gateway_stand_events_only():
    caught = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    inner = (
        f'<startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="c">{caught}'
        "</intermediateCatchEvent>"
        '<userTask id="a"/>' + flow("s", "g") + flow("g", "c") + flow("g", "a")
    )

    assert told(inner) == "g-a: Behind an event-based gateway stands “a”, a userTask."


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ('<startEvent id="e"><cancelEventDefinition/></startEvent>', "A start event cannot be of kind cancel."),
        ('<startEvent id="e"><errorEventDefinition/></startEvent>', "A start event cannot be of kind error."),
        ('<endEvent id="e"><cancelEventDefinition/></endEvent>', "outside of a transaction"),
        ('<intermediateCatchEvent id="e"/>', "The event waits for nothing."),
        (
            '<intermediateCatchEvent id="e"><errorEventDefinition/></intermediateCatchEvent>',
            "An intermediate catch event cannot be of kind error.",
        ),
        (
            '<intermediateThrowEvent id="e"><compensateEventDefinition activityRef="gone"/></intermediateThrowEvent>',
            "“gone”, which is no activity",
        ),
        (
            '<task id="t"/><subProcess id="e" triggeredByEvent="true"><task id="a"/></subProcess>',
            "exactly one start event",
        ),
        (
            '<task id="t"/><subProcess id="e" triggeredByEvent="true"><startEvent id="a"/></subProcess>',
            "exactly one start event",
        ),
        ('<subProcess id="e"><startEvent id="a"/><startEvent id="b"/></subProcess>', "has 2 start events"),
        (
            '<subProcess id="x"><startEvent id="e"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
            "</timerEventDefinition></startEvent></subProcess>",
            "cannot wait for something",
        ),
        ('<adHocSubProcess id="x"><task id="a"/><endEvent id="e"/></adHocSubProcess>', "has no start and end events"),
        ('<adHocSubProcess id="e"/>', "holds no activity"),
        ('<serviceTask id="e"/>', "says no connector"),
        ('<businessRuleTask id="e"/>', "says no decision"),
    ],
)
def test_each_element_stands_where_it_may_and_has_what_it_needs(inner, message):
    found = told(inner)

    assert found.startswith("e: ") and message in found


def test_a_send_task_without_message_is_told_that_it_sends_nothing():
    assert warnings(examined('<sendTask id="a"/>')) == ["a: The send task sends nothing."]


@pytest.mark.parametrize(
    "inner",
    [
        '<choreographyTask id="e" initiatingParticipantRef="x"><participantRef>x</participantRef>'
        "<participantRef>y</participantRef><messageFlowRef>z</messageFlowRef></choreographyTask>",
        '<callChoreography id="e" initiatingParticipantRef="x"><participantRef>x</participantRef>'
        "<participantRef>y</participantRef></callChoreography>",
    ],
)
def test_choreographies_are_named(inner):
    assert any("is not executed" in found for found in errors(examined(f'<startEvent id="s"/>{inner}')))


def test_where_several_plain_starts_stand_it_is_told_which_begins():
    assert warnings(examined('<startEvent id="a"/><startEvent id="b"/>')) == ["b: Cases begin at “a”, never here."]


def chain(length: int) -> str:
    nodes = "".join(f'<task id="t{n}"/>' for n in range(length))
    return f'<startEvent id="s"/>{nodes}{flow("s", "t0")}' + "".join(
        flow(f"t{n}", f"t{n + 1}") for n in range(length - 1)
    )


def test_a_chain_of_thousands_is_read_and_checked_in_seconds():
    begin = time.process_time()

    assert examined(chain(4_900)) == []
    assert time.process_time() - begin < 5


def test_more_elements_than_the_budget_are_refused():
    assert "at most 5,000 run" in told(chain(5_001))


def test_sub_processes_nested_beyond_the_budget_are_refused():
    inner = "".join(f'<subProcess id="x{n}">' for n in range(40)) + '<task id="t"/>' + "</subProcess>" * 40

    assert "nested deeper than 30" in told(inner)


@pytest.mark.parametrize("repeats", ["multiInstanceLoopCharacteristics", "standardLoopCharacteristics", ""])
def test_a_compensation_activity_of_a_repeated_activity_is_told_to_run_once(repeats):
    loop = (
        f"<{repeats}/>" if repeats.startswith("s") else f"<{repeats}><loopCardinality>2</loopCardinality></{repeats}>"
    )
    inner = f'<userTask id="a">{loop if repeats else ""}</userTask><userTask id="u" isForCompensation="true"/>'
    inner += '<boundaryEvent id="c" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
    inner += '<association id="x" sourceRef="c" targetRef="u"/>'

    found = [text for text in warnings(examined(inner)) if text.startswith("c:")]

    told = (
        "c: Its compensation activity undoes all instances of “a” at once, as BPMN has it; Camunda 7 runs it for each."
    )
    assert found == ([told] if repeats else [])


def test_lanes_that_hold_nothing_or_what_is_not_there_are_told():
    lanes = (
        '<laneSet id="ls"><lane id="empty"/><lane id="lost"><flowNodeRef>gone</flowNodeRef></lane>'
        '<lane id="outer"><childLaneSet id="c"><lane id="inner"><flowNodeRef>s</flowNodeRef></lane></childLaneSet>'
        "</lane></laneSet>"
    )

    assert warnings(examined(lanes + '<startEvent id="s"/>')) == [
        "empty: The lane holds nothing.",
        "lost: The lane holds “gone”, which is not there.",
    ]
