"""Comments on tasks, questions to somebody who need not take the task, and tasks that are sent back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor, AuditEntry, Case, User
from service.operations import lifecycle, roles, users
from tests.api.conftest import Office, Program

Programs = Callable[..., Program]
WHY = {"reason": "The payslip is of last year."}


def open_task(program: Program, case: str) -> str:
    """The id of the case's open task."""
    [task] = [each for each in program.get(f"/cases/{case}/tasks").json["items"] if each["closed_at"] is None]
    return str(task["id"])


def told(case: str, action: str) -> list[dict[str, Any]]:
    """What the audit keeps of each such action."""
    entries = db.session.query(AuditEntry).filter_by(case_id=UUID(case), action=action).order_by(AuditEntry.seq).all()
    found = [dict(entry.details or {}) for entry in entries]
    db.session.rollback()
    return found


def test_a_comment_stands_at_its_task_and_on_the_case(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()
    task = open_task(ann, case)

    made = ann.post(f"/cases/{case}/notes", {"text": "Call before noon, @ben.", "task": task})

    assert (made.status_code, made.json["task_id"]) == (201, task)
    assert [each["task_id"] for each in ann.get(f"/cases/{case}/notes").json["items"]] == [task]
    assert [each["id"] for each in program(office.ben).get("/notes").json["items"]] == [made.json["id"]]
    assert told(case, "note:written")[0]["task"] == task


def test_a_comment_is_on_a_task_of_its_case_that_one_may_see(office: Office, program: Programs) -> None:
    ann, case, other = program(office.ann), office.open_case(), office.open_case()
    of_other = open_task(ann, other)

    refused = ann.post(f"/cases/{case}/notes", {"text": "x", "task": of_other})
    unseen = program(office.zoe).post(f"/cases/{case}/notes", {"text": "x", "task": of_other})
    unknown = ann.post(f"/cases/{case}/notes", {"text": "x", "task": str(UUID(int=7))})

    assert (refused.status_code, refused.json["errors"]) == (400, {"task": ["That is a task of another case."]})
    assert (unseen.status_code, unknown.status_code) == (404, 404)


def test_a_question_waits_until_whom_it_asks_has_answered(office: Office, program: Programs) -> None:
    ann, ben, case = program(office.ann), program(office.ben), office.open_case()
    question = ann.post(f"/cases/{case}/notes", {"text": "Is she known to us?", "asks": "ben"}).json
    assert [each["id"] for each in ben.get("/questions").json["items"]] == [question["id"]]
    assert ann.get("/questions").json["items"] == []

    answer = ben.post(f"/notes/{question['id']}/answer", {"text": "Yes, since 2019."})

    assert (answer.status_code, answer.json["answers"], answer.json["visibility"]) == (201, question["id"], "team")
    assert ben.get("/questions").json["items"] == []
    assert [each["id"] for each in ann.get("/notes").json["items"]] == [answer.json["id"]]  # it mentions her
    assert ben.post(f"/notes/{question['id']}/answer", {"text": "Again."}).status_code == 409
    assert told(case, "note:answered")[0]["mentions"] == ["ann"]


def test_only_who_is_asked_answers(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()
    question = ann.post(f"/cases/{case}/notes", {"text": "Well?", "asks": "ben"}).json["id"]

    answers = {who.name: program(who).post(f"/notes/{question}/answer", {"text": "I say."}).status_code
               for who in (office.ann, office.mia, office.ada, office.rex, office.zoe)}  # fmt: skip

    assert answers == {"ann": 403, "mia": 403, "ada": 403, "rex": 404, "zoe": 404}  # it is for the team


def test_nobody_is_asked_who_could_not_read_the_question(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()

    stranger = ann.post(f"/cases/{case}/notes", {"text": "Well?", "asks": "zoe", "visibility": "everybody"})
    reader = ann.post(f"/cases/{case}/notes", {"text": "Well?", "asks": "rex"})
    for_all = ann.post(f"/cases/{case}/notes", {"text": "Well?", "asks": "rex", "visibility": "everybody"})

    assert (stranger.status_code, stranger.json["detail"]) == (
        400, "Zoe may not see this case; ask somebody who may.")  # fmt: skip
    assert (reader.status_code, reader.json["detail"]) == (
        400, "Rex may not see what is for the team; ask somebody who may.")  # fmt: skip
    assert program(office.rex).post(f"/notes/{for_all.json['id']}/answer", {"text": "Yes"}).status_code == 201


def test_a_question_is_out_of_sight_with_its_case(app: Flask, office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()
    question = ann.post(f"/cases/{case}/notes", {"text": "Well?", "asks": "ben"}).json["id"]
    found = db.session.get_one(Case, UUID(case))
    roles.restrict(found, True, by=office.ann, reason="A test.")
    db.session.commit()
    db.session.rollback()

    ben = program(office.ben)

    assert ben.get("/questions").json["items"] == []
    assert ben.post(f"/notes/{question}/answer", {"text": "Yes"}).status_code == 404


def test_a_task_goes_back_to_who_had_it_before(office: Office, program: Programs) -> None:
    ann, ben, case = program(office.ann), program(office.ben), office.open_case()
    task = open_task(ann, case)
    ben.post(f"/tasks/{task}/claim")
    ben.post(f"/tasks/{task}/release")
    ann.post(f"/tasks/{task}/claim")
    assert "send-back" in ann.get(f"/tasks/{task}").json["actions"]

    sent = ann.post(f"/tasks/{task}/send-back", WHY)

    assert (sent.status_code, sent.json["assignee"], sent.json["state"]) == (200, "ben", "reserved")
    assert told(case, "task:sent-back") == [{"task": task, "to": "ben", **WHY}]
    assert ann.post(f"/tasks/{task}/send-back", WHY).status_code == 403


def test_a_task_that_nobody_had_goes_back_to_the_queue(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()
    task = open_task(ann, case)
    ann.post(f"/tasks/{task}/claim")

    assert ann.post(f"/tasks/{task}/send-back", WHY).json["assignee"] is None

    assert [each["id"] for each in program(office.ben).get("/tasks?view=team").json["items"]] == [task]


def test_four_eyes_and_candidates_are_respected(office: Office, program: Programs) -> None:
    """Ann assessed, and so may not approve, though the task before was hers and she is a candidate."""
    ann, ben, case = program(office.ann), program(office.ben), office.open_case(amount=5000)
    first = open_task(ann, case)
    ann.post(f"/tasks/{first}/claim")
    ann.post(f"/tasks/{first}/complete", {"data": {}})
    approve = open_task(ann, case)
    ben.post(f"/tasks/{approve}/claim")

    assert ben.post(f"/tasks/{approve}/send-back", WHY).json["assignee"] is None


@pytest.mark.parametrize("gone", ["not here any more", "no candidate any more"])
def test_it_goes_back_to_nobody_who_could_not_do_it(
    office: Office, program: Programs, person: Callable[..., Actor], gone: str
) -> None:
    ann, ben, case = program(office.ann), program(office.ben), office.open_case()
    task = open_task(ann, case)
    ben.post(f"/tasks/{task}/claim")
    ben.post(f"/tasks/{task}/release")
    ann.post(f"/tasks/{task}/claim")
    user = db.session.get_one(User, office.ben.id)
    if gone == "not here any more":
        users.change(user, active=False, by=SYSTEM)
    else:
        user.memberships = []
    db.session.commit()
    db.session.rollback()

    assert ann.post(f"/tasks/{task}/send-back", WHY).json["assignee"] is None


def test_a_reason_is_asked_for_and_a_case_on_hold_stands_still(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()
    task = open_task(ann, case)
    ann.post(f"/tasks/{task}/claim")

    assert ann.post(f"/tasks/{task}/send-back", {"reason": " "}).status_code in (400, 422)
    assert ann.post(f"/tasks/{task}/send-back", {"reason": "x" * 1001}).status_code in (400, 422)
    lifecycle.suspend(db.session.get_one(Case, UUID(case)), by=SYSTEM, reason="A test.")
    db.session.commit()
    db.session.rollback()
    assert ann.post(f"/tasks/{task}/send-back", WHY).status_code == 409
