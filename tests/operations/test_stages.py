"""Which version a new case takes: by a share, a condition, a date; however the case is opened, and in one place."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.db import db, utcnow
from service.errors import Forbidden, InvalidForm, WrongState
from service.models import SYSTEM, Actor, Case, InstallationEntry, ProcessDefinition, StartTimer, Subscription
from service.operations import cases, children, choosing, deployments, links, messages, start_events, versions
from service.operations.choosing import Terms
from service.queries import definitions
from service.web.installation import SENTENCES
from tests.jobs_by_hand import do_jobs
from tests.operations.conftest import LOAN
from tests.operations.family import CLAIM, customer
from tests.operations.test_children import child_of, opened
from tests.operations.test_migration import EXAMINE, deployed, holds
from tests.operations.test_timer_starts import drawn, timer

Person = Callable[..., Actor]
ALL = Terms(when="true")  #: takes every case


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def second(loan: ProcessDefinition) -> ProcessDefinition:
    """Version 2 of the loan, beside version 1, which new cases take."""
    done = deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM, terms=Terms(share=1))
    versions.unstage(done.added[0], by=SYSTEM)
    db.session.commit()
    return definitions.version("loan", 2)


def staged(version: ProcessDefinition, terms: Terms) -> None:
    versions.stage(version, terms, by=SYSTEM)
    db.session.commit()


def taken(by: Actor, **data: object) -> int:
    """The version that a new loan takes."""
    case = cases.start(definitions.to_open("loan"), by=by, submitted=data)
    db.session.commit()
    return case.definition.version


def version_of(case: Case) -> int:
    return definitions.get(case.definition_id).version


def active(key: str = "loan") -> int:
    db.session.expire_all()
    return definitions.active(key).version


def test_a_condition_over_what_the_case_starts_with(second: ProcessDefinition, ann: Actor) -> None:
    staged(second, Terms(when='amount > 1000 and region = "north"'))

    assert taken(ann, amount=5000, region="north") == 2
    assert [taken(ann, amount=5000, region="south"), taken(ann, amount=10, region="north"), taken(ann)] == [1, 1, 1]
    assert taken(ann, amount="many", region="north") == 1
    versions.unstage(second, by=SYSTEM)
    db.session.commit()
    assert taken(ann, amount=5000, region="north") == 1
    holds()


def test_a_share_is_drawn_by_the_case_s_id(second: ProcessDefinition, ann: Actor) -> None:
    staged(second, Terms(share=30))
    ids = [uuid.UUID(int=number) for number in range(2_000)]

    drawn_ = [choosing.chosen(definitions.active("loan"), {}, each).version for each in ids]

    assert drawn_ == [2 if choosing.drawn("loan", each) < 3_000 else 1 for each in ids]
    assert drawn_ == [choosing.chosen(definitions.active("loan"), {}, each).version for each in ids]
    assert 500 < drawn_.count(2) < 700
    for _ in range(12):
        case = cases.start(definitions.to_open("loan"), by=ann, submitted={})
        assert version_of(case) == (2 if choosing.drawn("loan", case.id) < 3_000 else 1)


def test_all_that_is_said_has_to_hold(second: ProcessDefinition) -> None:
    now = definitions.active("loan")
    ids = [uuid.UUID(int=number) for number in range(200)]

    staged(second, Terms(share=50, when="amount > 10"))
    db.session.refresh(now)
    assert {choosing.chosen(now, {"amount": 1}, each).version for each in ids} == {1}
    assert {choosing.chosen(now, {"amount": 11}, each).version for each in ids} == {1, 2}
    staged(second, Terms(since=utcnow() + timedelta(hours=1), when="true"))
    assert {choosing.chosen(now, {}, each).version for each in ids} == {1}


def test_a_version_takes_effect_at_its_date(second: ProcessDefinition, ann: Actor) -> None:
    staged(second, Terms(since=utcnow() + timedelta(days=1)))
    versions.take_effect(second.id)
    db.session.commit()
    assert (active(), taken(ann)) == (1, 1)

    second.staged_from = utcnow() - timedelta(seconds=5)
    db.session.commit()
    assert (active(), taken(ann)) == (1, 2)  # also where the worker is late
    versions.take_effect(second.id)
    db.session.commit()

    assert (active(), taken(ann), definitions.version("loan", 2).staged) == (2, 2, False)
    versions.take_effect(second.id)
    entries = db.session.scalars(sa.select(InstallationEntry).order_by(InstallationEntry.seq)).all()
    told = [SENTENCES[entry.action](entry.subject or "", entry.details or {}) for entry in entries[-2:]]
    assert told[0].startswith("staged version 2 of loan: all new cases, from 20")
    assert told[1] == "version 2 of loan took effect for new cases"
    holds()


def test_the_worker_does_it(second: ProcessDefinition) -> None:
    staged(second, Terms(since=utcnow() + timedelta(seconds=1)))
    second.staged_from = utcnow() - timedelta(seconds=60)
    db.session.commit()
    jobs.enqueue("version_takes_effect", {"definition": str(second.id)}, partition="test")
    db.session.commit()

    do_jobs()

    assert active() == 2


def test_deployed_for_some_cases_only(loan: ProcessDefinition, ann: Actor) -> None:
    done = deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM, terms=Terms(when="amount > 10"))
    db.session.commit()

    assert [row.version for row in done.added] == [2]
    assert (active(), taken(ann, amount=11), taken(ann, amount=1)) == (1, 2, 1)
    third = EXAMINE.replace(b"Examine loan", b"Look at it")
    deployments.deploy({"loan.bpmn": third}, by=SYSTEM)
    db.session.commit()
    assert (active(), taken(ann, amount=11), definitions.version("loan", 2).staged) == (3, 3, False)


def test_a_first_version_takes_all(app: Flask, ann: Actor) -> None:
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM, terms=Terms(share=1))
    db.session.commit()

    assert (active(), taken(ann)) == (1, 1)


def test_the_newest_of_several_that_are_staged_is_asked_first(loan: ProcessDefinition, ann: Actor) -> None:
    for number, terms in ((2, Terms(when="amount > 10")), (3, Terms(when="amount > 100"))):
        changed = EXAMINE.replace(b"Examine loan", f"Examine {number}".encode())
        deployments.deploy({"loan.bpmn": changed}, by=SYSTEM, terms=terms)
        db.session.commit()

    assert [taken(ann, amount=amount) for amount in (5, 50, 500)] == [1, 2, 3]


def test_pinning_and_going_back_end_it(second: ProcessDefinition, ann: Actor) -> None:
    staged(second, ALL)
    assert taken(ann) == 2
    versions.pin(definitions.version("loan", 1), by=SYSTEM)
    db.session.commit()
    assert taken(ann) == 1
    with pytest.raises(WrongState, match="version 1, which is pinned"):
        versions.stage(second, ALL, by=SYSTEM)
    with pytest.raises(WrongState, match="pinned; unpin it first"):
        deployments.deploy({"loan.bpmn": EXAMINE.replace(b"PT3H", b"PT4H")}, by=SYSTEM, terms=ALL)
    db.session.rollback()

    assert versions.unpin("loan", by=SYSTEM).version == 2
    db.session.commit()
    assert taken(ann) == 2
    staged(definitions.version("loan", 1), ALL)
    assert taken(ann) == 1
    assert versions.go_back("loan", by=SYSTEM).version == 1
    db.session.commit()
    assert definitions.version("loan", 1).staged is False


def test_a_retired_version_takes_none(second: ProcessDefinition, ann: Actor) -> None:
    staged(second, ALL)
    versions.retire(second, by=SYSTEM)
    db.session.commit()

    assert taken(ann) == 1
    for refused in (
        lambda: versions.pin(second, by=SYSTEM),
        lambda: versions.stage(second, ALL, by=SYSTEM),
        lambda: versions.retire(second, by=SYSTEM),
    ):
        with pytest.raises(WrongState, match="Version 2 is retired; restore it first"):
            refused()
        db.session.rollback()
    with pytest.raises(WrongState, match="let them take another one first"):
        versions.retire(definitions.active("loan"), by=SYSTEM)
    with pytest.raises(WrongState, match="take the newest version"):
        versions.unpin("loan", by=SYSTEM)
    db.session.rollback()
    versions.restore(second, by=SYSTEM)
    db.session.commit()
    assert versions.unpin("loan", by=SYSTEM).version == 2
    with pytest.raises(WrongState, match="is not retired"):
        versions.restore(second, by=SYSTEM)


def test_what_is_active_or_not_staged(second: ProcessDefinition) -> None:
    with pytest.raises(WrongState, match="take version 1 already"):
        versions.stage(definitions.version("loan", 1), ALL, by=SYSTEM)
    with pytest.raises(WrongState, match="Version 2 is not staged"):
        versions.unstage(second, by=SYSTEM)


def test_child_cases_are_opened_in_it(ann: Actor) -> None:
    deployed("claim", CLAIM)
    newer = CLAIM.replace(b'name="Settle"', b'name="Settle it"')
    deployments.deploy({"claim.bpmn": newer}, by=SYSTEM, terms=Terms(when='item = "roof"'))
    deployments.deploy({"customer.bpmn": customer()}, by=SYSTEM)
    db.session.commit()

    assert child_of(opened("customer", ann, what="roof")).definition.version == 2
    assert child_of(opened("customer", ann, what="wall")).definition.version == 1


def test_by_hand_below_another_case_and_beside_it(second: ProcessDefinition, ann: Actor) -> None:
    staged(second, Terms(when="amount > 10"))
    parent = cases.start(definitions.active("loan"), by=ann, submitted={})
    db.session.commit()

    below = children.open_child(parent, definitions.active("loan"), by=ann, submitted={"amount": 11})
    beside = links.open_linked(parent, definitions.active("loan"), by=ann, submitted={"amount": 12})
    db.session.commit()

    assert (below.definition.version, beside.definition.version) == (2, 2)


def test_a_case_that_is_split_off_keeps_the_version(second: ProcessDefinition, ann: Actor) -> None:
    case = cases.start(definitions.active("loan"), by=ann, submitted={"amount": 5})
    db.session.commit()
    staged(second, ALL)

    made = links.split(case, by=ann, names=["amount"], reason="Two loans")

    assert made.definition.version == 1


def test_a_message_opens_it_by_what_it_brings(app: Flask) -> None:
    message = '<messageEventDefinition id="md" messageRef="m"/>'

    def said(name: str, event: str = "go") -> bytes:
        text = drawn(message, name=name).decode()
        return text.replace("<process", f'<message id="m" name="{event}"/><process', 1).encode()

    first = deployed("report", said("One"))
    deployments.deploy({"report.bpmn": said("Two")}, by=SYSTEM, terms=Terms(when="urgent"))
    db.session.commit()
    assert [each.definition_id for each in db.session.scalars(sa.select(Subscription))] == [first.id]

    got = [messages.publish("go", {"urgent": urgent}, by=SYSTEM).case for urgent in (True, False)]
    db.session.commit()

    assert [case.definition.version for case in got if case] == [2, 1]
    deployments.deploy({"report.bpmn": said("Three", "another")}, by=SYSTEM, terms=Terms(when="urgent"))
    db.session.commit()
    case = messages.publish("go", {"urgent": True}, by=SYSTEM).case
    assert case and version_of(case) == 2  # version 3 waits for another message


def test_a_timer_opens_it(app: Flask) -> None:
    first = deployed("report", drawn(timer("timeDuration", "PT1H")))
    newer = drawn(timer("timeDuration", "PT2H"), name="Another")
    deployments.deploy({"report.bpmn": newer}, by=SYSTEM, terms=ALL)
    db.session.commit()
    [row] = db.session.scalars(sa.select(StartTimer)).all()
    assert row.definition_id == first.id
    row.due_at = utcnow() - timedelta(hours=1)
    db.session.commit()

    case = start_events.fire(row.id, row.seq)

    assert case and version_of(case) == 2


def form(*keys: str, required: str = "") -> bytes:
    fields = [{"type": "number", "id": f"F_{key}", "key": key, "label": key, "validate": {"required": key == required}}
              for key in keys]  # fmt: skip
    return json.dumps({"type": "default", "id": "ask", "schemaVersion": 19, "components": fields}).encode()


def asking(content: bytes) -> bytes:
    return content.replace(b'id="Start_Loan"', b'id="Start_Loan" case:formKey="ask"')


def test_who_fills_in_a_form_gets_no_version_that_asks_for_more(app: Flask, ann: Actor) -> None:
    deployments.deploy({"loan.bpmn": asking(LOAN), "ask.form": form("amount")}, by=SYSTEM)
    more = {"loan.bpmn": asking(EXAMINE), "ask.form": form("amount", "income", required="income")}
    deployments.deploy(more, by=SYSTEM, terms=Terms(when="amount > 10"))
    db.session.commit()

    assert taken(ann, amount=50) == 1
    assert taken(ann, amount=50, income=7) == 2


def test_who_may_not_open_cases_of_it_gets_the_other_one(second: ProcessDefinition, person: Person) -> None:
    others = EXAMINE.replace(b'StarterGroups="clerks"', b'StarterGroups="bankers"')
    deployments.deploy({"loan.bpmn": others}, by=SYSTEM, terms=ALL)
    db.session.commit()

    assert (taken(person("cleo", "clerks")), active()) == (1, 1)
    assert taken(person("bea", "clerks", "bankers")) == 3


def test_a_changed_form_alone_makes_no_version_beside_one_that_is_staged(app: Flask, ann: Actor) -> None:
    deployments.deploy({"loan.bpmn": asking(LOAN), "ask.form": form("amount")}, by=SYSTEM)
    deployments.deploy({"loan.bpmn": asking(EXAMINE)}, by=SYSTEM, terms=Terms(share=10))
    db.session.commit()

    done = deployments.deploy({"ask.form": form("amount", "income")}, by=SYSTEM)

    assert [row.key for row in done.added] == ["ask"]


def test_called_processes_follow_the_version_that_new_cases_take(app: Flask, ann: Actor) -> None:
    inner = LOAN.replace(b'id="loan"', b'id="inner"').replace(b'numberPrefix="LOA"', b'numberPrefix="INN"')
    first = deployed("inner", inner)
    newer = inner.replace(b"Assess loan", b"Weigh loan")
    deployments.deploy({"inner.bpmn": newer}, by=SYSTEM, terms=Terms(share=10))
    outer = CLAIM.replace(b'<userTask id="Settle" name="Settle" case:candidateGroups="clerks"/>',
                          b'<callActivity id="Settle" calledElement="inner"/>')  # fmt: skip
    found = deployed("claim", outer)

    assert found.files["inner.bpmn"] == first.files["inner.bpmn"]


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ({"effective": "tomorrow"}, {"effective": "Write a date"}),
        ({"effective": "2020-01-01"}, {"effective": "still to come"}),
        ({"effective": "9999-12-31T23:59:59-23:59"}, {"effective": "Write a date"}),
        ({"share": "0"}, {"share": "1 to 99"}),
        ({"share": "100"}, {"share": "1 to 99"}),
        ({"share": "1.5"}, {"share": "1 to 99"}),
        ({"share": "٣"}, {"share": "1 to 99"}),
        ({"share": "9" * 5_000}, {"share": "1 to 99"}),
        ({"when": "amount >"}, {"when": "This is no FEEL"}),
        ({"when": "twice(amount) > 3"}, {"when": "no FEEL function twice"}),
        ({"when": "x" * 2_001}, {"when": "at most 2000 characters"}),
        ({"effective": "x", "share": "x", "when": "("}, {"effective": "", "share": "", "when": ""}),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_wrong_with_terms_is_told_at_once(app: Flask, texts: dict[str, str], wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidForm) as refused:
        choosing.read_terms(**texts)

    assert refused.value.errors.keys() == wrong.keys()
    assert all(part in refused.value.errors[field][0] for field, part in wrong.items())


def test_terms_are_read(app: Flask) -> None:
    found = choosing.read_terms("2099-03-01T08:30", "10 %", "= amount > 1000 ")

    assert found == Terms(datetime.fromisoformat("2099-03-01T08:30:00+00:00"), 10, "amount > 1000")
    assert found.in_words == "10 % of new cases, where amount > 1000, from 2099-03-01 08:30"
    assert choosing.read_terms("", " ", None) is None


def test_a_condition_over_what_no_case_begins_with_is_told(app: Flask) -> None:
    files = {"loan.bpmn": asking(LOAN), "ask.form": form("amount")}
    deployments.deploy(files, by=SYSTEM)
    db.session.commit()
    newer = {**files, "loan.bpmn": asking(EXAMINE)}

    [told] = deployments.check(newer, Terms(when="amonut > 10 and initiator != null"))

    assert told.message == "The condition for new cases names amonut, with which no case of “loan” begins."
    assert deployments.check(newer, Terms(when="amount > 10")) == []


def test_who_may(second: ProcessDefinition, ann: Actor, person: Person) -> None:
    for act in (
        lambda by: versions.stage(second, ALL, by=by),
        lambda by: versions.unstage(second, by=by),
        lambda by: versions.retire(second, by=by),
        lambda by: versions.restore(second, by=by),
        lambda by: versions.go_back("loan", by=by),
    ):
        with pytest.raises(Forbidden):
            act(ann)
        db.session.rollback()
    versions.stage(second, ALL, by=person("ora", "operators"))
