"""Timers, conditions, scripts, events, data and loops: what a file leaves vague is settled, or named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.engine.checks import examine
from service.engine.definition import DataMapping
from service.engine.normalise import normalise
from service.engine.xml.document import tag
from tests.engine.drawn import document, element, errors, examined, flow, read, text, warnings


def timer(kind: str, said: str) -> str:
    return (
        f'<intermediateCatchEvent id="c"><timerEventDefinition><{kind}>{said}</{kind}></timerEventDefinition>'
        "</intermediateCatchEvent>"
    )


@pytest.mark.parametrize(
    ("kind", "said", "read_as"),
    [
        ("timeDuration", "PT1H", '"PT1H"'),
        ("timeDuration", "  P1DT12H\n", '"P1DT12H"'),
        ("timeDuration", "P2W", '"P2W"'),
        ("timeDuration", "PT0.5S", '"PT0.5S"'),
        ("timeDuration", '"PT1H"', '"PT1H"'),
        ("timeDuration", "'PT1H'", '"PT1H"'),
        ("timeDuration", "= duration(wait)", "= duration(wait)"),
        ("timeDuration", "wait", "wait"),
        ("timeDuration", "${wait}", "wait"),
        ("timeDuration", "PT${hours}H", '"PT" + str(hours) + "H"'),
        ("timeDate", "2026-01-01T00:00:00Z", '"2026-01-01T00:00:00Z"'),
        ("timeDate", "2026-01-01", '"2026-01-01"'),
        ("timeDate", "2026-01-01T00:00:00+02:00", '"2026-01-01T00:00:00+02:00"'),
        ("timeCycle", "R3/PT10M", '"R3/PT10M"'),
        ("timeCycle", "R/P1D", '"R/P1D"'),
        ("timeCycle", "R5/2026-01-01T00:00:00Z/PT1H", '"R5/2026-01-01T00:00:00Z/PT1H"'),
        ("timeCycle", "0 0/5 * * * ?", '"0 0/5 * * * ?"'),
        ("timeCycle", "'0 0 9 * * MON-FRI'", '"0 0 9 * * MON-FRI"'),
        ("timeCycle", "@daily", '"@daily"'),
        ("timeCycle", "now if x else y", "now if x else y"),
    ],
)
def test_timers_are_read_as_every_tool_writes_them(kind, said, read_as):
    model = read(timer(kind, said))

    assert text(model, kind) == [read_as]
    assert not model.problems


@pytest.mark.parametrize(
    ("kind", "said", "message"),
    [
        ("timeCycle", "0 0 9 * * 2", "has a number for a day of the week"),
        ("timeDuration", "'one hour'", "is no ISO 8601 duration"),
        ("timeDate", '"tomorrow"', "is no ISO 8601 date"),
        ("timeDuration", "", "The timer says no time."),
    ],
)
def test_other_times_are_refused_with_an_example(kind, said, message):
    [problem] = read(timer(kind, said)).problems

    assert message in problem.message and problem.element_id == "c"
    assert any(example in problem.advice for example in ("PT48H", "2026-", "R/"))


def test_a_timer_without_any_time_is_refused():
    model = read('<intermediateCatchEvent id="c"><timerEventDefinition/></intermediateCatchEvent>')

    assert errors(model.problems) == ["c: The timer says no time."]


def test_a_literal_in_the_wrong_element_is_moved_and_told():
    model = read(timer("timeDate", "PT5M"))

    assert (text(model, "timeDuration"), text(model, "timeDate")) == (['"PT5M"'], [])
    assert warnings(model.problems) == ["c: “PT5M” in timeDate is a duration, and treated as one."]


def choice(*flows: str, gateway: str = "exclusiveGateway", more: str = "") -> str:
    return (
        f'<startEvent id="s"/><{gateway} id="g" {more}/><task id="a"/><task id="b"/>' + flow("s", "g") + "".join(flows)
    )


def when(condition: str, more: str = "") -> str:
    return f'<conditionExpression xsi:type="tFormalExpression" {more}>{condition}</conditionExpression>'


@pytest.mark.parametrize(
    ("said", "more", "read_as"),
    [
        ("x &gt; 1", "", "x > 1"),
        ("= x &gt; 1", "", "= x > 1"),
        ("${x &gt; 1}", "", "x > 1"),
        ("x &gt; 1", 'language="juel"', "x > 1"),
        ("x &gt; 1", 'language="feel"', "= x > 1"),
        ("x &gt; 1", 'language="http://www.omg.org/spec/FEEL/20140401"', "= x > 1"),
        ("x &gt; 1", 'language="python"', "x > 1"),
        ("x &gt; 1", 'language="http://www.w3.org/1999/XPath"', "x > 1"),
        ("<![CDATA[x > 1 && y]]>", 'language="juel"', "(x > 1) and y"),
        ("true", "", "True"),
        ("false", "", "False"),
    ],
)
def test_conditions_come_in_our_languages(said, more, read_as):
    model = read(choice(flow("g", "a", when(said, more)), flow("g", "b", more='id="d"'), more='default="d"'))

    assert text(model, "conditionExpression") == [read_as]
    assert not model.problems


@pytest.mark.parametrize("language", ["groovy", "javascript", "http://www.java.com/java", "mvel"])
def test_conditions_in_other_languages_are_refused(language):
    said = when("x == 1", f'language="{language}"')
    model = read(choice(flow("g", "a", said, 'id="f"'), flow("g", "b", more='id="d"'), more='default="d"'))

    assert errors(model.problems) == [f"f: The condition is written in “{language}”."]


def test_one_flow_without_condition_is_the_default():
    model = read(choice(flow("g", "a", when("x")), flow("g", "b")))

    assert [gateway.get("default") for gateway in model.root.iter(tag("exclusiveGateway"))] == ["g-b"]
    assert warnings(model.problems) == ["g-b: The flow has no condition, and is taken when no other is."]


def test_several_flows_without_condition_are_refused_one_by_one():
    model = read(choice(flow("g", "a"), flow("g", "b", "<conditionExpression/>")))

    assert errors(model.problems) == [
        "g-a: The flow to “a” leaves the gateway “g” without a condition.",
        "g-b: The flow to “b” leaves the gateway “g” without a condition.",
    ]


def test_an_inclusive_gateway_takes_what_has_no_condition():
    model = read(choice(flow("g", "a", when("x")), flow("g", "b"), gateway="inclusiveGateway"))

    assert text(model, "conditionExpression") == ["x", "True"]


def test_the_default_flow_must_leave_its_gateway():
    model = read(choice(flow("g", "a", when("x")), flow("g", "b", when("y")), more='default="elsewhere"'))

    assert errors(model.problems) == ["g: The default flow “elsewhere” does not leave it."]


def test_the_condition_of_a_default_flow_is_told_to_be_vain():
    model = read(choice(flow("g", "a", when("x")), flow("g", "b", when("y"), 'id="d"'), more='default="d"'))

    assert text(model, "conditionExpression") == ["x"]
    assert warnings(model.problems) == ["d: The condition of a default flow has no effect."]


def test_conditions_behind_a_parallel_gateway_are_told_to_be_vain():
    model = read(choice(flow("g", "a", when("x")), flow("g", "b"), gateway="parallelGateway"))

    assert warnings(model.problems) == ["g-a: The condition has no effect behind a parallelGateway."]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('<scriptTask id="t" scriptFormat="groovy"><script>x</script></scriptTask>', "written in “groovy”"),
        ('<scriptTask id="t" camunda:resource="x.js"/>', "in another file"),
    ],
)
def test_scripts_that_cannot_run_are_refused(script, message):
    [problem] = errors(read(script).problems)

    assert problem.startswith("t: ") and message in problem


@pytest.mark.parametrize("script", ['<scriptTask id="t"/>', '<scriptTask id="t"><script> </script></scriptTask>'])
def test_a_script_task_without_script_does_nothing(script):
    model = read(script)

    assert errors(model.problems) == []
    assert warnings(model.problems) == ["t: The script task has no script, and does nothing."]


def test_scripts_keep_their_lines_and_indentation():
    model = read('<scriptTask id="t" scriptFormat="python"><script>if x:\n    y = 1</script></scriptTask>')

    assert text(model, "script") == ["if x:\n    y = 1"]


MESSAGE = '<message id="m" name="go"/>'


@pytest.mark.parametrize("kind", ["message", "signal", "error", "escalation"])
def test_references_to_nothing_name_what_there_is(kind):
    definition = f'<{kind}EventDefinition {kind}Ref="gone"/>'
    model = read(f'<endEvent id="e">{definition}</endEvent>', outside=f'<{kind} id="there" name="There"/>')

    [problem] = model.problems
    assert problem.message == f"It refers to the {kind} “gone”, which is not in the file."
    assert problem.advice == "Choose one of “there” (There)."
    assert problem.element_id == "e"


def test_a_message_event_without_message_takes_its_own_name():
    model = read('<endEvent id="e" name="Paid"><messageEventDefinition/></endEvent>')

    [message] = model.root.iter(tag("message"))
    [definition] = model.root.iter(tag("messageEventDefinition"))
    assert (message.get("name"), definition.get("messageRef")) == ("Paid", message.get("id"))
    assert warnings(model.problems) == ["e: The event says no message; “Paid” is taken."]


def test_an_event_without_message_and_name_is_refused():
    model = read('<endEvent id="e"><signalEventDefinition/></endEvent>')

    assert errors(model.problems) == ["e: The event says no signal."]


def test_a_receive_task_without_message_takes_its_own_name():
    model = read('<receiveTask id="r" name="Payment"/><receiveTask id="q"/>')

    assert sorted(message.get("name") for message in model.root.iter(tag("message"))) == ["Payment", "q"]
    assert warnings(model.problems) == [
        "r: The task says no message; “Payment” is taken.",
        "q: The task says no message; “q” is taken.",
    ]


@pytest.mark.parametrize(("kind", "code"), [("error", "errorCode"), ("escalation", "escalationCode")])
def test_errors_that_a_file_does_not_declare_are_known_by_their_references(kind, code):
    thrown = f'<endEvent id="e"><{kind}EventDefinition {kind}Ref="gone"/></endEvent>'
    caught = f'<boundaryEvent id="b" attachedToRef="t"><{kind}EventDefinition {kind}Ref="gone"/></boundaryEvent>'
    model = read(thrown + '<subProcess id="t"/>' + caught)

    assert errors(model.problems) == []
    assert [made.get(code) for made in model.root.iter(tag(kind))] == ["gone"]


def test_both_ends_of_a_message_flow_agree_on_its_message():
    model = read(
        '<endEvent id="e" name="Send"><messageEventDefinition/></endEvent>'
        '<startEvent id="s" name="Receive"><messageEventDefinition/></startEvent>',
        outside='<collaboration id="c"><participant id="pool" processRef="p"/>'
        '<messageFlow id="mf" name="Order" sourceRef="e" targetRef="s"/></collaboration>',
    )

    assert model.infos["p"].starts[0].name == "Order"
    assert [message.get("name") for message in model.root.iter(tag("message"))] == ["Order"]


def test_what_bpmn_io_draws_is_read_as_it_stands():
    name = "bpmn_io.bpmn"
    found = examine({name: (Path(__file__).parent / name).read_bytes()})
    process = normalise(name, (Path(__file__).parent / name).read_bytes()).elements["Process_1"]

    assert warnings(found) == [
        "Start_1: The event says no message; “Order” is taken.",
        "Send_1: The task says no message; “Confirm” is taken.",
    ]
    assert not errors(found)
    assert [process[node].lane for node in ("Task_1", "Send_1", "Sub_1")] == ["Clerks", "Lane_2", None]
    assert process["Task_1"].name == "Check order"


def test_prefixed_references_and_shared_definitions_are_found():
    model = read(
        '<startEvent id="s"><eventDefinitionRef>x:shared</eventDefinitionRef></startEvent>'
        '<endEvent id="e"><messageEventDefinition messageRef="x:m"/></endEvent>',
        outside=MESSAGE + '<messageEventDefinition id="shared" messageRef="m"/>',
        more='xmlns:x="t"',
    )

    assert model.infos["p"].starts[0].name == "go"
    assert not errors(model.problems)


def test_errors_without_code_have_their_id_for_one():
    model = read('<endEvent id="e"><errorEventDefinition errorRef="x"/></endEvent>', outside='<error id="x"/>')

    assert [error.get("errorCode") for error in model.root.iter(tag("error"))] == ["x"]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ('<boundaryEvent id="b" attachedToRef="gone"><cancelEventDefinition/></boundaryEvent>', "“gone”, which is no"),
        ('<boundaryEvent id="b" attachedToRef="g"><cancelEventDefinition/></boundaryEvent>', "“g”, which is no"),
        ('<boundaryEvent id="b" attachedToRef="a"/>', "waits for nothing"),
        ('<boundaryEvent id="b" attachedToRef="a"><cancelEventDefinition/></boundaryEvent>', "at a transaction only"),
        ('<boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>', "has no handler"),
    ],
)
def test_boundary_events_are_attached_to_an_activity_and_wait_for_something(event, message):
    model = read(f'<task id="a"/><exclusiveGateway id="g"/>{event}')

    assert message in errors(model.problems)[0] and errors(model.problems)[0].startswith("b: ")


def test_data_drawn_by_reference_only_gets_what_it_refers_to():
    model = read(
        '<dataObjectReference id="r" name="Invoice"/><dataStoreReference id="s" name="Books"/>'
        '<dataStoreReference id="s2" name="Books"/><userTask id="a"><property id="q"/>'
        '<dataInputAssociation id="i"><sourceRef>r</sourceRef><targetRef>q</targetRef>'
        "</dataInputAssociation></userTask>"
    )

    assert [found.get("name") for found in model.root.iter(tag("dataObject"))] == ["Invoice"]
    assert [found.get("name") for found in model.root.iter(tag("dataStore"))] == ["Books"]
    assert not model.problems


def test_data_from_nowhere_is_refused_and_foreign_data_told():
    model = read(
        '<property id="x" name="x"/><userTask id="a"><dataInputAssociation id="i"><sourceRef>gone</sourceRef>'
        "<targetRef>q</targetRef></dataInputAssociation><dataOutputAssociation><targetRef>x</targetRef></dataOutputAssociation></userTask>"
    )

    assert errors(model.problems) == ["a: Data comes from “gone”, which is not in the process."]
    assert warnings(model.problems) == ["a: The data association with “x”, a property, is not executed."]


def test_associations_with_variables_and_assignments_are_mappings():
    found = read(
        '<property id="v" name="claim"/><property id="w"/>'
        '<userTask id="a"><ioSpecification><dataInput id="i" name="x"/>'
        '<dataInput id="k" name="z"/><dataOutput id="o" name="y"/><inputSet/><outputSet/></ioSpecification>'
        "<dataInputAssociation><sourceRef>v</sourceRef><targetRef>i</targetRef></dataInputAssociation>"
        "<dataInputAssociation><targetRef>k</targetRef><assignment><from>${a + 1}</from><to>k</to></assignment>"
        "</dataInputAssociation>"
        "<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>w</targetRef></dataOutputAssociation></userTask>"
    ).elements["p"]["a"]

    assert found.inputs == (DataMapping("claim", "x"), DataMapping("a + 1", "z"))
    assert found.outputs == (DataMapping("y", "w"),)


@pytest.mark.parametrize("language", ["http://www.mvel.org/2.0", "http://www.java.com/java"])
def test_a_file_in_another_language_is_refused_text_by_text(language):
    inner = '<scriptTask id="t"><script>x = 1</script></scriptTask>' + choice(
        flow("g", "a", when("x == 1"), 'id="f"'), flow("g", "b", more='id="d"'), more='default="d"'
    )

    found = errors(read(inner, more=f'expressionLanguage="{language}"').problems)

    assert [text.split(":")[0] for text in found] == ["t", "f"]


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ("<multiInstanceLoopCharacteristics/>", "neither how many nor for which items"),
        (
            "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>"
            "<loopDataInputRef>x</loopDataInputRef></multiInstanceLoopCharacteristics>",
            "both how many and for which items",
        ),
        ("<standardLoopCharacteristics/>", "neither when nor how often"),
    ],
)
def test_loops_say_how_often(loop, message):
    assert message in errors(read(f'<task id="a">{loop}</task>').problems)[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('<callActivity id="c"/>', "says no process"),
        ('<callActivity id="c" calledElement="${which}"/>', "is an expression"),
    ],
)
def test_calls_name_a_process(call, message):
    assert message in errors(read(call).problems)[0]


def test_a_called_process_may_be_named_with_a_prefix():
    assert read('<callActivity id="c" calledElement="x:q"/>', more='xmlns:x="u"').infos["p"].calls == ("q",)


def test_against_the_schema_each_fault_is_named_by_line_and_element():
    model = read('<startEvent id="s"/>\n<subProcess id="x"><userTusk id="u"/></subProcess>\n<task id="t" nmae="x"/>')

    found = [(problem.line, problem.element_id, problem.advice) for problem in model.problems]
    assert found == [(2, "u", "Did you mean <userTask>?"), (3, "t", "Did you mean name?")]


def test_with_a_prefix_each_fault_is_named_by_line_and_element_too():
    inner = '<subProcess id="x"><task id="v"/>\n<userTusk id="u"/></subProcess>\n<task id="t" nmae="x"/>'
    prefixed = re.sub(rb"<(/?)", rb"<\1b:", document(inner)).replace(b"xmlns=", b"xmlns:b=")

    found = [(problem.line, problem.element_id) for problem in normalise("small.bpmn", prefixed).problems]

    assert found == [(2, "u"), (3, "t")]


def test_a_wrong_name_of_an_element_is_told_once_whatever_refers_to_it():
    inner = (
        '<startEvent id="s"/><usrTask id="u"/><boundaryEvent id="b" attachedToRef="u"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent><gatway id='g'/><endEvent id='e'/>"
        + flow("s", "u")
        + flow("u", "g")
        + flow("b", "g")
        + flow("g", "e")
    )

    assert [(problem.element_id, problem.message, problem.advice) for problem in examined(inner)] == [
        ("u", "BPMN has no element <usrTask>.", "Did you mean <userTask>?"),
        ("g", "BPMN has no element <gatway>.", "Remove it, or put what is not BPMN into extensionElements."),
    ]


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ('<task id="t" color="red"/>', ["t: BPMN knows no attribute color on a task; it has no effect."]),
        ('<dataStoreReference id="d" name="x" type="Json"/><task id="t"/>',
         ["d: BPMN knows no attribute type on a dataStoreReference; it has no effect."]),
        ('<task id="t"><x:note xmlns:x="urn:x"/></task>', ["t: <x:note> has no effect here."]),
    ],
)  # fmt: skip
def test_extras_that_the_schema_does_not_know_are_no_errors(inner, said):
    model = read(inner)

    assert errors(model.problems) == []
    assert warnings(model.problems) == said


def test_an_operation_without_messages_as_jbpm_writes_it_is_told_nothing():
    outside = '<interface id="i" name="org.X"><operation id="o" name="run" implementationRef="run"/></interface>'

    assert read('<task id="t"/>', outside=outside).problems == ()


def test_an_attribute_of_ours_without_its_prefix_is_refused_with_it():
    [problem] = read('<userTask id="t" assignee="ann"/>').problems

    assert (problem.element_id, problem.advice) == ("t", "Did you mean case:assignee?")


def test_an_id_that_is_used_often_is_told_once_with_all_its_lines():
    [problem] = read('<task id="t"/>\n<task id="t"/>\n<task id="t"/>').problems

    assert (problem.line, problem.message) == (2, "The id “t” is used 3 times: lines 1, 2, 3.")


def test_documentation_and_ids_of_any_kind_survive():
    found = element('<task id="Start" name=" Begin "><documentation>Why</documentation></task>')

    assert (found.id, found.name, found.documentation) == ("Start", "Begin", "Why")
