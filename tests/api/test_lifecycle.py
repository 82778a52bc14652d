"""A case's life over REST."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor
from service.operations import deployments
from tests.api.conftest import Program
from tests.operations.care_life import FILES


def test_a_case_is_held_resumed_gone_back_in_closed_and_opened_again(
    app: Flask, person: Callable[..., Actor], program: Callable[..., Program]
) -> None:
    deployments.deploy({f"{number}.bpmn": file for number, file in enumerate(FILES)}, by=SYSTEM)
    db.session.commit()
    ann = program(person("ann", "clerks"))
    case = ann.post("/cases", {"case_type": "project", "data": {"item": "x"}}).json["id"]
    [plan] = ann.get(f"/cases/{case}/tasks").json["items"]
    ann.post(f"/tasks/{plan['id']}/claim")
    ann.post(f"/tasks/{plan['id']}/complete", {"data": {}})

    held = ann.post(f"/cases/{case}/suspend", {"reason": "Later", "until": "2126-01-01T00:00:00Z"})
    resumed = ann.post(f"/cases/{case}/resume")
    life = ann.get(f"/cases/{case}/life").json
    back = ann.post(f"/cases/{case}/repeat", {"element_id": "Plan", "reason": "Anew"})
    added = ann.post(f"/cases/{case}/tasks", {"name": "Pack", "checklist": ["Keys"], "to": "ann"})
    refused = ann.post(f"/cases/{case}/close", {"outcome": "won"})
    ann.send("PUT", f"/tasks/{added.json['id']}/checklist", {"done": [0]})
    ann.post(f"/tasks/{added.json['id']}/complete", {"data": {}})
    closed = ann.post(f"/cases/{case}/close", {"outcome": "won", "summary": "Well done"})
    again = ann.post(f"/cases/{case}/reopen", {"reason": "Not quite", "element_id": "Plan"})

    assert (held.json["state"], resumed.json["state"]) == ("suspended", "active")
    assert [each["state"] for each in life["stages"]] == ["done", "current"]
    assert [each["id"] for each in life["outcomes"]] == ["won", "lost"]
    assert sorted(life["repeatable"][0]["cancels"]) == ["Claim", "Work"]
    assert back.json["stage"] == "plan"
    assert (added.status_code, added.json["checklist"]) == (201, [{"text": "Keys", "done": False}])
    assert (refused.status_code, refused.json["detail"]) == (409, "Still to be done before: Pack.")
    assert (closed.json["state"], again.json["state"]) == ("completed", "active")
    open_ones = [each["name"] for each in ann.get(f"/cases/{case}/tasks").json["items"] if not each["closed_at"]]
    assert open_ones == ["Make a plan"]
