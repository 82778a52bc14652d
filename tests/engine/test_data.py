"""Data objects, inputs and outputs, associations, and data stores (BPMN 2.0.2 §10.4)."""

from __future__ import annotations

import pytest

from service.engine.work import What
from service.engine.workflow import Workflow
from tests.engine.diagrams import NOW, Case, node, package, process, run, script, user
from tests.engine.drawn import extended

STORE = '<dataStore id="ds" name="tariffs"/>'
STORED = '<dataStoreReference id="store" name="Tariffs" dataStoreRef="ds"/>'
OBJECT = (
    '<dataObject id="DataObject_1"/><dataObjectReference id="claim_ref" name="claim" dataObjectRef="DataObject_1"/>'
)
INPUT = '<ioSpecification><dataInput id="in1" name="given"/><inputSet/><outputSet/></ioSpecification>'
OUTPUT = '<ioSpecification><dataOutput id="out1" name="made"/><inputSet/><outputSet/></ioSpecification>'


def takes(source: str, target: str, inner: str = "") -> str:
    ends = f"<sourceRef>{source}</sourceRef><targetRef>{target}</targetRef>"
    return f"<dataInputAssociation>{ends}{inner}</dataInputAssociation>"


def gives(source: str, target: str, inner: str = "") -> str:
    said = f"<sourceRef>{source}</sourceRef>" if source else ""
    return f"<dataOutputAssociation>{said}<targetRef>{target}</targetRef>{inner}</dataOutputAssociation>"


def test_a_data_object_goes_into_an_activity_under_the_name_of_its_input() -> None:
    case = run(OBJECT + node("userTask", "A", INPUT + takes("claim_ref", "in1")), "s A e", claim={"amount": 3})

    [task] = case.workflow.open_work().tasks
    case.complete("A", given="changed inside")

    assert task.local == {"given": {"amount": 3}}
    assert case.variables == {"claim": {"amount": 3}}


def test_an_output_of_an_activity_goes_into_the_data_object() -> None:
    case = run(OBJECT + node("userTask", "A", OUTPUT + gives("out1", "claim_ref")) + user("B"), "s A B e")

    case.complete("A", made={"amount": 5})

    assert case.variables["claim"] == {"amount": 5}


def test_assignments_compute_what_is_passed() -> None:
    into = "<assignment><from>claim['amount'] * 2</from><to>doubled</to></assignment>"
    back = "<assignment><from>doubled + 1</from><to>result</to></assignment>"
    task = node("userTask", "A", takes("claim_ref", "x", into) + gives("", "claim_ref", back))
    case = run(OBJECT + task + user("B"), "s A B e", claim={"amount": 4})

    [open_task] = case.workflow.open_work().tasks
    case.complete("A")

    assert open_task.local == {"doubled": 8}
    assert case.variables == {"claim": {"amount": 4}, "result": 9}


def test_a_message_brings_its_payload_into_the_data_object() -> None:
    caught = '<dataOutput id="o" name="letter"/>' + gives("o", "claim_ref") + '<messageEventDefinition messageRef="m"/>'
    roots = '<message id="m" name="news"/>'
    case = run(OBJECT + node("intermediateCatchEvent", "c", caught) + user("A"), "s c A e", roots=roots)

    case.workflow.deliver("news", {"amount": 9})

    assert case.variables == {"claim": {"amount": 9}}


def test_an_activity_reads_a_data_store() -> None:
    task = node("userTask", "A", INPUT + takes("store", "in1"))
    definition = package(process(STORED + task, "s A e"), roots=STORE).definitions["p"]

    workflow = Workflow.start(definition, {}, now=NOW, stores={"tariffs": {"basic": 10}})

    assert workflow.open_work().tasks[0].local == {"given": {"basic": 10}}


def test_what_an_activity_writes_to_a_store_is_told_and_read_back_at_once() -> None:
    made = OUTPUT + gives("out1", "store") + "<script>made = 3</script>"
    writes = node("scriptTask", "S", made, scriptFormat="python")
    reads = node("userTask", "A", INPUT + takes("store", "in1"))
    case = run(STORED + writes + reads, "s S A e", roots=STORE)

    told = [item for item in case.workflow.take_happenings() if item.what is What.STORED]

    assert [item.details for item in told] == [{"store": "tariffs", "value": 3}]
    assert case.workflow.open_work().tasks[0].local == {"given": 3}


def test_only_mapped_outputs_leave_an_activity_that_maps_its_outputs() -> None:
    mapping = '<case:ioMapping><case:output source="answer * 2" target="kept"/></case:ioMapping>'
    task = node("userTask", "A", f"<extensionElements>{mapping}</extensionElements>")
    case = run(task + script("S", "seen = kept"), "s A S e")

    case.complete("A", answer=21, draft="not for the case")

    assert case.variables == {"kept": 42, "seen": 42}


ZEEBE, CAMUNDA = "http://camunda.org/schema/zeebe/1.0", "http://camunda.org/schema/1.0/bpmn"
MAPPINGS = [
    '<case:ioMapping><case:input source="{0}amount + 1" target="a"/><case:input source="{0}a * 10" target="b"/>'
    '<case:output source="{0}b + 1" target="c"/><case:output source="{0}c * 2" target="d"/></case:ioMapping>',
    f'<zeebe:ioMapping xmlns:zeebe="{ZEEBE}">'
    '<zeebe:input source="= amount + 1" target="a"/><zeebe:input source="= a * 10" target="b"/>'
    '<zeebe:output source="= b + 1" target="c"/><zeebe:output source="= c * 2" target="d"/></zeebe:ioMapping>',
    f'<camunda:inputOutput xmlns:camunda="{CAMUNDA}">'
    '<camunda:inputParameter name="a">${{amount + 1}}</camunda:inputParameter>'
    '<camunda:inputParameter name="b">${{a * 10}}</camunda:inputParameter>'
    '<camunda:outputParameter name="c">${{b + 1}}</camunda:outputParameter>'
    '<camunda:outputParameter name="d">${{c * 2}}</camunda:outputParameter></camunda:inputOutput>',
]


@pytest.mark.parametrize("mappings", [MAPPINGS[0].format(""), MAPPINGS[0].format("= "), *MAPPINGS[1:]])
@pytest.mark.parametrize("tag", ["userTask", "subProcess"])
def test_each_mapping_sees_those_before_it(tag: str, mappings: str) -> None:
    written = mappings.replace("{{", "{").replace("}}", "}")
    found = run(node(tag, "A", extended(written)), "s A e", amount=4)

    if tag == "userTask":
        assert found.workflow.visible(found.id_of("A"))["b"] == 50
        found.complete("A")

    assert found.variables == {"amount": 4, "c": 51, "d": 102}


def test_a_called_process_gets_and_gives_what_is_mapped_in_order() -> None:
    caller = node("callActivity", "C", extended(MAPPINGS[0].format("= ")), calledElement="q")
    called = process(script("T", "b = b + a"), "s T e", key="q")

    found = Case(package(process(caller, "s C e"), called).definitions["p"], amount=4)

    assert found.variables == {"amount": 4, "c": 56, "d": 112}
