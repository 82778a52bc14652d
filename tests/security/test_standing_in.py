"""Who stands in for somebody who is away, and how far that goes: attacked rule by rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask

from service.db import db, utcnow
from service.models import SYSTEM, AuditEntry, Case, HumanTask, User
from service.operations import roles, users
from service.policy.permissions import Action, may
from service.queries import access
from tests.api.conftest import Office, Program

Programs = Callable[..., Program]


def day(number: int = 0) -> str:
    return (utcnow().date() + timedelta(days=number)).isoformat()


def away(program: Program, *substitutes: str, first: int = 0, last: int = 7, **scope: Any) -> Any:
    """Say that the program's owner is away."""
    body = {
        "first_day": day(first),
        "last_day": day(last),
        "zone": "UTC",
        "substitutes": [{"substitute": name, **scope} for name in substitutes],
    }
    answer = program.post("/absences", body)
    assert answer.status_code == 201, answer.json
    return answer.json


@pytest.fixture
def anns(office: Office, program: Programs) -> tuple[str, str]:
    """A case of Mia's, and its task, which Ann has; Zoe has nothing to do with either."""
    case = office.open_case(amount=5000)
    task = program(office.ann).get("/tasks?view=team").json["items"][0]["id"]
    program(office.ann).post(f"/tasks/{task}/claim")
    return case, task


def test_a_substitute_sees_and_does_the_task_while_it_lasts(
    office: Office, program: Programs, anns: tuple[str, str]
) -> None:
    case, task = anns
    zoe = program(office.zoe)
    assert zoe.get(f"/tasks/{task}").status_code == 404
    away(program(office.ann), "zoe")

    listed = {view: [each["id"] for each in zoe.get(f"/tasks?view={view}").json["items"]] for view in ("mine", "all")}
    found = zoe.get(f"/tasks/{task}").json

    assert listed == {"mine": [task], "all": [task]}
    assert (found["assignee"], found["actions"]) == ("ann", ["complete"])
    assert zoe.get(f"/cases/{case}").status_code == 200
    assert [each["id"] for each in zoe.get("/cases").json["items"]] == [case]
    done = zoe.post(f"/tasks/{task}/complete", {"data": {}})
    assert (done.status_code, done.json["closed_by"], done.json["assignee"]) == (200, "zoe", "ann")
    entry = db.session.query(AuditEntry).filter_by(case_id=UUID(case), action="task:completed").one()
    assert (entry.actor, (entry.details or {})["for"]) == ("zoe", "ann")
    db.session.rollback()
    assert zoe.get(f"/cases/{case}").status_code == 200  # of what she did she still sees the case


def test_a_substitute_completes_and_no_more(office: Office, program: Programs, anns: tuple[str, str]) -> None:
    case, task = anns
    away(program(office.ann), "zoe")
    zoe = program(office.zoe)

    refused = {
        what: zoe.post(f"/tasks/{task}/{what}", body).status_code
        for what, body in (
            ("release", None),
            ("delegate", {"to": "ben"}),
            ("send-back", {"reason": "No."}),
            ("assign", {"to": "zoe"}),
            ("hand-back", None),
        )
    }
    cancelled = zoe.post(f"/cases/{case}/cancel", {"reason": "No."}).status_code

    assert (set(refused.values()), cancelled) == ({403}, 403)


@pytest.mark.parametrize("when", ["before", "after", "ended"])
def test_nobody_stands_in_before_or_after(office: Office, program: Programs, anns: tuple[str, str], when: str) -> None:
    case, task = anns
    ann, zoe = program(office.ann), program(office.zoe)
    said = away(ann, "zoe", first=3 if when == "before" else 0, last=4)
    if when == "ended":
        assert ann.send("DELETE", f"/absences/{said['id']}").status_code == 204

    with time_machine.travel(utcnow() + timedelta(days=5 if when == "after" else 0)):
        answers = [
            zoe.get(f"/tasks/{task}").status_code,
            zoe.get(f"/cases/{case}").status_code,
            zoe.post(f"/tasks/{task}/complete", {"data": {}}).status_code,
            len(zoe.get("/tasks?view=mine").json["items"]),
            len(zoe.get("/cases").json["items"]),
        ]

    assert answers == [404, 404, 404, 0, 0]


