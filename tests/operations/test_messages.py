"""Messages: kept as long as the sender says, taken once, and not by cases that have just ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db, utcnow
from service.errors import WrongState
from service.maintenance import housekeeping
from service.models import SYSTEM, Case, CaseState, Message, MessageId
from service.operations import cases, deployments, messages
from tests.jobs_by_hand import do_jobs

WAITS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:case="urn:casewright:bpmn:1.0">
  <message id="m" name="paid"/>
  <process id="order" name="Order" isExecutable="true" case:numberPrefix="ORD">
    <startEvent id="start"/><sequenceFlow id="a" sourceRef="start" targetRef="wait"/>
    <receiveTask id="wait" messageRef="m"/><sequenceFlow id="b" sourceRef="wait" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"""


@pytest.fixture(autouse=True)
def _deployed(app: Flask) -> None:
    deployments.deploy({"order.bpmn": WAITS}, by=SYSTEM)
    db.session.commit()


def begin() -> Case:
    definition = deployments.latest_definition("order")
    assert definition is not None
    case = cases.begin(definition, {}, by=SYSTEM)
    db.session.commit()
    return case


def publish(**options: object) -> str:
    outcome = messages.publish("paid", {"amount": 3}, by=SYSTEM, **options).outcome  # type: ignore[arg-type]
    db.session.commit()
    return outcome


def rows(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_a_kept_message_is_taken_by_the_first_case_that_waits_and_by_no_other() -> None:
    assert publish(keep_for=timedelta(hours=1)) == "kept"

    first, second = begin(), begin()
    do_jobs()

    assert db.session.get_one(Case, first.id).state is CaseState.COMPLETED
    assert db.session.get_one(Case, first.id).variables["amount"] == 3
    assert db.session.get_one(Case, second.id).state is CaseState.ACTIVE


def test_a_kept_message_is_taken_no_more_when_its_time_is_over_and_goes_with_the_night() -> None:
    publish(keep_for=timedelta(hours=1))

    with time_machine.travel(utcnow() + timedelta(hours=2)):
        case = begin()
        do_jobs()
        assert db.session.get_one(Case, case.id).state is CaseState.ACTIVE
        housekeeping.forget_expired(utcnow())

    assert rows(Message) == 0


def test_the_same_message_id_is_refused_for_a_week() -> None:
    begin()
    begin()

    assert publish(message_id="bank-1") == "correlated"
    with pytest.raises(WrongState, match="already"):
        publish(message_id="bank-1")
    db.session.rollback()
    assert publish(message_id="bank-2") == "correlated"
    housekeeping.forget_expired(utcnow() + timedelta(days=6))
    assert rows(MessageId) == 2
    housekeeping.forget_expired(utcnow() + timedelta(days=8))
    assert rows(MessageId) == 0


def test_a_message_that_was_refused_may_be_sent_again_with_its_id() -> None:
    with pytest.raises(WrongState, match="Nobody waits"):
        publish(message_id="bank-1")
    db.session.rollback()
    begin()

    assert publish(message_id="bank-1") == "correlated"


def test_a_case_that_ends_just_then_leaves_the_message_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, waiting = begin(), begin()
    cases.cancel(gone, by=SYSTEM, reason="not needed")
    db.session.commit()
    monkeypatch.setattr(messages, "_waiting", lambda *_: [gone, waiting])  # as they were found a moment before

    done = messages.publish("paid", {}, by=SYSTEM)
    db.session.commit()

    assert done.outcome == "correlated"
    assert db.session.get_one(Case, waiting.id).state is CaseState.COMPLETED


BOTH = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:case="urn:casewright:bpmn:1.0">
  <message id="form" name="form"/><message id="proof" name="proof"/>
  <correlationProperty id="person">
    <correlationPropertyRetrievalExpression messageRef="form"><messagePath>= who</messagePath>
    </correlationPropertyRetrievalExpression>
    <correlationPropertyRetrievalExpression messageRef="proof"><messagePath>= of</messagePath>
    </correlationPropertyRetrievalExpression>
  </correlationProperty>
  <collaboration id="talk"><correlationKey id="key"><correlationPropertyRef>person</correlationPropertyRef>
  </correlationKey></collaboration>
  <process id="both" name="Both" isExecutable="true" case:numberPrefix="BTH">
    <eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>
    <intermediateCatchEvent id="f"><messageEventDefinition messageRef="form"/></intermediateCatchEvent>
    <intermediateCatchEvent id="p"><messageEventDefinition messageRef="proof"/></intermediateCatchEvent>
    <parallelGateway id="j"/><userTask id="look"/>
    <sequenceFlow id="a" sourceRef="g" targetRef="f"/><sequenceFlow id="b" sourceRef="g" targetRef="p"/>
    <sequenceFlow id="c" sourceRef="f" targetRef="j"/><sequenceFlow id="d" sourceRef="p" targetRef="j"/>
    <sequenceFlow id="h" sourceRef="j" targetRef="look"/>
  </process>
</definitions>"""


def test_the_messages_of_a_parallel_gateway_open_one_case_for_each_person() -> None:
    deployments.deploy({"both.bpmn": BOTH}, by=SYSTEM)
    db.session.commit()

    def send(name: str, **payload: str) -> tuple[str, Case]:
        sent = messages.publish(name, payload, by=SYSTEM)
        db.session.commit()
        assert sent.case is not None
        return sent.outcome, sent.case

    (one, ann), (two, bob) = send("proof", of="ann"), send("form", who="bob")
    (three, also_bob), (four, also_ann) = send("proof", of="bob"), send("form", who="ann")

    assert (one, two, three, four) == ("started", "started", "correlated", "correlated")
    assert (also_bob.id, also_ann.id) == (bob.id, ann.id)
    assert ann.marked == bob.marked == ["look"]
