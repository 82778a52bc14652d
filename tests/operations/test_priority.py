"""A case's priority follows what its type's drawing says of it, and people who change it meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from service.db import db
from service.models import Actor, Case
from service.operations import cases
from tests.operations.test_children import deploy, open_task, opened, settle

GRADED = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    targetNamespace="urn:tests"><process id="graded" isExecutable="true" case:numberPrefix="GRD"
    case:candidateStarterGroups="clerks" case:managerGroups="clerks" case:priority="= grade.priority">
  <startEvent id="Begin"/><userTask id="Grade" case:candidateGroups="clerks"/>
  <userTask id="Work" case:candidateGroups="clerks"/><userTask id="Rest" case:candidateGroups="clerks"/>
  <userTask id="Last" case:candidateGroups="clerks"/><sequenceFlow id="f0" sourceRef="Begin" targetRef="Grade"/>
  <sequenceFlow id="f1" sourceRef="Grade" targetRef="Work"/><sequenceFlow id="f2" sourceRef="Work" targetRef="Rest"/>
  <sequenceFlow id="f3" sourceRef="Rest" targetRef="Last"/></process></definitions>"""


def priority(case: Case) -> int:
    db.session.rollback()
    return db.session.get_one(Case, case.id).priority


def test_a_case_has_the_priority_that_its_drawing_reads_from_its_variables(
    app: Flask, person: Callable[..., Actor]
) -> None:
    ann = person("ann", "clerks")
    deploy(GRADED)
    case = opened("graded", ann)
    at_first = priority(case)
    settle(case, ann, grade={"priority": 85})
    graded = priority(case)
    cases.change(case, by=ann, priority=10)
    db.session.commit()
    settle(case, ann, grade={"priority": 85, "note": "the same"})
    by_hand = priority(case)
    settle(case, ann, grade={"priority": 400})

    assert (at_first, graded, by_hand, priority(case)) == (50, 85, 10, 100)
    assert open_task(case).element_id == "Last"


def test_a_case_has_the_priority_that_needs_no_variables_from_the_beginning(
    app: Flask, person: Callable[..., Actor]
) -> None:
    ann = person("ann", "clerks")
    deploy(GRADED.replace(b"= grade.priority", b"= 30 + 5"))

    assert priority(opened("graded", ann)) == 35


def test_what_is_no_number_leaves_the_priority_alone(app: Flask, person: Callable[..., Actor]) -> None:
    ann = person("ann", "clerks")
    deploy(GRADED)
    case = opened("graded", ann)

    settle(case, ann, grade={"priority": "high"})

    assert priority(case) == 50