def test_days_are_those_of_the_persons_zone(office: Office, program: Programs) -> None:
    said = program(office.ann).post(
        "/absences", {"first_day": "2027-07-01", "last_day": "2027-07-02", "zone": "Europe/Berlin"}
    )

    assert (said.json["begins_at"], said.json["ends_at"]) == ("2027-06-30T22:00:00Z", "2027-07-02T22:00:00Z")


def test_only_what_the_substitution_is_for(office: Office, program: Programs, anns: tuple[str, str]) -> None:
    _case, task = anns
    ann, zoe = program(office.ann), program(office.zoe)
    seen = {}
    for scope in ({"case_type": "loan"}, {"group": "clerks"}, {"group": "managers"}):
        said = away(ann, "zoe", **scope)
        seen[str(scope)] = zoe.get(f"/tasks/{task}").status_code
        ann.send("DELETE", f"/absences/{said['id']}")

    assert list(seen.values()) == [200, 200, 404]


def test_it_goes_one_step_and_no_further(office: Office, program: Programs, anns: tuple[str, str]) -> None:
    _case, task = anns
    away(program(office.ann), "rex")
    said = away(program(office.rex), "zoe")
    assert program(office.rex).get(f"/tasks/{task}").json["actions"] == ["complete"]

    zoe = program(office.zoe)

    assert zoe.get(f"/tasks/{task}").status_code == 404
    assert zoe.get("/tasks?view=mine").json["items"] == []
    assert zoe.get("/absences").json["items"] == [said]
    assert program(office.ada).get("/absences").json["items"][0]["also_away"] == ["rex"]


def test_a_circle_gives_nobody_more_than_the_other_has(
    office: Office, program: Programs, anns: tuple[str, str]
) -> None:
    _case, task = anns
    away(program(office.ann), "zoe")
    away(program(office.zoe), "ann")

    assert program(office.zoe).post(f"/tasks/{task}/complete", {"data": {}}).status_code == 200


def test_four_eyes_hold_through_substitution(office: Office, program: Programs, anns: tuple[str, str]) -> None:
    """Ann assessed. Whoever acts for Ann may not approve; and what Zoe did for Ann counts as done by both."""
    case, task = anns
    ann, ben, zoe = program(office.ann), program(office.ben), program(office.zoe)
    away(ann, "ben")
    assert ben.post(f"/tasks/{task}/complete", {"data": {}}).status_code == 200  # Ben for Ann
    [approve] = [each for each in ben.get(f"/cases/{case}/tasks").json["items"] if each["closed_at"] is None]
    path = f"/tasks/{approve['id']}"

    for who in (ann, ben):
        assert "claim" not in who.get(path).json["actions"]
        assert who.post(f"{path}/claim").status_code == 403
    mia = program(office.mia)
    assert mia.post(f"{path}/assign", {"to": "ann"}).status_code == 400
    assert mia.post(f"{path}/assign", {"to": "ben"}).status_code == 400
    mia.post(f"{path}/claim")
    away(mia, "ben", "zoe")
    assert "complete" not in ben.get(path).json["actions"]
    assert ben.post(f"{path}/complete", {"data": {}}).status_code == 403  # Ben for Mia may not: he did the step before
    assert zoe.post(f"{path}/complete", {"data": {}}).status_code == 200


def test_what_who_is_away_may_not_do_nobody_does_for_them(
    office: Office, program: Programs, anns: tuple[str, str]
) -> None:
    case, task = anns
    ann, zoe = program(office.ann), program(office.zoe)
    ann.post(f"/tasks/{task}/complete", {"data": {}})
    found = db.session.query(HumanTask).filter_by(case_id=UUID(case), element_id="Approve").one()
    found.assignee, found.state = "ann", "reserved"  # whichever way it came to her
    path = f"/tasks/{found.id}"
    db.session.commit()
    db.session.rollback()
    away(ann, "zoe")

    assert zoe.get(path).json["actions"] == []
    refused = zoe.post(f"{path}/complete", {"data": {}})
    assert (refused.status_code, "neither of you" in refused.json["detail"]) == (403, True)


