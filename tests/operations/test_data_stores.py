"""A data store outlives the case that wrote it (BPMN 2.0.2 §10.4.1)."""

from __future__ import annotations

from flask import Flask

from service.db import db
from service.models import SYSTEM, Case, DataStore
from service.operations import cases, deployments

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="stores" targetNamespace="urn:tests">
  <dataStore id="rates" name="rates"/>
  <process id="write" isExecutable="true"><startEvent id="b1"/>
    <scriptTask id="set" scriptFormat="python">
      <dataOutputAssociation id="out"><targetRef>here</targetRef></dataOutputAssociation>
      <script>rates = {"basic": basic}</script></scriptTask>
    <dataStoreReference id="here" name="rates" dataStoreRef="rates"/><endEvent id="e1"/>
    <sequenceFlow id="f1" sourceRef="b1" targetRef="set"/><sequenceFlow id="f2" sourceRef="set" targetRef="e1"/>
  </process>
  <process id="read" isExecutable="true"><startEvent id="b2"/>
    <scriptTask id="use" scriptFormat="python">
      <ioSpecification><dataInput id="given" name="rates"/><inputSet/><outputSet/></ioSpecification>
      <dataInputAssociation id="in"><sourceRef>there</sourceRef><targetRef>given</targetRef></dataInputAssociation>
      <script>price = rates["basic"] * 2</script></scriptTask>
    <dataStoreReference id="there" name="rates" dataStoreRef="rates"/><endEvent id="e2"/>
    <sequenceFlow id="f3" sourceRef="b2" targetRef="use"/><sequenceFlow id="f4" sourceRef="use" targetRef="e2"/>
  </process>
</definitions>
"""


def run(key: str, **variables: object) -> Case:
    definition = deployments.latest_definition(key)
    assert definition is not None
    case = cases.begin(definition, variables, by=SYSTEM)
    db.session.commit()
    return case


def test_what_one_case_stores_another_reads(app: Flask) -> None:
    deployments.deploy({"stores.bpmn": MODEL.encode()}, by=SYSTEM)
    run("write", basic=10)
    writer = run("write", basic=21)

    reader = run("read")

    assert reader.variables["price"] == 42
    [store] = db.session.query(DataStore)
    assert (store.value, store.written_by) == ({"basic": 21}, writer.number)
