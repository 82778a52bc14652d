"""The page to try a case type out: one is everybody there; nothing of it reaches a case, and nobody else sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from service import jobs
from service.db import db, utcnow
from service.engine.work import WorkflowState
from service.errors import Forbidden, NotFound, WrongState
from service.maintenance import housekeeping
from service.models import Actor, AuditEntry, Case, HumanTask, PendingCall, ProcessDefinition, Rehearsal, Timer
from service.models.jobs import job_status
from service.operations import rehearsals
from service.queries import definitions
from service.rehearsal import examples, suites
from tests.pages.conftest import CLAIM, FINDING, Office, Visitor

Visit = Callable[[Actor | None], Visitor]
START = {"start": "", "as": "Anna", "with": CLAIM}
ASSESS = {"complete": "Task_Assess", "as": "Ben", "with": FINDING}


@pytest.fixture
def tried(office: Office) -> Rehearsal:
    made = rehearsals.begin(definitions.latest(ProcessDefinition, "insurance-claim"), by=office.ada)
    db.session.commit()
    return made


def _rows() -> dict[str, int]:
    kinds: tuple[Any, ...] = (Case, HumanTask, Timer, PendingCall, AuditEntry)
    counted = {
        str(kind): db.session.execute(sa.select(sa.func.count()).select_from(kind)).scalar_one() for kind in kinds
    }
    return counted | {"jobs": jobs.execute(sa.select(sa.func.count()).select_from(job_status)).scalar_one()}


def test_a_version_is_tried_from_its_page_to_its_end(office: Office, visit: Visit) -> None:
    ada = visit(office.ada)
    begun = ada.post("/case-types/insurance-claim/versions/1/try")
    here = begun.location
    ada.send(f"{here}/form?as=Anna", CLAIM)
    ada.send(f"{here}/form?as=Ben&task=Task_Assess&number=1", FINDING)
    paid = {"iban": "DE89370400440532013000", "paymentReference": "CLM-PAY-0117", "paidOn": "2026-03-02"}
    ada.send(f"{here}/form?as=Anna&task=Task_Pay&number=1", paid)

    text = ada.get(here).text

    assert "It has come to its end" in text
    assert re.search(r"Completed “Pay out” <span class=\"dim\">as Anna", text)


def test_nothing_of_it_reaches_cases_jobs_or_the_audit(office: Office, tried: Rehearsal) -> None:
    before = _rows()

    rehearsals.act(tried, START, by=office.ada)
    rehearsals.act(tried, {"clock": "P10D"}, by=office.ada)
    rehearsals.act(tried, ASSESS, by=office.ada)
    rehearsals.end(tried)
    db.session.commit()

    assert _rows() == before


def test_each_person_sees_only_their_own_and_only_designers_have_any(
    office: Office, visit: Visit, tried: Rehearsal
) -> None:
    for somebody in (office.ann, office.mia):
        with pytest.raises(Forbidden):
            rehearsals.one(tried.id, by=somebody)
        assert visit(somebody).post("/case-types/insurance-claim/versions/1/try").status_code == 403
    tried.user_id = office.mia.id or tried.user_id
    db.session.commit()

    with pytest.raises(NotFound):
        rehearsals.one(tried.id, by=office.ada)
    assert visit(office.ada).get(f"/rehearsals/{tried.id}").status_code == 404


def test_the_last_act_is_undone(office: Office, tried: Rehearsal) -> None:
    rehearsals.act(tried, START, by=office.ada)
    rehearsals.act(tried, ASSESS, by=office.ada)
    rehearsals.back(tried)
    db.session.commit()

    played = rehearsals.play(tried, by=office.ada)

    assert played.sandbox is not None
    assert [task.element_id for _, task in played.sandbox.tasks()] == ["Task_Assess"]


def test_what_the_form_refuses_is_said_at_its_field_and_is_not_kept(
    office: Office, visit: Visit, tried: Rehearsal
) -> None:
    ada = visit(office.ada)
    refused: TestResponse = ada.send(f"/rehearsals/{tried.id}/form", {**CLAIM, "policyNumber": "7"})

    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["Field_PolicyNumber"])
    assert db.session.get_one(Rehearsal, tried.id, populate_existing=True).acts == []


def test_what_was_tried_becomes_a_test_that_passes(office: Office, visit: Visit, tried: Rehearsal) -> None:
    for act in (START, {"fire": "Event_Reminder"}, ASSESS):
        rehearsals.act(tried, act, by=office.ada)
    db.session.commit()

    text = visit(office.ada).get(f"/rehearsals/{tried.id}/test.yaml?name=Paid+in+the+end").text

    whole = rehearsals.read_world(tried, by=office.ada)
    [suite] = [each for each in suites.run(whole, {"a.tests.yaml": text}) if each.results]
    assert [result.example.name for result in suite.results] == ["Paid in the end"]
    assert suite.failed == []
    assert examples.read("a", text)[0].expected.open == ("Task_Pay",)  # type: ignore[union-attr]


def test_data_before_and_after_the_last_act_stand_side_by_side(office: Office, tried: Rehearsal) -> None:
    rehearsals.act(tried, START, by=office.ada)
    rehearsals.act(tried, ASSESS, by=office.ada)

    played = rehearsals.play(tried, by=office.ada)

    assert "settlement" not in played.before
    assert played.sandbox is not None
    assert played.sandbox.main.workflow.variables["settlement"] == 550
    assert played.sandbox.main.workflow.state is WorkflowState.ACTIVE


def test_a_person_has_a_few_and_they_end(office: Office, tried: Rehearsal) -> None:
    claim = definitions.latest(ProcessDefinition, "insurance-claim")
    for _ in range(rehearsals.MOST + 3):
        rehearsals.begin(claim, by=office.ada)
        db.session.flush()
    count = sa.select(sa.func.count()).select_from(Rehearsal)
    kept = db.session.execute(count).scalar_one()
    housekeeping.forget_expired(utcnow() + housekeeping.REHEARSALS_KEPT + timedelta(hours=1))

    assert (kept, db.session.execute(count).scalar_one()) == (rehearsals.MOST, 0)


def test_no_more_acts_are_kept_than_can_be_done_again(office: Office, tried: Rehearsal) -> None:
    tried.acts = [START, *[{"clock": "PT1S"}] * (rehearsals.MOST_ACTS - 1)]

    with pytest.raises(WrongState, match="step back"):
        rehearsals.act(tried, {"clock": "PT1S"}, by=office.ada)


@pytest.mark.parametrize(
    "form", [{"kind": "import"}, {"kind": "message", "name": "x", "with": "- 1"}, {"kind": "fire", "name": "x"}]
)
def test_what_cannot_be_done_is_refused(office: Office, visit: Visit, tried: Rehearsal, form: dict[str, str]) -> None:
    rehearsals.act(tried, START, by=office.ada)
    db.session.commit()

    done = visit(office.ada).post(f"/rehearsals/{tried.id}/acts", form)

    assert done.status_code in (400, 409, 422)
