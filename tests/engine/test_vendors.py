"""Other tools' attributes become ours where they mean the same, and are named where they do not."""

from __future__ import annotations

import pytest

from service.engine.definition import DataMapping
from tests.engine.drawn import element, errors, extended, read, text, warnings


@pytest.mark.parametrize("vendor", ["camunda", "flowable", "activiti"])
def test_attributes_of_people_and_dates_mean_the_same(vendor):
    said = {"assignee": "ann", "candidateUsers": "a,b", "candidateGroups": "x", "dueDate": "PT2H", "priority": "70"}

    model = read("<userTask id='a' " + " ".join(f"{vendor}:{name}='{value}'" for name, value in said.items()) + "/>")

    assert model.elements["p"]["a"].attributes == said
    assert not model.problems


def test_our_own_attribute_wins():
    assert element('<userTask id="a" camunda:assignee="bob" case:assignee="ann"/>').attributes == {"assignee": "ann"}


def test_expressions_in_attributes_become_feel():
    found = element('<userTask id="a" camunda:assignee="${order.owner}" case:candidateGroups="${team}"/>')

    assert found.attributes == {"assignee": "= order.owner", "candidateGroups": "= team"}


def test_an_expression_without_counterpart_is_refused_at_its_line():
    [problem] = read('\n\n<userTask id="a" name="Pay" camunda:assignee="${bean.find(x)}"/>').problems

    assert (problem.line, problem.element_id, problem.element_name) == (3, "a", "Pay")
    assert "find()" in problem.message and "FEEL" in problem.advice


@pytest.mark.parametrize(
    ("form_key", "ours"),
    [
        ("loan", "loan"),
        ("camunda-forms:deployment:forms/loan.form", "loan"),
        ("camunda-forms:bpmn:UserTask_1", "UserTask_1"),
        ("deployment:/forms/loan.form", "loan"),
        ("embedded:app:forms/loan.html", None),
        ("http://example.org/loan", None),
        ("loan.jsp", None),
    ],
)
def test_form_keys_name_forms_of_ours_or_are_reported(form_key, ours):
    model = read(f'<userTask id="a" camunda:formKey="{form_key}"/>')

    assert model.elements["p"]["a"].attributes.get("formKey") == ours
    assert bool(warnings(model.problems)) == (ours is None)


def test_starters_and_initiator():
    model = read(
        '<startEvent id="s" camunda:initiator="starter" camunda:formRef="open"/><userTask id="a"'
        ' camunda:assignee="${starter}"><multiInstanceLoopCharacteristics><loopCardinality>${starter.count}'
        "</loopCardinality></multiInstanceLoopCharacteristics></userTask>",
        process='camunda:candidateStarterGroups="clerks" camunda:historyTimeToLive="P30D"',
    )

    assert model.infos["p"].attributes == {"candidateStarterGroups": "clerks"}
    assert model.infos["p"].starts[0].form_key == "open"
    assert model.elements["p"]["a"].attributes == {"assignee": "= initiator"}
    assert text(model, "loopCardinality") == ['initiator["count"]']


def test_input_and_output_parameters_of_every_shape():
    found = element(
        '<userTask id="a">'
        + extended(
            "<camunda:inputOutput>"
            '<camunda:inputParameter name="v">${order.total}</camunda:inputParameter>'
            '<camunda:inputParameter name="t">a "text"</camunda:inputParameter>'
            '<camunda:inputParameter name="l"><camunda:list><camunda:value>a</camunda:value>'
            "<camunda:value>${b}</camunda:value></camunda:list></camunda:inputParameter>"
            '<camunda:inputParameter name="m"><camunda:map><camunda:entry key="k">${b}</camunda:entry></camunda:map>'
            "</camunda:inputParameter>"
            '<camunda:inputParameter name="s"><camunda:script scriptFormat="python">a + 1</camunda:script>'
            "</camunda:inputParameter>"
            '<camunda:outputParameter name="o">${v + 1}</camunda:outputParameter></camunda:inputOutput>'
        )
        + "</userTask>"
    )

    assert found.inputs == (
        DataMapping('order["total"]', "v"),
        DataMapping('"a \\"text\\""', "t"),
        DataMapping('["a", b]', "l"),
        DataMapping('{"k": b}', "m"),
        DataMapping("a + 1", "s"),
    )
    assert found.outputs == (DataMapping("v + 1", "o"),)


def test_a_parameter_in_another_language_is_refused():
    model = read(
        '<userTask id="a">'
        + extended(
            '<camunda:inputOutput><camunda:inputParameter name="s"><camunda:script scriptFormat="groovy">x'
            "</camunda:script>"
            "</camunda:inputParameter></camunda:inputOutput>"
        )
        + "</userTask>"
    )

    assert errors(model.problems) == ["a: The parameter “s” is computed by a groovy script."]


