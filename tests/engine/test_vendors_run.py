"""Other tools' files, run: what they say happens, as it would there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.engine.parser import parse
from service.engine.workflow import Workflow
from tests.engine.drawn import document, errors, examined, extended, flow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = '<startEvent id="s"/>'


def begun(inner: str, variables: Mapping[str, Any], **parts: str) -> Workflow:
    """A workflow of the process that holds `inner`, which a deployment would accept."""
    assert errors(examined(inner, **parts)) == []
    package = parse({"small.bpmn": document(inner, **parts)})
    return Workflow.start(package.definitions["p"], variables, now=NOW)


def finish_all(workflow: Workflow, **data: Any) -> None:
    for task in workflow.open_work().tasks:
        workflow.complete(task.activity_id, data)


def test_camunda_assigns_and_dates_a_task():
    said = 'camunda:assignee="${who}" camunda:dueDate="${dateTime().plusDays(2)}" camunda:candidateGroups="x,${team}"'

    workflow = begun(f'{START}<userTask id="u" {said}/>' + flow("s", "u"), {"who": "ann", "team": "y"})

    [task] = workflow.open_work().tasks
    assert (task.assignee, task.candidate_groups) == ("ann", ("x", "y"))
    assert task.due_at == datetime(2026, 1, 3, tzinfo=UTC)


def test_who_opened_the_case_is_known_by_camundas_name():
    start = '<startEvent id="s" camunda:initiator="starter"/>'

    workflow = begun(
        f'{start}<userTask id="u" camunda:assignee="${{starter}}"/>' + flow("s", "u"), {"initiator": "ann"}
    )

    assert [task.assignee for task in workflow.open_work().tasks] == ["ann"]


def test_camunda_calls_a_process_with_what_it_names():
    call = extended(
        '<camunda:in variables="all"/><camunda:in source="a" target="b"/><camunda:out source="b" target="r"/>'
    )
    called = '<process id="q"><scriptTask id="t"><script>b = b + k + a</script></scriptTask></process>'
    inner = f'{START}<callActivity id="c" calledElement="q">{call}</callActivity><userTask id="u"/>'

    workflow = begun(inner + flow("s", "c") + flow("c", "u"), {"a": 1, "k": 2}, outside=called)

    assert workflow.variables == {"a": 1, "k": 2, "r": 4}


def test_camunda_computes_in_a_service_task():
    inner = f'{START}<serviceTask id="c" camunda:expression="${{a + 1}}" camunda:resultVariable="r"/><userTask id="u"/>'

    assert begun(inner + flow("s", "c") + flow("c", "u"), {"a": 1}).variables["r"] == 2


def test_camunda_maps_what_goes_in_and_out():
    mapped = extended(
        '<camunda:inputOutput><camunda:inputParameter name="x">${a}</camunda:inputParameter>'
        '<camunda:outputParameter name="y">${z}</camunda:outputParameter></camunda:inputOutput>'
    )
    workflow = begun(
        f'{START}<userTask id="u">{mapped}</userTask><userTask id="v"/>' + flow("s", "u") + flow("u", "v"), {"a": 5}
    )
    [task] = workflow.open_work().tasks

    finish_all(workflow, z=9)

    assert task.local == {"x": 5}
    assert workflow.variables == {"a": 5, "y": 9}


def test_camunda_repeats_over_a_collection():
    loop = 'isSequential="true" camunda:collection="${order.lines}" camunda:elementVariable="line"'
    inner = f'{START}<userTask id="u"><multiInstanceLoopCharacteristics {loop}/></userTask>' + flow("s", "u")

    workflow = begun(inner, {"order": {"lines": ["a", "b"]}})

    assert [task.local["line"] for task in workflow.open_work().tasks] == ["a"]


def test_camunda_8_computes_and_collects():
    script = extended('<zeebe:script expression="= a + 1" resultVariable="z"/>')
    loop = extended(
        '<zeebe:loopCharacteristics inputCollection="= items" inputElement="it" outputCollection="res" '
        'outputElement="= it * 2"/>'
    )
    inner = (
        f'{START}<scriptTask id="t">{script}</scriptTask><userTask id="v"><multiInstanceLoopCharacteristics>{loop}'
        '</multiInstanceLoopCharacteristics></userTask><userTask id="w"/>'
    )
    workflow = begun(inner + flow("s", "t") + flow("t", "v") + flow("v", "w"), {"a": 1, "items": [3, 4]})

    finish_all(workflow)

    assert workflow.variables == {"a": 1, "items": [3, 4], "z": 2, "res": [6, 8]}


def test_camunda_8_waits_for_a_message_with_a_key():
    subscribed = extended('<zeebe:subscription correlationKey="= orderId"/>')
    message = f'<message id="m" name="paid">{subscribed}</message>'

    workflow = begun(f'{START}<receiveTask id="r" messageRef="m"/>' + flow("s", "r"), {"orderId": 7}, outside=message)

    [waiting] = workflow.open_work().subscriptions
    assert (waiting.event_name, dict(waiting.correlation)) == ("paid", {"correlationKey": 7})


def test_spiffworkflow_runs_scripts_around_a_task():
    scripts = extended("<spiff:preScript>x = a + 1</spiff:preScript><spiff:postScript>y = x * 2</spiff:postScript>")
    workflow = begun(
        f'{START}<userTask id="u">{scripts}</userTask><userTask id="v"/>' + flow("s", "u") + flow("u", "v"), {"a": 1}
    )

    finish_all(workflow)

    assert workflow.variables == {"a": 1, "x": 2, "y": 4}


def test_a_timer_is_put_together_from_text_and_variable():
    timer = "<timerEventDefinition><timeDuration>PT${hours}H</timeDuration></timerEventDefinition>"

    workflow = begun(
        f'{START}<intermediateCatchEvent id="c">{timer}</intermediateCatchEvent>' + flow("s", "c"), {"hours": 3}
    )

    assert [due.due_at for due in workflow.open_work().timers] == [datetime(2026, 1, 1, 3, tzinfo=UTC)]


@pytest.mark.parametrize(("said", "left"), [('cycle(3, duration("PT1H"))', 3), ('cycle(duration("PT1H"))', None)])
def test_camunda_8_repeats_a_timer_by_its_own_function(said: str, left: int | None):
    event = f"<timerEventDefinition><timeCycle>= {said}</timeCycle></timerEventDefinition>"
    inner = f'<boundaryEvent id="b" attachedToRef="u" cancelActivity="false">{event}</boundaryEvent><endEvent id="e"/>'

    workflow = begun(f'{START}<userTask id="u"/>{inner}' + flow("s", "u") + flow("b", "e"), {})

    [timer] = workflow.open_work().timers
    assert (timer.due_at, timer.cycles_left) == (datetime(2026, 1, 1, 1, tzinfo=UTC), left)


def test_flowables_http_task_becomes_our_connector():
    fields = {"requestMethod": "POST", "requestUrl": "https://example.com/${no}", "responseVariableName": "answer"}
    said = extended(
        "".join(
            f'<flowable:field name="{name}"><flowable:string>{text}</flowable:string></flowable:field>'
            for name, text in fields.items()
        )
    )
    inner = f'{START}<serviceTask id="t" flowable:type="http">{said}</serviceTask><userTask id="u"/>'
    workflow = begun(inner + flow("s", "t") + flow("t", "u"), {"no": 7})
    [service] = workflow.open_work().services

    workflow.complete(service.activity_id, {"status": 200})

    assert (service.kind, service.inputs) == ("http", {"method": "POST", "url": "https://example.com/7"})
    assert workflow.variables["answer"] == {"status": 200}


@pytest.mark.parametrize(
    ("said", "days"), [("${now()+'P2D'}", 2), ("${now() - 'P1D'}", -1), ("${dateTime().plusDays(3).toDate()}", 3)]
)
def test_a_due_date_is_reckoned_from_now(said: str, days: int) -> None:
    workflow = begun(f'{START}<userTask id="u" camunda:dueDate="{said}"/>' + flow("s", "u"), {})

    assert workflow.open_work().tasks[0].due_at == NOW + timedelta(days=days)


def test_camunda_8_begins_the_activities_that_are_chosen():
    said = extended('<zeebe:adHoc activeElementsCollection="= chosen"/>')
    done = "<completionCondition>false</completionCondition>"
    inner = f'<adHocSubProcess id="h">{said}<userTask id="A"/><userTask id="B"/>{done}</adHocSubProcess>'

    workflow = begun(f"{START}{inner}" + flow("s", "h"), {"chosen": ["B"]})

    assert [task.element_id for task in workflow.open_work().tasks] == ["B"]


def test_jbpms_constants_are_no_expressions():
    given = (
        '<ioSpecification><dataInput id="i" name="TaskName"/><inputSet><dataInputRefs>i</dataInputRefs></inputSet>'
        "</ioSpecification><dataInputAssociation><targetRef>i</targetRef><assignment><from>Review it</from><to>i</to>"
        "</assignment></dataInputAssociation>"
    )
    language = 'expressionLanguage="http://www.mvel.org/2.0"'

    workflow = begun(f'{START}<userTask id="u">{given}</userTask>' + flow("s", "u"), {}, more=language)

    [task] = workflow.open_work().tasks
    assert task.local == {"TaskName": "Review it"}


def decision(policy: str, *columns: str) -> bytes:
    """A table of two rules, for x > 0 and x > 1, whose outputs are named after column and rule."""
    outputs = "".join(f'<output id="o_{name}" name="{name}" typeRef="string"/>' for name in columns)
    rules = "".join(
        f'<rule id="r{n}"><inputEntry id="i{n}"><text>&gt; {n}</text></inputEntry>'
        + "".join(f'<outputEntry id="e_{name}{n}"><text>"{name}{n}"</text></outputEntry>' for name in columns)
        + "</rule>"
        for n in range(2)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="f" name="f" namespace="urn:d">'
        f'<decision id="d" name="Decide"><decisionTable id="t" hitPolicy="{policy}"><input id="i">'
        f'<inputExpression id="x" typeRef="number"><text>x</text></inputExpression></input>{outputs}{rules}'
        "</decisionTable></decision></definitions>"
    ).encode()


@pytest.mark.parametrize(
    ("table", "x", "expected"),
    [
        (decision("FIRST", "a"), 5, {"a": "a0"}),
        (decision("FIRST", "a"), -1, {"a": None}),
        (decision("FIRST", "a", "b"), 5, {"a": "a0", "b": "b0"}),
        (decision("FIRST", "a", "b"), -1, {"a": None, "b": None}),
        (decision("COLLECT", "a"), 5, {"a": ["a0", "a1"]}),
        (decision("COLLECT", "a", "b"), 5, {"a": ["a0", "a1"], "b": ["b0", "b1"]}),
        (decision("RULE ORDER", "a", "b"), -1, {"a": [], "b": []}),
    ],
)
def test_a_decision_of_spiff_s_gives_each_output_under_its_own_name(
    table: bytes, x: int, expected: dict[str, Any]
) -> None:
    asks = (
        f'<businessRuleTask id="D">{extended("<spiff:calledDecisionId>d</spiff:calledDecisionId>")}</businessRuleTask>'
    )
    drawn = document(f'<startEvent id="s"/>{asks}{flow("s", "D")}', process='isExecutable="true"')

    found = Workflow.start(parse({"a.bpmn": drawn, "d.dmn": table}).definitions["p"], {"x": x}, now=NOW)

    assert found.variables == {"x": x, **expected}


def test_the_result_expression_of_camunda_8_makes_variables_of_the_answer():
    headers = "".join(
        f'<zeebe:header key="{key}" value="{value}"/>'
        for key, value in {
            "resultVariable": "answer",
            "resultExpression": "={rate: response.body.rate, ok: response.status = 200}",
        }.items()
    )
    task = extended(f'<zeebe:taskDefinition type="http"/><zeebe:taskHeaders>{headers}</zeebe:taskHeaders>')
    workflow = begun(f'{START}<serviceTask id="w">{task}</serviceTask>' + flow("s", "w"), {})
    [waits] = workflow.open_work().services
    answer = {"status": 200, "headers": {}, "body": {"rate": 3}}

    workflow.complete(waits.activity_id, answer)

    assert waits.wants_result
    assert workflow.variables == {"answer": answer, "rate": 3, "ok": True}
