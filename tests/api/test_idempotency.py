"""A write repeated with the same key gets the first answer, whatever happened to the first one's reply."""

from __future__ import annotations

import threading
from collections.abc import Callable

import sqlalchemy as sa

from service.db import db
from service.models import Case, IdempotencyKey
from tests.api.conftest import Office, Program

OPEN = {"case_type": "loan", "data": {"customer": "Lovelace", "amount": 500}}


def count() -> int:
    number = db.session.scalar(sa.select(sa.func.count()).select_from(Case))
    db.session.rollback()
    assert number is not None
    return number


def test_a_repeated_write_gets_the_first_answer(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)

    first = ann.post("/cases", OPEN, Idempotency_Key="order-1")
    again = ann.post("/cases", OPEN, Idempotency_Key="order-1")

    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert (first.headers["Location"], first.headers["ETag"]) == (again.headers["Location"], again.headers["ETag"])
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert count() == 1


def test_another_request_under_the_same_key_is_refused(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    ann.post("/cases", OPEN, Idempotency_Key="order-1")

    other = ann.post("/cases", {**OPEN, "data": {"customer": "Babbage"}}, Idempotency_Key="order-1")

    assert other.status_code == 422
    assert count() == 1


def test_each_person_has_keys_of_their_own(office: Office, program: Callable[..., Program]) -> None:
    ann, ben = program(office.ann), program(office.ben)

    answers = [who.post("/cases", OPEN, Idempotency_Key="order-1") for who in (ann, ben)]

    assert answers[0].json["id"] != answers[1].json["id"]
    assert count() == 2


def test_a_refused_request_may_be_tried_again_under_its_key(office: Office, program: Callable[..., Program]) -> None:
    ann, ben = program(office.ann), program(office.ben)
    office.open_case()
    [task] = ann.get("/tasks?view=team").json["items"]
    ben.post(f"/tasks/{task['id']}/claim")
    refused = ann.post(f"/tasks/{task['id']}/claim", Idempotency_Key="mine")
    ben.post(f"/tasks/{task['id']}/release")

    again = ann.post(f"/tasks/{task['id']}/claim", Idempotency_Key="mine")

    assert (refused.status_code, again.status_code) == (409, 200)


def test_a_completed_task_is_not_completed_twice(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()
    [task] = ann.get("/tasks?view=team").json["items"]
    ann.post(f"/tasks/{task['id']}/claim")

    answers = [ann.post(f"/tasks/{task['id']}/complete", {"data": {}}, Idempotency_Key="done") for _ in range(3)]
    without = ann.post(f"/tasks/{task['id']}/complete", {"data": {}})

    assert [answer.status_code for answer in answers] == [200] * 3
    assert without.status_code == 409
    story = [entry["action"] for entry in ann.get(f"/cases/{case}/timeline").json["items"]]
    assert story.count("task:completed") == 1


def test_twenty_at_once_under_one_key_open_one_case(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    answers: list[tuple[int, str | None]] = []
    begin = threading.Barrier(20)

    def send() -> None:
        begin.wait()
        answer = ann.post("/cases", OPEN, Idempotency_Key="order-1")
        answers.append((answer.status_code, answer.json.get("id") if answer.json else None))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count() == 1
    assert {status for status, _ in answers} <= {201, 409}
    assert len({found for status, found in answers if status == 201}) == 1


def test_a_key_is_short_visible_ascii(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)

    answers = [ann.post("/cases", OPEN, Idempotency_Key=key) for key in ("", "a b", "x" * 256, "grün")]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert count() == 0


def test_what_may_be_shown_once_is_not_kept(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    wish = {"name": "for a script", "scopes": ["read"]}

    first = ann.post("/tokens", wish, Idempotency_Key="token-1")
    again = ann.post("/tokens", wish, Idempotency_Key="token-1")

    assert first.json["secret"].startswith("cw_")
    assert again.json == {**first.json, "secret": None}
    kept = db.session.scalars(sa.select(IdempotencyKey.body)).one()
    assert first.json["secret"].encode() not in kept


def test_who_has_lost_a_case_since_gets_no_kept_answer_about_it(
    office: Office, program: Callable[..., Program]
) -> None:
    ann, mia = program(office.ann), program(office.mia)
    opened = ann.post("/cases", OPEN, Idempotency_Key="opened").json["id"]
    paths = {f"/cases/{opened}/notes": {"text": "Call them."}, f"/cases/{opened}/suspend": {"reason": "A test."}}
    answers = [mia.post(path, body, Idempotency_Key=path).status_code for path, body in paths.items()]
    ann.post(f"/cases/{opened}/restrict", {"restricted": True, "reason": "Family."})

    again = [mia.post(path, body, Idempotency_Key=path) for path, body in paths.items()]

    assert answers == [201, 200]
    assert [answer.status_code for answer in again] == [404, 404]
    assert "Lovelace" not in "".join(answer.text for answer in again)
    assert ann.post("/cases", OPEN, Idempotency_Key="opened").status_code == 201


def test_who_loses_a_case_by_the_write_itself_gets_its_answer_again(
    office: Office, program: Callable[..., Program]
) -> None:
    ann, ben = program(office.ann), program(office.ben)
    opened = ann.post("/cases", OPEN).json["id"]
    given = {"owner": "mia"}
    ben_claims = f"/tasks/{ann.get('/tasks?view=team').json['items'][0]['id']}/claim"

    first = ann.send("PATCH", f"/cases/{opened}", given, Idempotency_Key="given")
    again = ann.send("PATCH", f"/cases/{opened}", given, Idempotency_Key="given")
    claimed = [ben.post(ben_claims, Idempotency_Key="claimed").status_code for _ in range(2)]

    assert (first.status_code, again.status_code, again.data == first.data) == (200, 200, True)
    assert claimed == [200, 200]
