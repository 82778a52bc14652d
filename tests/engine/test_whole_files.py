"""Whole files as each tool writes them, prefixes, layout and all: deployed without an error, and run to their end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from service.engine.checks import examine
from service.engine.definition import Severity
from service.engine.parser import parse
from service.engine.work import OpenWork
from service.engine.workflow import Workflow
from tests.engine.diagrams import restarted

NOW = datetime(2026, 3, 27, 9, tzinfo=UTC)
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
DI = (
    '<bpmndi:BPMNDiagram id="D"><bpmndi:BPMNPlane id="P" bpmnElement="{0}"><bpmndi:BPMNShape id="{1}_di"'
    ' bpmnElement="{1}" {2}><dc:Bounds x="152" y="82" width="36" height="36"/><bpmndi:BPMNLabel/>'
    "</bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
)
SHAPES = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


class Running:
    """A case of the only process in a file, reloaded before every step."""

    def __init__(self, name: str, text: str, **variables: Any) -> None:
        files = {name: (XML + text).encode()}
        refused = [str(problem) for problem in examine(files) if problem.severity is Severity.ERROR]
        assert refused == []
        [self.definition] = parse(files).definitions.values()
        self.now = NOW
        self.workflow = Workflow.start(self.definition, variables, now=NOW)

    def work(self) -> OpenWork:
        self.workflow = restarted(self.workflow, now=self.now)
        return self.workflow.open_work()

    def open(self) -> list[str]:
        work = self.work()
        return sorted(item.element_id for item in (*work.tasks, *work.services))

    def complete(self, element_id: str, **data: Any) -> None:
        work = self.work()
        [found, *_] = [item for item in (*work.tasks, *work.services) if item.element_id == element_id]
        self.workflow.complete(found.activity_id, data)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)
        for timer in self.work().timers:
            if timer.due_at and timer.due_at <= self.now:
                self.workflow.fire(timer.timer_id)


def test_camunda_modeler_for_camunda_7() -> None:
    case = Running(
        "invoice.bpmn",
        f"""<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" {SHAPES}
  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
  id="Definitions_0qx1" targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler"
  exporterVersion="5.20.0" modeler:executionPlatform="Camunda Platform" modeler:executionPlatformVersion="7.20.0">
  <bpmn:process id="invoice" name="Invoice" isExecutable="true" camunda:historyTimeToLive="180">
    <bpmn:startEvent id="StartEvent_1" name="Invoice&#10;received" camunda:initiator="starter">
      <bpmn:outgoing>Flow_1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="Flow_1" sourceRef="StartEvent_1" targetRef="Activity_approve"/>
    <bpmn:userTask id="Activity_approve" name="Approve" camunda:formRef="f" camunda:formRefBinding="latest"
        camunda:candidateGroups="management" camunda:dueDate="${{dateTime().plusWeeks(1).toDate()}}">
      <bpmn:incoming>Flow_1</bpmn:incoming><bpmn:outgoing>Flow_2</bpmn:outgoing></bpmn:userTask>
    <bpmn:exclusiveGateway id="Gateway_ok" name="ok?" default="Flow_no"/>
    <bpmn:sequenceFlow id="Flow_2" sourceRef="Activity_approve" targetRef="Gateway_ok"/>
    <bpmn:sequenceFlow id="Flow_yes" name="yes" sourceRef="Gateway_ok" targetRef="Activity_pay">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">
        ${{approved &amp;&amp; amount &lt; 1000}}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="Flow_no" sourceRef="Gateway_ok" targetRef="Event_no"/>
    <bpmn:serviceTask id="Activity_pay" name="Pay" camunda:type="external" camunda:topic="http">
      <bpmn:extensionElements><camunda:inputOutput>
        <camunda:inputParameter name="url">https://bank/${{no}}</camunda:inputParameter>
        <camunda:outputParameter name="paid">${{true}}</camunda:outputParameter></camunda:inputOutput>
      </bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:endEvent id="Event_no"/><bpmn:endEvent id="Event_paid"/>
    <bpmn:sequenceFlow id="Flow_3" sourceRef="Activity_pay" targetRef="Event_paid"/>
    <bpmn:boundaryEvent id="Event_late" cancelActivity="false" attachedToRef="Activity_approve">
      <bpmn:outgoing>Flow_4</bpmn:outgoing><bpmn:timerEventDefinition id="T1">
        <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P3D</bpmn:timeDuration></bpmn:timerEventDefinition>
    </bpmn:boundaryEvent>
    <bpmn:userTask id="Activity_remind" camunda:assignee="${{starter}}"/>
    <bpmn:sequenceFlow id="Flow_4" sourceRef="Event_late" targetRef="Activity_remind"/>
    <bpmn:textAnnotation id="Note_1"><bpmn:text>see policy</bpmn:text></bpmn:textAnnotation>
    <bpmn:association id="Assoc_1" sourceRef="Activity_approve" targetRef="Note_1"/>
  </bpmn:process>{DI.format("invoice", "StartEvent_1", "")}</bpmn:definitions>""",
        amount=500,
        no="7",
        initiator="ann",
    )
    assert case.work().tasks[0].candidate_groups == ("management",)
    case.wait(days=4)
    assert case.open() == ["Activity_approve", "Activity_remind"]
    assert [task.assignee for task in case.work().tasks if task.element_id == "Activity_remind"] == ["ann"]

    case.complete("Activity_remind")
    case.complete("Activity_approve", approved=True)
    assert [service.inputs for service in case.work().services] == [{"url": "https://bank/7"}]
    case.complete("Activity_pay")

    assert (case.workflow.state, case.workflow.variables["paid"]) == ("completed", True)


def test_camunda_modeler_for_camunda_8() -> None:
    case = Running(
        "order.bpmn",
        f"""<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" {SHAPES}
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
  id="Definitions_1" targetNamespace="http://bpmn.io/schema/bpmn" modeler:executionPlatform="Camunda Cloud"
  modeler:executionPlatformVersion="8.6.0">
  <bpmn:process id="order" isExecutable="true"><bpmn:extensionElements><zeebe:versionTag value="v1"/>
    </bpmn:extensionElements>
    <bpmn:startEvent id="s"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:scriptTask id="sum"><bpmn:extensionElements>
      <zeebe:script expression="=sum(items.price)" resultVariable="total"/></bpmn:extensionElements></bpmn:scriptTask>
    <bpmn:exclusiveGateway id="g" default="f4"/>
    <bpmn:subProcess id="each"><bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:extensionElements>
        <zeebe:loopCharacteristics inputCollection="=items" inputElement="one"
            outputCollection="packed" outputElement="=box"/>
      </bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>
      <bpmn:startEvent id="es"/><bpmn:userTask id="pack"><bpmn:extensionElements><zeebe:userTask/>
        <zeebe:assignmentDefinition candidateGroups="=[&quot;packers&quot;]"/></bpmn:extensionElements>
          </bpmn:userTask>
      <bpmn:endEvent id="ee"/><bpmn:sequenceFlow id="e1" sourceRef="es" targetRef="pack"/>
      <bpmn:sequenceFlow id="e2" sourceRef="pack" targetRef="ee"/></bpmn:subProcess>
    <bpmn:intermediateCatchEvent id="paid"><bpmn:messageEventDefinition messageRef="Message_1"/>
      </bpmn:intermediateCatchEvent>
    <bpmn:endEvent id="e"><bpmn:terminateEventDefinition/></bpmn:endEvent><bpmn:endEvent id="small"/>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="sum"/>
      <bpmn:sequenceFlow id="f2" sourceRef="sum" targetRef="g"/>
    <bpmn:sequenceFlow id="f3" sourceRef="g" targetRef="each">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">
        =total &gt; 10 and not(is defined(no))</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f4" sourceRef="g" targetRef="small"/>
      <bpmn:sequenceFlow id="f5" sourceRef="each" targetRef="paid"/>
    <bpmn:sequenceFlow id="f6" sourceRef="paid" targetRef="e"/>
  </bpmn:process>
  <bpmn:message id="Message_1" name="money"><bpmn:extensionElements>
    <zeebe:subscription correlationKey="=orderId"/></bpmn:extensionElements></bpmn:message>
  {DI.format("order", "s", "")}</bpmn:definitions>""",
        items=[{"price": 8}, {"price": 9}],
        orderId="o-1",
    )
    case.complete("pack", box="A")
    assert case.open() == ["pack"]
    case.complete("pack", box="B")
    [waits] = case.work().subscriptions
    assert (waits.event_name, waits.correlation) == ("money", {"correlationKey": "o-1"})

    assert not case.workflow.deliver("money", {}, {"correlationKey": "o-2"})
    assert case.workflow.deliver("money", {"sum": 17}, {"correlationKey": "o-1"})

    assert case.workflow.state == "completed"
    assert case.workflow.variables["packed"] == ["A", "B"]
    assert (case.workflow.variables["total"], case.workflow.variables["sum"]) == (17, 17)


def test_flowable_design() -> None:
    case = Running(
        "holiday.bpmn20.xml",
        f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" {SHAPES}
  xmlns:flowable="http://flowable.org/bpmn" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  typeLanguage="http://www.w3.org/2001/XMLSchema" expressionLanguage="http://www.w3.org/1999/XPath"
  targetNamespace="http://www.flowable.org/processdef">
  <signal id="closed" name="Closed for ${{year}}" flowable:scope="global"/>
  <process id="holiday" name="Holiday" isExecutable="true">
    <documentation>Asks for days off.</documentation>
    <startEvent id="start" flowable:initiator="asker" flowable:formFieldValidation="true"/>
    <userTask id="sid-1" name="Decide" flowable:candidateGroups="managers" flowable:formKey="decide">
      <documentation>About ${{days}} days</documentation>
      <multiInstanceLoopCharacteristics isSequential="false" flowable:collection="managers"
          flowable:elementVariable="boss">
        <completionCondition>${{nrOfCompletedInstances &gt;= 2}}</completionCondition>
      </multiInstanceLoopCharacteristics>
    </userTask>
    <boundaryEvent id="sid-2" attachedToRef="sid-1" cancelActivity="true">
      <signalEventDefinition signalRef="closed"/></boundaryEvent>
    <userTask id="sid-3" flowable:assignee="${{asker}}"/>
    <scriptTask id="sid-4" scriptFormat="python"><script>left = 25 - days</script></scriptTask>
    <endEvent id="sid-5"/>
    <sequenceFlow sourceRef="start" targetRef="sid-1"/><sequenceFlow sourceRef="sid-1" targetRef="sid-4"/>
    <sequenceFlow sourceRef="sid-2" targetRef="sid-3"/><sequenceFlow sourceRef="sid-4" targetRef="sid-5"/>
    <sequenceFlow sourceRef="sid-3" targetRef="sid-5"/>
  </process></definitions>""",
        managers=["mia", "max", "moe"],
        days=5,
        year=2026,
        initiator="ann",
    )
    assert case.open() == ["sid-1"] * 3
    assert [waits.event_name for waits in case.work().subscriptions] == ["Closed for 2026"]

    case.complete("sid-1")
    case.complete("sid-1")

    assert (case.workflow.state, case.workflow.variables["left"]) == ("completed", 20)