def test_a_restricted_case_stays_closed_to_who_has_no_part_in_it(
    app: Flask, office: Office, program: Programs, anns: tuple[str, str]
) -> None:
    case, task = anns
    away(program(office.ann), "zoe")
    roles.restrict(db.session.get_one(Case, UUID(case)), True, by=office.ann, reason="A test.")
    db.session.commit()
    db.session.rollback()
    zoe = program(office.zoe)

    answers = [
        zoe.get(f"/tasks/{task}").status_code,
        zoe.get(f"/cases/{case}").status_code,
        zoe.post(f"/tasks/{task}/complete", {"data": {}}).status_code,
        zoe.send("PUT", f"/tasks/{task}/draft", {"values": {}, "version": 0}).status_code,
        sum(len(zoe.get(f"/tasks?view={view}").json["items"]) for view in ("mine", "all", "team")),
        len(zoe.get("/cases").json["items"]),
    ]
    assert answers == [404, 404, 404, 404, 0, 0]
    db.session.get_one(Case, UUID(case)).owner_id = office.zoe.id
    db.session.commit()
    db.session.rollback()
    assert zoe.post(f"/tasks/{task}/complete", {"data": {}}).status_code == 200


def test_the_list_and_the_rule_agree_on_what_a_substitute_reads(
    office: Office, program: Programs, anns: tuple[str, str]
) -> None:
    case, _task = anns
    away(program(office.ann), "zoe")
    zoe = users.actor_of(office.zoe.id)
    found = db.session.get_one(Case, UUID(case))

    assert zoe.stands_in and may(zoe, Action.READ_CASE, found)
    assert "zoe" in {seer.name for seer in access.who(found, actor=office.ann)}
    assert not users.actor_of(office.rex.id).stands_in


def test_nobody_says_or_ends_it_of_others_but_who_manages_users(office: Office, program: Programs) -> None:
    body = {"person": "ann", "first_day": day(), "last_day": day(1), "zone": "UTC",
            "substitutes": [{"substitute": "zoe"}]}  # fmt: skip

    asking = (office.zoe, office.ben, office.mia, office.ada)

    answers = {who.name: program(who).post("/absences", body).status_code for who in asking}

    assert answers == {"zoe": 403, "ben": 403, "mia": 403, "ada": 201}
    said = program(office.ada).get("/absences").json["items"][0]["id"]
    for who, status in ((office.ben, 404), (office.zoe, 404), (office.rex, 404), (office.ann, 204)):
        assert program(who).send("DELETE", f"/absences/{said}").status_code == status
    assert program(office.ann, "read").post("/absences", {**body, "person": "ann"}).status_code == 403


def test_who_is_away_is_told_to_their_groups_and_to_who_stands_in(office: Office, program: Programs) -> None:
    away(program(office.ann), "zoe")

    told = {who.name: len(program(who).get("/absences").json["items"]) for who in
            (office.ann, office.ben, office.zoe, office.rex, office.mia, office.ada)}  # fmt: skip

    assert told == {"ann": 1, "ben": 1, "zoe": 1, "rex": 0, "mia": 0, "ada": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"last_day": day(-1)}, "The last day is before the first."),
        ({"first_day": day(-9), "last_day": day(-3)}, "That is over already."),
        ({"last_day": day(400)}, "An absence has at most 366 days."),
        ({"first_day": day(900), "last_day": day(901)}, "It begins more than two years from now."),
        ({"zone": "Middle/Earth"}, "Name a time zone such as Europe/Berlin."),
        ({"substitutes": [{"substitute": "ann"}]}, "Nobody stands in for themselves."),
        ({"substitutes": [{"substitute": "nobody"}]}, "There is nobody called “nobody”."),
        ({"substitutes": [{"substitute": "ben", "case_type": "xyz"}]}, "There is no case type “xyz”."),
        ({"substitutes": [{"substitute": "ben", "group": "xyz"}]}, "There is no group “xyz”."),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(
    office: Office, program: Programs, change: dict[str, Any], said: str
) -> None:
    body = {"first_day": day(), "last_day": day(1), "zone": "UTC", **change}

    answer = program(office.ann).post("/absences", body)

    assert (answer.status_code, answer.json["detail"]) == (400, said)


def test_who_is_locked_out_stands_in_for_nobody(office: Office, program: Programs, anns: tuple[str, str]) -> None:
    zoe = program(office.zoe)
    away(program(office.ann), "zoe")
    users.change(db.session.get_one(User, office.zoe.id), active=False, by=SYSTEM)
    db.session.commit()
    db.session.rollback()

    assert zoe.get(f"/tasks/{anns[1]}").status_code == 401
