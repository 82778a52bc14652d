"""Roles of a case, and who may see it, over REST."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor
from service.operations import deployments, users
from service.queries import users as users_of
from tests.api.conftest import Office, Program
from tests.operations.test_roles import CARE


def test_roles_are_bound_handed_over_and_explained_over_rest(
    app: Flask, person: Callable[..., Actor], program: Callable[..., Program]
) -> None:
    deployments.deploy({"care.bpmn": CARE}, by=SYSTEM)
    db.session.commit()
    ann, nia = program(person("ann", "clerks")), program(person("nia", "nurses"))
    nob = program(person("nob", "nurses"))
    case = ann.post("/cases", {"case_type": "care", "data": {}}).json["id"]

    bound = ann.send("PUT", f"/cases/{case}/roles/manager", {"holders": ["user:nia"]})
    [task] = nia.get("/tasks?view=team").json["items"]
    handed = nia.post(f"/cases/{case}/roles/manager/hand-over", {"from": "nia", "to": "nob"})
    restricted = ann.post(f"/cases/{case}/restrict", {"restricted": True, "reason": "Private"})

    assert bound.json["items"][0] == {
        "id": "manager", "name": "Case manager", "access": "steer", "holders": ["user:nia"],
    }  # fmt: skip
    assert task["name"] == "Plan"
    assert handed.status_code == 204
    assert restricted.json["restricted"] is True
    assert [(each["name"], each["because"]) for each in nob.get(f"/cases/{case}/access").json["items"]] == [
        ("ann", "owns the case"), ("nob", "has a role in the case"),
    ]  # fmt: skip
    assert nia.get(f"/cases/{case}").status_code == 404
    assert ann.send("PUT", f"/cases/{case}/roles/manager", {"holders": ["ann"]}).status_code == 422


def test_a_restricted_case_that_nobody_reaches_is_brought_back_over_rest(
    office: Office, program: Callable[..., Program]
) -> None:
    ann, ada, ben = program(office.ann), program(office.ada), program(office.ben)
    case = ann.post("/cases", {"case_type": "loan", "data": {"customer": "Ada", "amount": 1}}).json
    ann.post(f"/cases/{case['id']}/restrict", {"restricted": True, "reason": "Private"})
    users.change(users_of.user("ann"), by=SYSTEM, active=False, leaves_restricted=True)
    db.session.commit()
    said = {"number": case["number"], "owner": "ben", "reason": "Ann has left us."}

    [lost] = ada.get("/lost-cases").json["items"]
    refused = ada.post("/lost-cases", {**said, "number": "LOA-2026-99999"})
    brought = ada.post("/lost-cases", said)

    assert (lost["number"], lost["case_type"], lost["last_owner"]) == (case["number"], "loan", "ann")
    assert (refused.status_code, brought.status_code) == (409, 204)
    assert ben.get(f"/cases/{case['id']}").status_code == 200
    assert ada.get(f"/cases/{case['id']}").status_code == 404
    assert ben.get("/lost-cases").status_code == 403
