"""A finished case becomes a test at one click: the same way, without what tells of people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.db import db
from service.errors import Forbidden, WrongState
from service.models import Actor, Case, HumanTask, ProcessDefinition
from service.operations import cases, rehearsals, tasks
from service.queries import definitions, recordings
from service.rehearsal import suites
from tests.pages.conftest import CLAIM, FINDING, Office, Visitor

PAID = {"iban": "DE89370400440532013000", "paymentReference": "CLM-PAY-0117", "paidOn": "2026-11-24"}
Visit = Callable[[Actor | None], Visitor]


@pytest.fixture
def paid(office: Office) -> Case:
    claim = definitions.latest(ProcessDefinition, "insurance-claim")
    case = cases.start(claim, by=office.ann, submitted=CLAIM)
    for who, form in ((office.ben, FINDING), (office.ann, PAID)):
        task = db.session.query(HumanTask).filter_by(case_id=case.id, closed_at=None).one()
        tasks.claim(task, by=who)
        tasks.complete(task, by=who, submitted=form)
    db.session.commit()
    return case


def test_a_finished_case_becomes_a_test_that_passes(office: Office, paid: Case) -> None:
    text = recordings.as_test(paid, by=office.ada)

    whole = rehearsals.read_world(
        rehearsals.begin(definitions.latest(ProcessDefinition, "insurance-claim"), by=office.ada), by=office.ada
    )
    [suite] = [each for each in suites.run(whole, {"a.tests.yaml": text}) if each.results]
    [result] = suite.results
    assert result.problems == ()
    assert result.example.expected is not None
    assert (result.example.expected.state, result.example.expected.way[-1]) == ("completed", "Event_Paid")


def test_nothing_that_tells_of_people_is_in_it_and_what_ways_depend_on_is(
    office: Office, visit: Visit, paid: Case
) -> None:
    text = visit(office.ada).get(f"/cases/{paid.number}/test.yaml").text

    told = [
        CLAIM["claimant"],
        CLAIM["email"],
        CLAIM["policyNumber"],
        "hose",
        PAID["iban"],
        "0117",
        paid.number,
        "ann",
        "ben",
    ]
    assert [word for word in told if word in text] == []
    assert "damageKind: water" in text
    assert "estimatedAmount: 1200" in text


def test_designers_find_it_on_the_page_of_a_case_that_has_ended(office: Office, visit: Visit, paid: Case) -> None:
    address = f"/cases/{paid.number}/test.yaml"

    assert address in visit(office.ada).get(f"/cases/{paid.number}").text
    assert address not in visit(office.mia).get(f"/cases/{paid.number}").text
    assert visit(office.mia).get(address).status_code == 403


def test_neither_a_running_case_nor_for_somebody_who_does_not_design(office: Office, paid: Case) -> None:
    with pytest.raises(Forbidden):
        recordings.as_test(paid, by=office.mia)
    running = cases.start(definitions.latest(ProcessDefinition, "insurance-claim"), by=office.ann, submitted=CLAIM)
    with pytest.raises(WrongState, match="when it has ended"):
        recordings.as_test(running, by=office.ada)
