"""What a deployment is told before anything runs: each mistake by element, line and what to write instead."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest

from service.engine.checks import examine
from service.engine.checks.attributes import PLACES
from service.engine.normalise.document import BPMN
from tests.engine.drawn import document, errors, examined, extended, flow, warnings

STAGES = extended('<case:stages><case:stage id="intake" name="Intake"/></case:stages>')


def told(inner: str, **parts: str) -> str:
    """The one error that refuses `inner`."""
    [found] = errors(examined(inner, **parts))
    return found


def test_a_sound_process_is_told_nothing():
    inner = (
        '<startEvent id="s"/><userTask id="a" case:dueDate="PT2H"/><endEvent id="e"/>' + flow("s", "a") + flow("a", "e")
    )

    assert examined(inner) == []


def test_what_nothing_leads_to_is_told():
    inner = '<startEvent id="s"/><task id="a"/><task id="b"/><task id="c"/>' + flow("s", "a") + flow("b", "c")

    assert warnings(examined(inner)) == [
        "b: Nothing leads to it; it is never executed.",
        "c: Nothing leads to it; it is never executed.",
    ]


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


def choice(condition: str) -> str:
    return (
        '<startEvent id="s"/><exclusiveGateway id="g" default="d"/><task id="a"/><task id="b"/>'
        + flow("s", "g")
        + flow("g", "a", f"<conditionExpression>{condition}</conditionExpression>", 'id="f"')
        + flow("g", "b", more='id="d"')
    )


@pytest.mark.parametrize(
    ("inner", "element"),
    [
        (choice("x &gt;"), "f"),
        (choice("= x &gt;"), "f"),
        (choice("x = 1"), "f"),
        ('<scriptTask id="a"><script>x = (1</script></scriptTask>', "a"),
        ('<scriptTask id="a"><script>= x +</script></scriptTask>', "a"),
        ('<userTask id="a" case:assignee="= ("/>', "a"),
        ('<userTask id="a" case:preScript="x ="/>', "a"),
        (
            '<userTask id="a">'
            + extended('<case:ioMapping><case:input source="1 +" target="x"/></case:ioMapping>')
            + "</userTask>",
            "a",
        ),
        (
            '<userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>3 +</loopCardinality>'
            "</multiInstanceLoopCharacteristics></userTask>",
            "a",
        ),
        (
            '<userTask id="a"><multiInstanceLoopCharacteristics><loopDataInputRef>= a[</loopDataInputRef>'
            "</multiInstanceLoopCharacteristics></userTask>",
            "a",
        ),
        (
            '<intermediateCatchEvent id="a"><timerEventDefinition><timeDuration>wait +</timeDuration>'
            "</timerEventDefinition></intermediateCatchEvent>",
            "a",
        ),
        (
            '<intermediateCatchEvent id="a"><conditionalEventDefinition><condition>x &gt;</condition>'
            "</conditionalEventDefinition></intermediateCatchEvent>",
            "a",
        ),
    ],
)
def test_every_text_that_cannot_be_read_is_named(inner, element):
    found = told(inner)

    assert found.startswith(f"{element}: ") and "cannot be read" in found


@pytest.mark.parametrize(
    ("condition", "advice"),
    [
        ("x = 1", "write =="),
        ("x === 1", "write =="),
        ("a &amp;&amp; b", "write and"),
        ("a || b", "write or"),
        ("!a", "write not"),
        ("approved == true", "Write True"),
        ("x != null", "Write None"),
        ("= x +", "what begins with = is FEEL"),
        ("x +", "otherwise as Python"),
    ],
)
def test_what_people_bring_from_other_languages_is_told_in_ours(condition, advice):
    [problem] = examined(choice(condition))

    assert problem.element_id == "f" and advice in problem.advice


def test_texts_and_attributes_outside_of_processes_are_checked():
    found = examined(
        '<startEvent id="s"/>',
        outside='<message id="m" name="go" case:corelationKey="x"/><correlationProperty id="k">'
        '<correlationPropertyRetrievalExpression messageRef="m"><messagePath>a +</messagePath>'
        "</correlationPropertyRetrievalExpression></correlationProperty>",
    )

    assert ["case:corelationKey is not known." in text or "cannot be read" in text for text in errors(found)] == [
        True
    ] * 2


def test_where_several_plain_starts_stand_it_is_told_which_begins():
    assert warnings(examined('<startEvent id="a"/><startEvent id="b"/>')) == ["b: Cases begin at “a”, never here."]


def test_a_python_script_fills_no_result_variable():
    script = '<scriptTask id="t" case:resultVariable="x"><script>x = 1</script></scriptTask>'

    assert warnings(examined(script)) == ["t: case:resultVariable has no effect with a Python script."]


@pytest.mark.parametrize(
    ("attributes", "message", "advice"),
    [
        ('case:asignee="ann"', "case:asignee is not known.", "Did you mean case:assignee?"),
        ('case:quux="1"', "case:quux is not known.", "See processes/README.md"),
        ('case:dueDate="2 days"', "is no duration or date", "PT48H"),
        ('case:dueDate="P"', "is no duration or date", "PT48H"),
        ('case:followUpDate="tomorrow"', "is no duration or date", "PT48H"),
        ('case:priority="high"', "is no priority", "0 to 100"),
        ('case:priority="101"', "is no priority", "0 to 100"),
        ('case:stage="intak"', "The process has no stage “intak”.", "Did you mean intake?"),
        ('case:stage="quux"', "The process has no stage “quux”.", "Declare it"),
        ('case:notDoneBy="Task_B, gone"', "names “gone”", "Name the id of a task."),
        ('case:notDoneBy="Task_b"', "names “Task_b”", "Did you mean Task_B?"),
        ('case:formKey="../../etc/passwd"', "is no key", "letters"),
    ],
)
def test_values_of_our_attributes_are_checked(attributes, message, advice):
    [problem] = examined(f'{STAGES}<userTask id="a" {attributes}/><userTask id="Task_B"/>')

    assert problem.element_id == "a" and message in problem.message
    assert advice in problem.advice


@pytest.mark.parametrize(
    ("activity", "message"),
    [
        ('<userTask id="a" case:maxRepetitions="0"/>', "is no number of repetitions"),
        ('<userTask id="a" case:required="yes"/>', "neither true nor false"),
        ('<userTask id="a" case:availableWhen="x +"/>', "cannot be read"),
    ],
)
def test_values_of_ad_hoc_activities_are_checked(activity, message):
    assert message in told(f'<adHocSubProcess id="h">{activity}</adHocSubProcess>')


def test_feel_and_good_values_pass():
    inner = (
        f'{STAGES}<userTask id="a" case:dueDate="= now()" case:priority="100" case:stage="intake" '
        'case:assignee="= initiator" case:formKey="claim-intake" case:notDoneBy="b"/><userTask id="b"/>'
        '<adHocSubProcess id="h"><userTask id="c" case:availableWhen="= report" case:maxRepetitions="2" '
        'case:required="true"/>'
        "</adHocSubProcess>"
    )

    assert examined(inner, process='case:numberPrefix="CLM" case:title="{x} · {y}" case:dueDate="P30D"') == []


def test_the_attributes_that_are_documented_are_those_that_are_known():
    readme = (Path(__file__).parents[2] / "processes" / "README.md").read_text()

    documented = set(re.findall(r"case:(\w+)(?:=|`)", readme)) - {"ioMapping", "input", "output"}

    assert documented == set(PLACES)


def test_an_attribute_in_the_wrong_place_is_told():
    found = examined('<userTask id="a" case:decisionRef="x" case:maxRepetitions="2"/>')

    assert warnings(found) == [
        "a: case:decisionRef has no effect on a userTask.",
        "a: case:maxRepetitions has no effect here.",
    ]


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<case:ioMaping/>", "<case:ioMaping> is not known."),
        ('<case:ioMapping><case:input target="x"/></case:ioMapping>', "needs a source and a target"),
        ('<case:ioMapping><case:input source="1" target="a b"/></case:ioMapping>', "is no variable's name"),
    ],
)
def test_our_own_elements_are_checked(inside, message):
    assert message in told(f'<userTask id="a">{extended(inside)}</userTask>')


def process(key: str, *calls: str, before: str = "") -> str:
    """A process that calls others, one after the other; with `before`, after a choice to end instead."""
    nodes = "".join(f'<callActivity id="{key}{n}" calledElement="{called}"/>' for n, called in enumerate(calls))
    chain = ["s", *(f"{key}{n}" for n in range(len(calls))), "e"]
    drawn = "".join(flow(*ends) for ends in pairwise(chain))
    if before:
        skip = flow("g", "e", "<conditionExpression>stop</conditionExpression>")
        drawn = drawn.replace('sourceRef="s"', 'sourceRef="g" id="d"') + flow("s", "g") + skip
        nodes += '<exclusiveGateway id="g" default="d"/>'
    return f'<process id="{key}"><startEvent id="s"/>{nodes}<endEvent id="e"/>{drawn}</process>'


def files(*processes: str) -> dict[str, bytes]:
    return {
        f"{n}.bpmn": f'<definitions xmlns="{BPMN}" targetNamespace="t">{inner}</definitions>'.encode()
        for n, inner in enumerate(processes)
    }


def test_processes_that_can_only_call_themselves_are_refused():
    assert errors(examine(files(process("p", "p")))) == [
        "p0: The process calls itself, on every way to its end: it would never end."
    ]


def test_circles_of_calls_are_found_across_files():
    found = errors(examine(files(process("p", "q"), process("q", "r"), process("r", "p"))))

    assert [text.split(":")[0] for text in found] == ["p0", "q0", "r0"]


def test_a_circle_that_can_be_left_is_told_only():
    found = examine(files(process("p", "q"), process("q", "p", before="a choice")))

    assert errors(found) == [] and len(warnings(found)) == 2


def test_a_circle_through_what_is_deployed_already_is_found():
    found = examine(files(process("p", "q")), called={"q": ["p"]})

    assert warnings(found) == ["p0: The process calls “q”, which calls “p” again."]


def test_the_same_process_in_two_files_is_refused():
    assert errors(examine(files(process("p"), process("p")))) == ["p: The process id “p” is also used in 0.bpmn."]


def test_files_in_which_nothing_runs_are_refused():
    assert errors(examined('<task id="t"/>', process='isExecutable="false"')) == [
        "None: No process of it can be executed."
    ]


def test_all_problems_of_all_files_come_at_once():
    found = examine({"a.bpmn": document('<serviceTask id="a"/><task id="a"/>'), "b.bpmn": b"<", "c.bpmn": b"<x/>"})

    assert {problem.file for problem in found} == {"a.bpmn", "b.bpmn", "c.bpmn"}
    assert all(problem.message and problem.advice for problem in found)
    assert all(problem.line for problem in found if problem.file != "b.bpmn")


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
