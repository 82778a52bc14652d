"""Where a case stands is changed by hand over REST: previewed, made, proposed and agreed to; and many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.db import db
from service.models import SYSTEM, Actor
from service.operations import deployments
from tests.api.conftest import LOAN, Office, Program
from tests.jobs_by_hand import do_jobs

GUARDED = LOAN.replace(b'case:numberPrefix="LOA"', b'case:numberPrefix="LOA" case:changesNeedApproval="true"')
ONWARD = {"do": "move", "element": "Assess", "to": "Approve"}


@pytest.fixture
def case_id(office: Office) -> str:
    found = office.open_case()
    db.session.rollback()
    return found


@pytest.fixture
def operator(office: Office, program: Callable[..., Program], person: Callable[..., Actor]) -> Program:
    return program(person("ora", "operators"), "read", "work", "operate")


def answer(sent: Any, status: int = 200) -> Any:
    assert sent.status_code == status, sent.json
    return sent.json


def test_what_is_previewed_is_made(case_id: str, office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    where = f"/cases/{case_id}/modifications"
    sent = ann.post(f"{where}/preview", {"steps": [ONWARD]})
    seen = answer(sent)
    assert (seen["verdict"], seen["before"], seen["after"], seen["needs_approval"]) == (
        "safe",
        ["Assess"],
        ["Approve"],
        False,
    )
    assert {"what": "opens", "kind": "task", "element_id": "Approve", "name": "Approve loan", "at": None} in seen[
        "effects"
    ]

    made = ann.post(
        where,
        {"steps": [ONWARD], "reason": "A wrong turn", "revision": seen["revision"]},
        If_Match=sent.headers["ETag"],
    )

    said = answer(made, 201)
    assert (said["state"], said["steps"], said["created_by"]) == ("applied", [ONWARD], "ann")
    assert answer(ann.get(made.headers["Location"])) == said
    assert answer(ann.get(where))["items"] == [said]
    task = next(each for each in answer(ann.get(f"/cases/{case_id}/tasks"))["items"] if each["state"] == "ready")
    assert task["element_id"] == "Approve"
    stale = ann.post(where, {"steps": [ONWARD], "reason": "Once more", "revision": seen["revision"]})
    assert "Something has happened" in answer(stale, 412)["detail"]


def test_what_cannot_be_says_why(case_id: str, office: Office, program: Callable[..., Program]) -> None:
    ann, where = program(office.ann), f"/cases/{case_id}/modifications"

    assert (
        "Nothing would be open"
        in answer(ann.post(f"{where}/preview", {"steps": [{"do": "take", "element": "Assess"}]}), 409)["detail"]
    )
    assert answer(ann.post(where, {"steps": [ONWARD]}), 422)["errors"] == {"reason": ["Field required"]}
    assert "steps.0.do" in answer(ann.post(where, {"steps": [{"do": "blow up"}], "reason": "A try"}), 422)["errors"]
    assert answer(ann.post(where, {"steps": [], "reason": "A try"}), 422)
    wrong = {"do": "set", "values": {"no name": 1}}
    assert "need names" in answer(ann.post(where, {"steps": [wrong], "reason": "A try"}), 400)["detail"]


def test_two_have_to_agree_where_the_case_type_says_so(office: Office, program: Callable[..., Program]) -> None:
    deployments.deploy({"loan.bpmn": GUARDED}, by=SYSTEM)
    db.session.commit()
    case_id = office.open_case()
    db.session.rollback()
    ann, mia, where = program(office.ann), program(office.mia), f"/cases/{case_id}/modifications"
    assert answer(ann.post(f"{where}/preview", {"steps": [ONWARD]}))["needs_approval"] is True
    made = answer(ann.post(where, {"steps": [ONWARD], "reason": "A wrong turn"}), 201)
    other = answer(ann.post(where, {"steps": [ONWARD], "reason": "Another"}), 201)
    assert (made["state"], answer(ann.get(f"/cases/{case_id}"))["state"]) == ("proposed", "active")
    assert "four eyes" in answer(ann.post(f"{where}/{made['id']}/approve"), 403)["detail"]

    agreed = answer(mia.post(f"{where}/{made['id']}/approve"))
    late = answer(mia.post(f"{where}/{other['id']}/approve"))

    assert (agreed["state"], agreed["decided_by"]) == ("applied", "mia")
    assert (late["state"], late["answer"]) == ("refused", "What stood at “Assess” is not open, or no longer.")
    assert answer(mia.post(f"{where}/{made['id']}/refuse", {"reason": "No"}), 409)
    third = answer(ann.post(where, {"steps": [{"do": "put", "element": "Approve"}], "reason": "One more"}), 201)
    assert answer(ann.post(f"{where}/{third['id']}/refuse", {}))["state"] == "withdrawn"


def test_a_proposal_of_one_case_is_not_found_under_another(office: Office, program: Callable[..., Program]) -> None:
    deployments.deploy({"loan.bpmn": GUARDED}, by=SYSTEM)
    db.session.commit()
    first, second = office.open_case(), office.open_case()
    db.session.rollback()
    ann, mia = program(office.ann), program(office.mia)
    made = answer(ann.post(f"/cases/{first}/modifications", {"steps": [ONWARD], "reason": "A wrong turn"}), 201)

    assert answer(mia.post(f"/cases/{second}/modifications/{made['id']}/approve"), 404)


def test_many_are_changed_by_an_order(case_id: str, office: Office, operator: Program) -> None:
    office.open_case()
    db.session.rollback()
    body = {"case_type": "loan", "version": 1, "steps": [ONWARD], "reason": "A wrong turn", "cases": {"at": "Assess"}}
    sent = operator.post("/modifications", {**body, "trial": 1})
    order = answer(sent, 201)
    assert (order["from"], order["to"], order["plan"]) == (1, 1, {"steps": [ONWARD]})
    do_jobs()
    assert answer(operator.get(f"/migrations/{order['id']}"))["state"] == "paused"
    answer(operator.post(f"/migrations/{order['id']}/resume"))
    do_jobs()

    done = answer(operator.get(sent.headers["Location"]))

    assert (done["state"], done["counts"]["moved"]) == ("done", 2)
    assert (
        "does not return"
        in answer(operator.post(f"/migrations/{order['id']}/return", {"reason": "Back"}), 409)["detail"]
    )
    assert answer(operator.post("/modifications", {**body, "version": 7}), 422)["errors"].keys() == {"version"}


def test_who_operates_changes_a_case_and_reads_nothing_of_it(case_id: str, operator: Program) -> None:
    assert operator.get(f"/cases/{case_id}").status_code == 404

    made = answer(operator.post(f"/cases/{case_id}/modifications", {"steps": [ONWARD], "reason": "A wrong turn"}), 201)

    assert made["state"] == "applied"
    assert operator.get(f"/cases/{case_id}").status_code == 404


def test_a_restricted_case_is_changed_by_those_who_steer_it(
    case_id: str, office: Office, operator: Program, program: Callable[..., Program]
) -> None:
    ann = program(office.ann)
    answer(ann.post(f"/cases/{case_id}/restrict", {"restricted": True, "reason": "A colleague"}))

    sent = {"steps": [ONWARD], "reason": "A wrong turn"}
    assert operator.post(f"/cases/{case_id}/modifications", sent).status_code == 404
    assert operator.post(f"/cases/{case_id}/modifications/preview", {"steps": [ONWARD]}).status_code == 404
    assert program(office.mia).post(f"/cases/{case_id}/modifications", sent).status_code == 404
    assert answer(ann.post(f"/cases/{case_id}/modifications", sent), 201)["state"] == "applied"
