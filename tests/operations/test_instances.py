"""Instances of a multi-instance, and the forms of their tasks: each shows what its own instance knows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service import forms
from service.db import db
from service.execution.definitions import form_of_task
from service.models import SYSTEM, Actor, HumanTask
from service.operations import deployments
from tests.operations.family import finish
from tests.operations.test_children import opened

FORM = {
    "type": "default",
    "id": "ask",
    "schemaVersion": 19,
    "components": [{"type": "textfield", "id": "f", "key": "word"}],
}
TASK = 'case:formKey="ask" case:candidateGroups="clerks"'
DRAWN = f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    targetNamespace="urn:tests"><process id="pair" isExecutable="true" case:numberPrefix="PAI"
    case:candidateStarterGroups="clerks"><startEvent id="Begin"/><subProcess id="Each">
  <multiInstanceLoopCharacteristics><loopDataInputRef>people</loopDataInputRef><inputDataItem id="person"/>
  </multiInstanceLoopCharacteristics><startEvent id="i"/><parallelGateway id="g"/>
  <userTask id="Ask" {TASK}/><userTask id="Check" {TASK}/>
  <sequenceFlow id="f1" sourceRef="i" targetRef="g"/><sequenceFlow id="f2" sourceRef="g" targetRef="Ask"/>
  <sequenceFlow id="f3" sourceRef="g" targetRef="Check"/></subProcess>
  <sequenceFlow id="f" sourceRef="Begin" targetRef="Each"/></process></definitions>""".encode()


def shown() -> dict[tuple[str, str], str | None]:
    """What each open form is filled with, by element and person."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(HumanTask).where(HumanTask.closed_at.is_(None)))
    filled = (
        (row, forms.initial(form_of_task(row) or {}, {**row.case.variables, **(row.local or {})})) for row in rows
    )
    return {(row.element_id, (row.local or {})["person"]): data.get("word") for row, data in filled}


@pytest.mark.parametrize("sequential", [False, True])
def test_the_form_of_one_instance_shows_nothing_of_what_another_was_told(
    app: Flask, person: Callable[..., Actor], sequential: bool
) -> None:
    ann = person("ann", "clerks")
    drawn = (
        DRAWN
        if not sequential
        else DRAWN.replace(
            b"multiInstanceLoopCharacteristics><loop", b'multiInstanceLoopCharacteristics isSequential="true"><loop'
        )
    )
    deployments.deploy({"pair.bpmn": drawn, "ask.form": json.dumps(FORM).encode()}, by=SYSTEM)
    db.session.commit()
    case = opened("pair", ann, people=["Bea", "Carl"])
    asked = db.session.scalars(sa.select(HumanTask).where(HumanTask.element_id == "Ask").order_by(HumanTask.id)).first()

    finish(asked, ann, word="red")
    db.session.commit()

    others = {} if sequential else {("Ask", "Carl"): None, ("Check", "Carl"): None}
    assert shown() == {("Check", "Bea"): "red", **others}
    assert "word" not in case.variables
