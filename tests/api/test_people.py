"""People, groups and tokens over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine

from tests.api.conftest import Office, Program


def test_an_administrator_lets_somebody_in_and_out(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)

    made = ada.post("/users", {"name": "eve", "display_name": "Eve", "groups": ["clerks", "night-shift"]})
    taken = ada.post("/users", {"name": "eve"})
    out = ada.patch("/users/eve", {"active": False})

    assert made.status_code == 201, made.text
    assert made.json["groups"] == ["clerks", "night-shift"]
    assert ada.get(made.headers["Location"]).json["display_name"] == "Eve"
    assert taken.status_code == 409
    assert out.json["active"] is False


def test_nobody_locks_themselves_out(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)

    answers = [ada.patch("/users/ada", change) for change in ({"active": False}, {"is_admin": False})]

    assert [answer.status_code for answer in answers] == [409, 409]


def test_membership_counts_from_the_next_request_on(office: Office, program: Callable[..., Program]) -> None:
    ada, zoe, _ = program(office.ada), program(office.zoe), office.open_case()
    before = zoe.get("/tasks?view=team").json["items"]

    joined = ada.send("PUT", "/groups/clerks/members/zoe")
    during = zoe.get("/tasks?view=team").json["items"]
    left = ada.send("DELETE", "/groups/clerks/members/zoe")
    after = zoe.get("/tasks?view=team").json["items"]

    assert (joined.status_code, left.status_code) == (204, 204)
    assert (len(before), len(during), len(after)) == (0, 1, 0)
    assert "zoe" not in ada.get("/groups/clerks").json["members"]


def test_groups_are_made_once(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)

    made = ada.post("/groups", {"name": "night-shift", "title": "Night shift"})
    again = ada.post("/groups", {"name": "night-shift"})

    assert (made.status_code, again.status_code) == (201, 409)
    assert made.json == {
        "name": "night-shift",
        "title": "Night shift",
        "members": [],
        "next_task": None,
        "second_factor": False,
    }
    assert [group["name"] for group in ada.get("/groups?limit=2").json["items"]] == ["auditors", "clerks"]


def test_users_are_found_by_name(office: Office, program: Callable[..., Program]) -> None:
    found = program(office.ada).get("/users?text=A&limit=2").json

    assert [user["name"] for user in found["items"]] == ["ada", "ann"]
    assert [user["name"] for user in program(office.ada).get(found["next"]).json["items"]] == ["mia"]


def test_a_token_works_until_it_is_revoked(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    issued = ann.post("/tokens", {"name": "for a script", "scopes": ["work"], "days": 7}).json
    script = Program(ann.app, issued["secret"])
    works = script.get("/me").json

    revoked = ann.send("DELETE", f"/tokens/{issued['id']}")

    assert works["scopes"] == ["read", "work"]
    assert revoked.status_code == 204
    assert script.get("/me").status_code == 401
    assert issued["id"] not in [token["id"] for token in ann.get("/tokens").json["items"]]


def test_a_token_ends_on_its_day(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    script = Program(ann.app, ann.post("/tokens", {"name": "x", "scopes": ["read"], "days": 7}).json["secret"])

    with time_machine.travel(datetime.now(UTC) + timedelta(days=6, hours=23)):
        still = script.get("/me").status_code
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, minutes=1)):
        ended = script.get("/me").status_code

    assert (still, ended) == (200, 401)


def test_nobody_sees_or_ends_somebody_elses_token(office: Office, program: Callable[..., Program]) -> None:
    ann, ben = program(office.ann), program(office.ben)
    [token] = ann.get("/tokens").json["items"]

    answer = ben.send("DELETE", f"/tokens/{token['id']}")

    assert answer.status_code == 404
    assert ann.get("/me").status_code == 200
    assert token["id"] not in [found["id"] for found in ben.get("/tokens").json["items"]]
