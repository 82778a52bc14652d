"""Which version new cases take: the newest, one that was pinned, or the one before; however the case is opened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.errors import Forbidden, WrongState
from service.models import SYSTEM, Actor, Case, ProcessDefinition, StartTimer, Subscription
from service.operations import deployments, messages, versions
from service.queries import definitions
from tests.jobs_by_hand import do_jobs
from tests.operations.family import CLAIM, customer, diagram
from tests.operations.test_children import child_of, opened
from tests.operations.test_migration import EXAMINE, deployed, holds
from tests.operations.test_timer_starts import drawn, timer

Person = Callable[..., Actor]


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    return person("ann", "clerks")


def active(key: str) -> int:
    db.session.expire_all()
    assert definitions.active(key).id == definitions.to_open(key).id
    return definitions.active(key).version


def pinned(definition: ProcessDefinition) -> None:
    versions.pin(definition, by=SYSTEM)
    db.session.commit()


def test_new_cases_take_the_newest_version_until_one_is_pinned(loan: ProcessDefinition, ann: Actor) -> None:
    deployed("loan", EXAMINE)
    assert active("loan") == 2

    pinned(loan)
    assert active("loan") == 1
    deployed("loan", EXAMINE.replace(b"Examine loan", b"Look at the loan"))
    assert active("loan") == 1
    assert [each.version for each in definitions.startable(ann)] == [1]
    assert [each.version for each in definitions.case_types()] == [1]
    with pytest.raises(WrongState, match="take version 1 already"):
        versions.pin(definitions.version("loan", 1), by=SYSTEM)
    db.session.rollback()
    versions.unpin("loan", by=SYSTEM)
    db.session.commit()

    assert active("loan") == 3
    with pytest.raises(WrongState, match="take the newest version"):
        versions.unpin("loan", by=SYSTEM)
    db.session.rollback()
    holds()


def test_back_to_the_version_before(loan: ProcessDefinition) -> None:
    deployed("loan", EXAMINE)

    assert versions.go_back("loan", by=SYSTEM).version == 1
    db.session.commit()

    assert active("loan") == 1
    with pytest.raises(WrongState, match="no version before"):
        versions.go_back("loan", by=SYSTEM)


def test_child_cases_take_the_version_that_was_chosen(ann: Actor) -> None:
    first = deployed("claim", CLAIM)
    deployed("claim", CLAIM.replace(b'name="Settle"', b'name="Settle it"'))
    deployments.deploy({"customer.bpmn": customer()}, by=SYSTEM)
    pinned(first)

    parent = opened("customer", ann, what="roof")

    assert child_of(parent).definition.version == 1


def test_called_processes_are_linked_in_the_version_that_was_chosen(ann: Actor) -> None:
    inner = '<process id="inner" isExecutable="true"><startEvent id="Is"/><userTask id="{0}" name="{0}"/>'
    inner += '<sequenceFlow id="i1" sourceRef="Is" targetRef="{0}"/></process></definitions>'
    head = CLAIM[: CLAIM.index(b"<error")].decode()
    first = deployed("inner", (head + inner.format("One")).encode())
    deployed("inner", (head + inner.format("Two")).encode())
    pinned(first)
    outer = diagram("outer", "OUT", '<callActivity id="Call" calledElement="inner"/>', "Begin Call End")
    deployed("outer", outer)

    case = opened("outer", ann)

    assert case.snapshot
    from service.models import HumanTask

    assert [task.element_id for task in db.session.scalars(sa.select(HumanTask))] == ["One"]
    assert [each.version for each in definitions.versions("inner")] == [2, 1]


def test_start_events_listen_in_the_version_that_was_chosen(app: Flask) -> None:
    first = deployed("report", drawn(timer("timeDuration", "PT1H")))
    second = deployed("report", drawn(timer("timeDuration", "PT2H")))

    def listening() -> list[object]:
        db.session.rollback()
        return list(db.session.scalars(sa.select(StartTimer.definition_id)))

    assert listening() == [second.id]
    pinned(first)
    assert listening() == [first.id]
    deployed("report", drawn(timer("timeDuration", "PT3H")))
    assert listening() == [first.id]


def test_a_message_opens_a_case_of_the_version_that_was_chosen(app: Flask) -> None:
    message = '<messageEventDefinition id="md" messageRef="m"/>'

    def said(name: str) -> bytes:
        text = drawn(message, name=name).decode()
        return text.replace("<process", '<message id="m" name="go"/><process', 1).encode()

    first = deployed("report", said("One"))
    deployed("report", said("Two"))
    pinned(first)
    assert [each.definition_id for each in db.session.scalars(sa.select(Subscription))] == [first.id]

    messages.publish("go", {}, by=SYSTEM)
    db.session.commit()
    do_jobs()

    assert [case.definition.version for case in db.session.scalars(sa.select(Case))] == [1]


def test_designers_and_operations_choose(loan: ProcessDefinition, ann: Actor, person: Person) -> None:
    with pytest.raises(Forbidden):
        versions.pin(loan, by=ann)
    db.session.rollback()
    versions.pin(loan, by=person("dan", "designers"))

    versions.unpin("loan", by=person("ora", "operators"))
