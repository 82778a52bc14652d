"""Small case types for tests of operations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.models import HumanTask, ProcessDefinition
from service.operations import deployments
from service.permissions import SYSTEM, Actor

LOAN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="loans" targetNamespace="urn:tests">
  <bpmn:process id="loan" name="Loan" isExecutable="true" case:numberPrefix="LOA" case:title="Loan for {customer}"
      case:candidateStarterGroups="clerks" case:managerGroups="managers" case:readerGroups="auditors" case:dueDate="P30D">
    <bpmn:extensionElements>
      <case:stages><case:stage id="review" name="Review"/><case:stage id="decision" name="Decision"/></case:stages>
    </bpmn:extensionElements>
    <bpmn:startEvent id="Start_Loan"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="Assess" name="Assess loan" case:candidateGroups="clerks" case:stage="review" case:dueDate="PT48H">
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing></bpmn:userTask>
    <bpmn:boundaryEvent id="Late" attachedToRef="Assess" cancelActivity="false"><bpmn:outgoing>f6</bpmn:outgoing>
      <bpmn:timerEventDefinition id="Late_def"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT1H</bpmn:timeDuration>
      </bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:userTask id="Remind" name="Remind the clerk" case:candidateGroups="managers">
      <bpmn:incoming>f6</bpmn:incoming><bpmn:outgoing>f7</bpmn:outgoing></bpmn:userTask>
    <bpmn:endEvent id="Reminded"><bpmn:incoming>f7</bpmn:incoming></bpmn:endEvent>
    <bpmn:exclusiveGateway id="Large" default="f3"><bpmn:incoming>f2</bpmn:incoming><bpmn:outgoing>f3</bpmn:outgoing>
      <bpmn:outgoing>f4</bpmn:outgoing></bpmn:exclusiveGateway>
    <bpmn:userTask id="Approve" name="Approve loan" case:candidateGroups="managers,clerks" case:notDoneBy="Assess"
      case:stage="decision" case:priority="80"><bpmn:incoming>f4</bpmn:incoming><bpmn:outgoing>f5</bpmn:outgoing></bpmn:userTask>
    <bpmn:endEvent id="Done"><bpmn:incoming>f3</bpmn:incoming><bpmn:incoming>f5</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="Start_Loan" targetRef="Assess"/>
    <bpmn:sequenceFlow id="f2" sourceRef="Assess" targetRef="Large"/>
    <bpmn:sequenceFlow id="f3" sourceRef="Large" targetRef="Done"/>
    <bpmn:sequenceFlow id="f4" sourceRef="Large" targetRef="Approve">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">= amount &gt; 1000</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f5" sourceRef="Approve" targetRef="Done"/>
    <bpmn:sequenceFlow id="f6" sourceRef="Late" targetRef="Remind"/>
    <bpmn:sequenceFlow id="f7" sourceRef="Remind" targetRef="Reminded"/>
  </bpmn:process>
</bpmn:definitions>
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def loan(app: Flask) -> ProcessDefinition:
    """The deployed case type Loan: clerks assess, managers approve what is large; reminder after an hour."""
    deployments.deploy({"loan.bpmn": LOAN.encode()}, by=SYSTEM)
    db.session.commit()
    definition = deployments.latest_definition("loan")
    assert definition is not None
    return definition


@pytest.fixture
def worklist(app: Flask) -> Callable[[Actor], list[HumanTask]]:
    """The open tasks that somebody has or may claim, oldest first."""

    def of(actor: Actor) -> list[HumanTask]:
        tasks = db.session.scalars(sa.select(HumanTask).where(HumanTask.closed_at.is_(None)).order_by(HumanTask.id))
        return [
            task
            for task in tasks
            if task.assignee == actor.name
            or (task.assignee is None and any(c.principal in actor.principals for c in task.candidates))
        ]

    return of
