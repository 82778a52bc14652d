"""Cases move to another version over REST: one, many, and back; and new cases take the version that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor, Case
from service.operations import deployments
from service.queries import definitions
from tests.api.conftest import LOAN, Office, Program
from tests.jobs_by_hand import do_jobs

EXAMINE = LOAN.replace(b'"Assess"', b'"Examine"').replace(b"Assess loan", b"Examine loan")
PLAN = {"elements": {"Assess": "Examine"}}


@pytest.fixture
def operator(office: Office, program: Callable[..., Program], person: Callable[..., Actor]) -> Program:
    """Ora, who operates; a second version of the loan is deployed."""
    made = program(person("ora", "operators"), "read", "work", "operate", "deploy")
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.commit()
    return made


@pytest.fixture
def case_id(office: Office) -> str:
    found = office.open_case()
    db.session.rollback()
    return found


@pytest.fixture
def another(office: Office) -> str:
    return office.open_case()


def answer(sent: Any, status: int = 200) -> Any:
    assert sent.status_code == status, sent.json
    return sent.json


def test_one_case_moves_and_returns(case_id: str, operator: Program, office: Office, program: Any) -> None:
    ann = program(office.ann)
    body = {"to": 2, "plan": PLAN, "reason": "A better form"}

    assert answer(ann.post(f"/cases/{case_id}/migrate", body)) == {
        "id": case_id,
        "number": ann.get(f"/cases/{case_id}").json["number"],
        "state": "active",
        "version": 2,
    }
    [task] = ann.get(f"/cases/{case_id}/tasks").json["items"]
    assert (task["element_id"], task["name"]) == ("Examine", "Examine loan")
    again = answer(ann.post(f"/cases/{case_id}/migrate", body), 409)
    assert "of this version already" in again["detail"]
    moved = operator.post(f"/cases/{case_id}/return", {"reason": "It was better before"})
    assert answer(moved)["version"] == 1
    assert "title" not in moved.json


def test_what_cannot_move_says_where_and_why(case_id: str, operator: Program) -> None:
    refused = answer(operator.post(f"/cases/{case_id}/migrate", {"to": 2, "reason": "A try"}), 409)
    assert refused["detail"] == "“Assess loan” is not in the other version."

    unknown = answer(operator.post(f"/cases/{case_id}/migrate", {"to": 7, "reason": "A try"}), 422)

    assert unknown["errors"] == {"to": ["There is no version 7 of “loan”."]}


def test_many_move_by_an_order_and_return(case_id: str, another: str, operator: Program) -> None:
    body = {"case_type": "loan", "from": 1, "to": 2, "plan": PLAN, "reason": "A better form", "trial": 1}
    sent = operator.post("/migrations", body)
    order = answer(sent, 201)
    assert sent.headers["Location"].endswith(f"/migrations/{order['id']}")
    assert (order["state"], order["counts"]["waiting"]) == ("running", 2)
    do_jobs()

    paused = answer(operator.get(f"/migrations/{order['id']}"))
    assert (paused["state"], paused["note"], paused["counts"]["moved"]) == (
        "paused",
        "The trial of 1 cases is over.",
        1,
    )
    assert answer(operator.post(f"/migrations/{order['id']}/resume"))["state"] == "running"
    do_jobs()
    [listed] = answer(operator.get("/migrations?case_type=loan"))["items"]
    assert (listed["state"], listed["counts"]["moved"]) == ("done", 2)
    cases = answer(operator.get(f"/migrations/{order['id']}/cases?outcome=moved"))["items"]
    assert {each["outcome"] for each in cases} == {"moved"}
    assert {each["case_id"] for each in cases} == {case_id, another}

    back = answer(operator.post(f"/migrations/{order['id']}/return", {"reason": "Back"}), 201)
    do_jobs()

    assert answer(operator.get(f"/migrations/{back['id']}"))["counts"]["moved"] == 2
    assert db.session.get_one(Case, UUID(case_id)).definition.version == 1


def test_an_order_is_paused_and_stopped(case_id: str, operator: Program) -> None:
    body = {"case_type": "loan", "from": 1, "to": 2, "plan": PLAN, "reason": "A better form"}
    order = answer(operator.post("/migrations", {**body, "cases": {"at": "Assess"}}), 201)

    assert answer(operator.post(f"/migrations/{order['id']}/pause"))["state"] == "paused"
    assert answer(operator.post(f"/migrations/{order['id']}/stop"))["state"] == "stopped"

    assert answer(operator.post(f"/migrations/{order['id']}/resume"), 409)["detail"] == "This migration is stopped."
    assert answer(operator.post("/migrations", {**body, "to": 1}), 400)["detail"].startswith("Cases move between two")


def test_a_restricted_case_tells_operations_nothing(
    case_id: str, operator: Program, office: Office, program: Any
) -> None:
    answer(program(office.ann).post(f"/cases/{case_id}/restrict", {"restricted": True, "reason": "A colleague"}))
    assert operator.post(f"/cases/{case_id}/migrate", {"to": 2, "plan": PLAN, "reason": "A try"}).status_code == 404

    order = answer(operator.post("/migrations", {"case_type": "loan", "from": 1, "to": 2, "reason": "A try"}), 201)
    do_jobs()

    [left] = answer(operator.get(f"/migrations/{order['id']}/cases"))["items"]
    assert (left["outcome"], left["message"].startswith("It belongs to a restricted case")) == ("untouched", True)


def test_new_cases_take_the_version_that_is_chosen(operator: Program, office: Office, program: Any, app: Flask) -> None:
    first, second = (str(definitions.version("loan", number).id) for number in (1, 2))
    db.session.rollback()
    ann = program(office.ann)

    pinned = answer(operator.post(f"/definitions/{first}/pin"))
    assert (pinned["version"], pinned["active"], pinned["pinned"], pinned["latest"]) == (1, True, True, False)
    body = {"case_type": "loan", "data": {"customer": "Ada", "amount": 1}}
    assert answer(ann.post("/cases", body), 201)["definition_id"] == first
    assert answer(operator.post(f"/definitions/{first}/unpin"))["id"] == second

    assert answer(ann.post("/cases", body), 201)["definition_id"] == second
    assert operator.post(f"/definitions/{first}/unpin").status_code == 409
