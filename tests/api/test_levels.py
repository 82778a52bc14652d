"""Service levels over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from service.db import db
from service.models import SYSTEM
from service.operations import calendars, deployments
from service.operations.calendars import Said
from tests.api.conftest import Office, Program
from tests.operations.test_service_levels import PROCESS, WEEK


def test_levels_come_with_every_stretch(office: Office, program: Callable[..., Program]) -> None:
    calendars.put("munich", Said("Munich", "Europe/Berlin", WEEK), by=SYSTEM)
    deployments.deploy({"p.bpmn": PROCESS.encode()}, by=SYSTEM)
    db.session.commit()
    ann = program(office.ann)
    case = ann.post("/cases", {"case_type": "p", "data": {}}).json
    [task] = [each for each in ann.get("/tasks?view=team").json["items"] if each["case"]["id"] == case["id"]]

    of_case = ann.get(f"/cases/{case['id']}/service-levels").json["items"]
    of_task = ann.get(f"/tasks/{task['id']}/service-levels").json["items"]

    assert {(each["about"], each["kind"]) for each in of_case} == {
        ("case", "response"), ("case", "resolution"), ("stage", "resolution"), ("task", "response"),
        ("task", "resolution"),
    }  # fmt: skip
    assert [each["task_id"] for each in of_task] == [task["id"]] * 2
    level = next(each for each in of_task if each["kind"] == "response")
    assert (level["state"], level["verdict"], level["target"], level["calendar"]) == ("running", "ok", "PT4H", "munich")
    assert level["allowed_seconds"] == 4 * 3600 and level["due_at"] and level["stretches"] is not None
    counted = [each for each in level["stretches"] if each["counted"]]
    length = sum(
        (datetime.fromisoformat(each["end"]) - datetime.fromisoformat(each["begin"])).total_seconds()
        for each in counted
    )
    assert abs(length - level["counted_seconds"]) < 1
    assert program(office.zoe).get(f"/cases/{case['id']}/service-levels").status_code == 404
    assert program(office.zoe).get(f"/tasks/{task['id']}/service-levels").status_code == 404


def test_a_case_without_levels_has_none(office: Office, program: Callable[..., Program]) -> None:
    assert program(office.ann).get(f"/cases/{office.open_case()}/service-levels").json["items"] == []