def test_what_a_call_activity_takes_and_gives_back():
    found = element(
        '<callActivity id="c" calledElement="q">'
        + extended(
            '<camunda:in variables="all"/><camunda:in source="a" target="b"/>'
            '<camunda:in sourceExpression="${x.y}" target="z"/><camunda:in businessKey="#{execution.key}"/>'
            '<camunda:out source="r" target="s"/>'
        )
        + "</callActivity>"
    )

    assert found.inputs == (DataMapping("*", "*"), DataMapping("a", "b"), DataMapping('x["y"]', "z"))
    assert found.outputs == (DataMapping("r", "s"),)


def test_multi_instance_over_a_collection():
    model = read(
        '<userTask id="a"><multiInstanceLoopCharacteristics camunda:collection="${order.lines}" '
        'camunda:elementVariable="line"><completionCondition>${nrOfCompletedInstances >= 2}</completionCondition>'
        "</multiInstanceLoopCharacteristics></userTask>"
    )

    assert text(model, "loopDataInputRef") == ['order["lines"]']
    assert text(model, "completionCondition") == ["nrOfCompletedInstances >= 2"]
    assert [item.get("name") for item in model.root.iter("{*}inputDataItem")] == ["line"]
    assert not model.problems


def test_external_tasks_connectors_and_computing_tasks():
    model = read(
        '<serviceTask id="e" camunda:type="external" camunda:topic="pay"/>'
        '<serviceTask id="c" camunda:expression="${a + 1}" camunda:resultVariable="r"/>'
        '<serviceTask id="h" flowable:type="http">'
        + extended('<flowable:field name="requestUrl"><flowable:string>http://x</flowable:string></flowable:field>')
        + "</serviceTask>"
    )
    found = model.elements["p"]

    assert [found[name].attributes.get("type") for name in "ech"] == ["pay", None, "http"]
    assert found["h"].inputs == (DataMapping('"http://x"', "url"),)
    assert (found["c"].type, text(model, "script")) == ("serviceTask", ["= a + 1"])
    assert not model.problems


def test_java_is_refused_and_listeners_are_reported():
    model = read(
        '<serviceTask id="j" camunda:class="org.example.Pay"/><userTask id="u">'
        + extended(
            '<camunda:taskListener class="org.example.Mail" event="create"/>'
            '<camunda:executionListener event="end"><camunda:script scriptFormat="python">done = 1</camunda:script>'
            "</camunda:executionListener>"
        )
        + "</userTask>"
    )

    assert errors(model.problems) == ["j: camunda:class names Java code, “org.example.Pay”, which is not executed."]
    assert warnings(model.problems) == ["u: camunda:taskListener on “create” (org.example.Mail) has no effect here."]
    assert model.elements["p"]["u"].attributes == {"postScript": "done = 1"}


def test_what_has_no_counterpart_is_named_with_its_line():
    model = read(
        '<userTask id="a"\n camunda:asyncBefore="true" camunda:exclusive="false" flowable:skipExpression="x"/>'
    )

    assert warnings(model.problems) == [
        "a: camunda:asyncBefore has no effect here.",
        "a: flowable:skipExpression has no effect here.",
    ]
    assert all(problem.line for problem in model.problems)


def test_camunda_8_user_tasks():
    found = element(
        '<userTask id="a">'
        + extended(
            '<zeebe:userTask/><zeebe:formDefinition formId="loan"/><zeebe:priorityDefinition priority="80"/>'
            '<zeebe:assignmentDefinition assignee="= initiator" candidateGroups="a, b"/>'
            '<zeebe:taskSchedule dueDate="= now()" followUpDate="P1D"/>'
            '<zeebe:ioMapping><zeebe:input source="= a" target="b"/>'
            '<zeebe:output source="text" target="c"/></zeebe:ioMapping>'
        )
        + "</userTask>"
    )

    assert found.attributes == {
        "formKey": "loan",
        "priority": "80",
        "assignee": "= initiator",
        "candidateGroups": "a, b",
        "dueDate": "= now()",
        "followUpDate": "P1D",
    }
    assert (found.inputs, found.outputs) == ((DataMapping("= a", "b"),), (DataMapping('"text"', "c"),))


def test_camunda_8_work_calls_decisions_and_scripts():
    model = read(
        '<serviceTask id="w">'
        + extended(
            '<zeebe:taskDefinition type="http" retries="3"/>'
            '<zeebe:taskHeaders><zeebe:header key="method" value="GET"/></zeebe:taskHeaders>'
        )
        + '</serviceTask><callActivity id="c">'
        + extended('<zeebe:calledElement processId="q" propagateAllChildVariables="true"/>')
        + '</callActivity><businessRuleTask id="d">'
        + extended('<zeebe:calledDecision decisionId="cover" resultVariable="r"/>')
        + '</businessRuleTask><scriptTask id="s">'
        + extended('<zeebe:script expression="= a + b" resultVariable="c"/>')
        + "</scriptTask>"
    )
    found = model.elements["p"]

    assert (found["w"].attributes, found["w"].inputs) == ({"type": "http"}, (DataMapping('"GET"', "method"),))
    assert (model.infos["p"].calls, found["c"].outputs) == (("q",), (DataMapping("*", "*"),))
    assert found["d"].attributes == {"decisionRef": "cover", "resultVariable": "r"}
    assert (found["s"].attributes, text(model, "script")) == ({"resultVariable": "c"}, ["= a + b"])
    assert not model.problems