def test_signavio() -> None:
    case = Running(
        "claim.bpmn",
        f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" {SHAPES}
            xmlns:signavio="http://www.signavio.com"
  exporter="Signavio Process Editor, http://www.signavio.com" exporterVersion="17.1" id="sid-d6f0"
  expressionLanguage="http://www.w3.org/1999/XPath" typeLanguage="http://www.w3.org/2001/XMLSchema"
  targetNamespace="http://www.signavio.com">
  <collaboration id="sid-c0"><extensionElements><signavio:signavioDiagramMetaData metaKey="x" metaValue=""/>
    </extensionElements>
    <participant id="sid-p1" name="Insurer" processRef="sid-8f"><extensionElements/></participant>
    <participant id="sid-p2" name="Customer"><extensionElements/></participant>
    <messageFlow id="sid-m1" sourceRef="sid-p2" targetRef="sid-s"/></collaboration>
  <process id="sid-8f" isClosed="false" isExecutable="true" name="Insurer" processType="None">
    <extensionElements/>
    <laneSet id="sid-ls"><lane id="sid-l1" name="Clerk"><flowNodeRef>sid-s</flowNodeRef>
      <flowNodeRef>sid-t</flowNodeRef></lane>
      <lane id="sid-l2" name="Manager"><flowNodeRef>sid-u</flowNodeRef></lane></laneSet>
    <startEvent id="sid-s" name=""><extensionElements>
      <signavio:signavioMetaData metaKey="bgcolor" metaValue="#ffffff"/>
      </extensionElements><outgoing>sid-f1</outgoing></startEvent>
    <task completionQuantity="1" id="sid-t" isForCompensation="false" name="Look" startQuantity="1">
      <incoming>sid-f1</incoming><outgoing>sid-f2</outgoing></task>
    <inclusiveGateway gatewayDirection="Diverging" id="sid-g" name=""><incoming>sid-f2</incoming></inclusiveGateway>
    <userTask completionQuantity="1" id="sid-u" implementation="webService"
        isForCompensation="false" name="Sign" startQuantity="1"/>
    <userTask completionQuantity="1" id="sid-v" name="File" startQuantity="1"/>
    <inclusiveGateway gatewayDirection="Converging" id="sid-h" name=""/>
    <endEvent id="sid-e" name="done"><incoming>sid-f7</incoming></endEvent>
    <sequenceFlow id="sid-f1" sourceRef="sid-s" targetRef="sid-t"/>
      <sequenceFlow id="sid-f2" sourceRef="sid-t" targetRef="sid-g"/>
    <sequenceFlow id="sid-f3" name="large" sourceRef="sid-g" targetRef="sid-u">
      <conditionExpression id="sid-x" xsi:type="tFormalExpression">amount &gt; 100</conditionExpression>
        </sequenceFlow>
    <sequenceFlow id="sid-f4" sourceRef="sid-g" targetRef="sid-v"/>
    <sequenceFlow id="sid-f5" sourceRef="sid-u" targetRef="sid-h"/>
      <sequenceFlow id="sid-f6" sourceRef="sid-v" targetRef="sid-h"/>
    <sequenceFlow id="sid-f7" sourceRef="sid-h" targetRef="sid-e"/>
  </process>{DI.format("sid-c0", "sid-s", "")}</definitions>""",
        amount=500,
    )
    assert {task.element_id: task.lane for task in case.work().tasks} == {"sid-u": "Manager", "sid-v": None}

    case.complete("sid-v")
    case.complete("sid-u")

    assert case.workflow.state == "completed"


def test_bpmn_io_with_colours_groups_and_a_change_of_clocks() -> None:
    colours = 'bioc:stroke="#0d4372" bioc:fill="#bbdefb" color:background-color="#bbdefb"'
    case = Running(
        "diagram.bpmn",
        f"""<bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL" {SHAPES}
  xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0"
      xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0"
  id="sample-diagram" targetNamespace="http://bpmn.io/schema/bpmn"
  xsi:schemaLocation="http://www.omg.org/spec/BPMN/20100524/MODEL BPMN20.xsd">
  <bpmn2:category id="Cat_1"><bpmn2:categoryValue id="CatV_1" value="Review"/></bpmn2:category>
  <bpmn2:process id="Process_1" isExecutable="true">
    <bpmn2:startEvent id="StartEvent_1"/>
    <bpmn2:intermediateCatchEvent id="Wait"><bpmn2:timerEventDefinition>
      <bpmn2:timeCycle xsi:type="bpmn2:tFormalExpression">R/2026-03-28T09:00[Europe/Berlin]/P1D</bpmn2:timeCycle>
    </bpmn2:timerEventDefinition></bpmn2:intermediateCatchEvent>
    <bpmn2:userTask id="Task"/>
    <bpmn2:boundaryEvent id="Again" attachedToRef="Task" cancelActivity="false"><bpmn2:timerEventDefinition>
      <bpmn2:timeCycle>R2/2026-03-29T09:00[Europe/Berlin]/P1D</bpmn2:timeCycle></bpmn2:timerEventDefinition>
        </bpmn2:boundaryEvent>
    <bpmn2:sequenceFlow id="a" sourceRef="StartEvent_1" targetRef="Wait"/>
    <bpmn2:sequenceFlow id="b" sourceRef="Wait" targetRef="Task"/>
    <bpmn2:sequenceFlow id="c" sourceRef="Again" targetRef="Told"/><bpmn2:endEvent id="Told"/>
    <bpmn2:group id="Group_1" categoryValueRef="CatV_1"/>
  </bpmn2:process>{DI.format("Process_1", "StartEvent_1", colours)}</bpmn2:definitions>""",
    )
    [waits] = case.work().timers
    assert waits.due_at == datetime(2026, 3, 28, 8, tzinfo=UTC)

    case.wait(days=1)
    [first] = case.work().timers
    case.wait(days=1)
    [second] = case.work().timers

    assert first.due_at == datetime(2026, 3, 29, 7, tzinfo=UTC)  # nine o'clock, after the clocks went forward
    assert second.due_at == datetime(2026, 3, 30, 7, tzinfo=UTC)
