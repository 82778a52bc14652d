"""The diagram in plain values: what pages, lists and operations need to know of it."""

from __future__ import annotations

import pytest

from service.engine.definition import DataMapping, Stage, StartEvent
from service.engine.normalise import normalise
from service.engine.xml.document import BPMN, CASE

CLAIM = f"""<?xml version="1.0" encoding="UTF-8"?>
<b:definitions xmlns:b="{BPMN}" xmlns:k="{CASE}" targetNamespace="urn:claims" xmlns:tns="urn:claims">
  <b:message id="m1" name="claim received"/>
  <b:collaboration id="c"><b:participant id="pool" name="Claims" processRef="tns:claim"/>
    <b:participant id="customer" name="Customer"/></b:collaboration>
  <b:process id="claim" isExecutable="true" k:numberPrefix="CLM" k:managerGroups="claim-managers">
    <b:documentation>How we settle claims.</b:documentation>
    <b:extensionElements><k:stages>
      <k:stage id="intake" name="Intake"/><k:stage id="decide"/></k:stages></b:extensionElements>
    <b:laneSet id="ls"><b:lane id="l1" name="Back office"><b:flowNodeRef>sub</b:flowNodeRef>
      <b:childLaneSet><b:lane id="l2" name="Experts"><b:flowNodeRef>assess</b:flowNodeRef></b:lane></b:childLaneSet>
    </b:lane></b:laneSet>
    <b:startEvent id="s1" k:formKey="claim-intake"/>
    <b:startEvent id="s2"><b:messageEventDefinition messageRef="tns:m1"/></b:startEvent>
    <b:startEvent id="s3">
      <b:timerEventDefinition><b:timeCycle>R/P1D</b:timeCycle></b:timerEventDefinition></b:startEvent>
    <b:userTask id="assess" name="Assess" k:formKey="assess" k:candidateGroups="experts" k:stage="decide">
      <b:documentation>Look at it.</b:documentation>
      <b:extensionElements><k:ioMapping><k:input source="= claim.amount" target="amount"/>
        <k:output source="amount * 2" target="twice"/></k:ioMapping></b:extensionElements>
    </b:userTask>
    <b:subProcess id="sub"><b:userTask id="inner" k:formKey="= formOf(claim)"/></b:subProcess>
    <b:businessRuleTask id="r" k:decisionRef="cover"/>
    <b:callActivity id="call" calledElement="payment"/>
    <b:sequenceFlow id="f" name="yes" sourceRef="s1" targetRef="assess"/>
  </b:process>
  <b:process id="outline" isExecutable="false"><b:task id="t"/></b:process>
  <b:process id="empty"/>
</b:definitions>"""


@pytest.fixture(scope="module")
def model():
    return normalise("claim.bpmn", CLAIM.encode())


def test_the_process_says_what_kind_of_case_it_is(model):
    info = model.infos["claim"]

    assert (info.key, info.name, info.documentation, info.executable) == (
        "claim",
        "Claims",
        "How we settle claims.",
        True,
    )
    assert dict(info.attributes) == {"numberPrefix": "CLM", "managerGroups": "claim-managers"}
    assert info.stages == (Stage("intake", "Intake"), Stage("decide", "decide"))


def test_the_ways_in_are_listed_with_their_forms(model):
    assert model.infos["claim"].starts == (
        StartEvent("s1", "none", None, "claim-intake"),
        StartEvent("s2", "message", "claim received"),
        StartEvent("s3", "timer", "R/P1D"),
    )


def test_forms_decisions_and_calls_that_are_named_literally_are_listed(model):
    info = model.infos["claim"]

    assert (info.forms, info.decisions, info.calls) == (("claim-intake", "assess"), ("cover",), ("payment",))


def test_an_element_has_its_lane_attributes_and_mappings(model):
    assess = model.elements["claim"]["assess"]

    assert (assess.type, assess.name, assess.line, assess.lane) == ("userTask", "Assess", 17, "Experts")
    assert dict(assess.attributes) == {"formKey": "assess", "candidateGroups": "experts", "stage": "decide"}
    assert assess.inputs == (DataMapping("= claim.amount", "amount"),)
    assert assess.outputs == (DataMapping("amount * 2", "twice"),)


def test_what_lies_in_a_sub_process_has_its_lane_and_names_it_as_parent(model):
    inner = model.elements["claim"]["inner"]

    assert (inner.parent, inner.lane) == ("sub", "Back office")


def test_outlines_and_empty_pools_are_kept_but_not_executed(model):
    assert [info.executable for info in model.infos.values()] == [True, False, False]
    assert list(model.elements["outline"]) == ["t"]


def test_the_whole_catalogue_is_plain_json(model):
    assert model.infos["claim"].as_json()["starts"][0]["form_key"] == "claim-intake"


def test_the_same_id_may_be_used_in_two_processes_of_a_file():
    process = '<startEvent id="s"/><task id="a"/><sequenceFlow sourceRef="s" targetRef="a"/>'
    both = f'<process id="p">{process}</process><process id="q">{process}</process>'
    xml = f'<definitions xmlns="{BPMN}" targetNamespace="t">{both}</definitions>'

    model = normalise("two.bpmn", xml.encode())

    assert not model.problems
    assert list(model.elements["p"]) == list(model.elements["q"])


@pytest.mark.parametrize("kind", ["receiveTask", "eventBasedGateway"])
def test_an_instantiating_receiver_is_a_way_in_by_message(kind):
    gateway = '<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    behind = gateway if kind == "eventBasedGateway" else '<task id="c"/>'
    xml = (
        f'<definitions xmlns="{BPMN}" targetNamespace="t"><message id="m" name="go"/><process id="p">'
        f'<{kind} id="r" instantiate="true" messageRef="m"/>{behind}'
        '<sequenceFlow sourceRef="r" targetRef="c"/></process></definitions>'
    )

    model = normalise("receive.bpmn", xml.encode())

    assert model.infos["p"].starts == (StartEvent("c" if kind == "eventBasedGateway" else "r", "message", "go"),)