@pytest.mark.parametrize(
    ("headers", "variable", "outputs"),
    [
        ({"resultVariable": "answer"}, "answer", ()),
        ({"resultExpression": "={rate: response.body.rate}"}, "response", (("={rate: response.body.rate}", "*"),)),
        (
            {"resultVariable": "answer", "resultExpression": "={rate: 1}", "errorExpression": "", "method": "GET"},
            "response",
            (("= response", "answer"), ("={rate: 1}", "*")),
        ),
    ],
)
def test_headers_of_a_connector_of_camunda_8_say_what_becomes_of_its_answer(headers, variable, outputs):
    written = "".join(f'<zeebe:header key="{key}" value="{value}"/>' for key, value in headers.items())
    found = element(
        '<serviceTask id="w">'
        + extended(f'<zeebe:taskDefinition type="http"/><zeebe:taskHeaders>{written}</zeebe:taskHeaders>')
        + "</serviceTask>"
    )

    assert found.attributes == {"type": "http", "resultVariable": variable}
    assert found.outputs == tuple(DataMapping(*each) for each in outputs)
    assert found.inputs == ((DataMapping('"GET"', "method"),) if "method" in headers else ())


def test_camunda_8_multi_instance_and_correlation():
    model = read(
        '<receiveTask id="a" messageRef="m"><multiInstanceLoopCharacteristics>'
        + extended(
            '<zeebe:loopCharacteristics inputCollection="= items" inputElement="item" outputCollection="results" '
            'outputElement="= item * 2"/>'
        )
        + "</multiInstanceLoopCharacteristics></receiveTask>",
        outside='<message id="m" name="go">' + extended('<zeebe:subscription correlationKey="= id"/>') + "</message>",
    )

    assert (text(model, "loopDataInputRef"), text(model, "loopDataOutputRef")) == (["items"], ["results"])
    [loop] = model.root.iter("{*}multiInstanceLoopCharacteristics")
    assert loop.get("{urn:casewright:bpmn:1.0}outputElement") == "= item * 2"
    assert model.elements["p"]["a"].attributes == {"correlationKey": "= id"}


def test_spiffworkflow_scripts_forms_and_instructions():
    model = read(
        '<userTask id="a">'
        + extended(
            "<spiff:preScript>x = 1</spiff:preScript><spiff:postScript>y = 2</spiff:postScript>"
            "<spiff:instructionsForEndUser>Do it</spiff:instructionsForEndUser><spiff:properties>"
            '<spiff:property name="formJsonSchemaFilename" value="loan-schema.json"/></spiff:properties>'
        )
        + '</userTask><businessRuleTask id="d">'
        + extended("<spiff:calledDecisionId>cover</spiff:calledDecisionId>")
        + '</businessRuleTask><serviceTask id="o">'
        + extended('<spiff:serviceTaskOperator id="http/Get"/>')
        + "</serviceTask>"
    )
    found = model.elements["p"]

    assert found["a"].attributes == {"preScript": "x = 1", "postScript": "y = 2", "formKey": "loan"}
    assert found["a"].documentation == "Do it"
    assert found["d"].attributes == {"decisionRef": "cover"}
    assert warnings(model.problems)[-1] == "o: The operator “http/Get” has no effect here."


def test_bpmn_has_a_way_of_its_own_to_say_who():
    found = element(
        '<userTask id="a"><potentialOwner id="x"><resourceAssignmentExpression>'
        "<formalExpression>user(ann), group(clerks), managers</formalExpression>"
        "</resourceAssignmentExpression></potentialOwner></userTask>"
    )

    assert found.attributes == {"candidateUsers": "ann", "candidateGroups": "clerks,managers"}


def test_what_a_vendor_says_of_a_process_that_does_not_run_is_no_problem():
    model = read('<serviceTask id="j" camunda:class="x.Y"/>', process='isExecutable="false"')

    assert not model.problems


def test_a_form_in_a_camunda_8_diagram_belongs_to_its_process():
    form = '<zeebe:userTaskForm id="ask">{"type": "default", "components": []}</zeebe:userTaskForm>'
    named = extended('<zeebe:formDefinition formKey="camunda-forms:bpmn:ask"/>')
    task = f'<userTask id="u">{named}</userTask>'
    model = read(extended(form) + task)

    assert model.forms == {"p.ask": ('{"type": "default", "components": []}', 1)}
    assert model.elements["p"]["u"].attributes["formKey"] == "p.ask"
    assert model.problems == ()


def test_feel_in_a_parameter_s_script_is_read():
    script = '<camunda:script scriptFormat="feel">{}</camunda:script>'
    parameters = "".join(
        f'<camunda:inputParameter name="{name}">{script.format(text)}</camunda:inputParameter>'
        for name, text in (("one", "a + 1"), ("two", "= a + 2"))
    )

    inputs = element(
        f"<task id='t'>{extended(f'<camunda:inputOutput>{parameters}</camunda:inputOutput>')}</task>"
    ).inputs

    assert [(given.source, given.target) for given in inputs] == [("= a + 1", "one"), ("= a + 2", "two")]
