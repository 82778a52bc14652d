"""Ad hoc work over REST."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor
from service.operations import deployments
from tests.api.conftest import Program

CARE = (Path(__file__).parents[1] / "operations" / "care.bpmn").read_bytes()


def test_ad_hoc_work_is_offered_started_and_refused_over_rest(
    app: Flask, person: Callable[..., Actor], program: Callable[..., Program]
) -> None:
    deployments.deploy({"care.bpmn": CARE}, by=SYSTEM)
    db.session.commit()
    nia, tim = program(person("nia", "nurses")), program(person("tim", "therapists"))
    case = nia.post("/cases", {"case_type": "care", "data": {"patient": "Ada"}}).json["id"]

    [found] = nia.get(f"/cases/{case}/adhoc").json["items"]
    there = f"/cases/{case}/adhoc/{found['activity_id']}"
    started = nia.post(f"{there}/activate", {"element_id": "Session", "to": "tim"})
    surgery = nia.post(f"{there}/activate", {"element_id": "Surgery", "reason": "Now"})
    finished = nia.post(f"{there}/finish", {})

    assert [each["element_id"] for each in found["activities"]] == ["Session", "Test", "Surgery", "Closing"]
    assert started.status_code == 201
    [mine] = tim.get("/tasks").json["items"]
    assert (mine["name"], mine["assignee"]) == ("Session", "tim")
    assert (surgery.status_code, surgery.json["detail"]) == (409, "Needs the patient's consent.")
    assert (finished.status_code, finished.json["detail"]) == (409, "Required before finishing: Closing talk.")
    assert tim.post(f"{there}/finish", {}).status_code == 403


def test_an_event_that_nothing_leads_to_is_offered_and_started_like_work(
    app: Flask, person: Callable[..., Actor], program: Callable[..., Program]
) -> None:
    event = b'<bpmn:intermediateThrowEvent id="Told" name="Tell the office" case:candidateGroups="nurses"/>'
    found = deployments.deploy({"care.bpmn": CARE.replace(b"</bpmn:adHoc", event + b"</bpmn:adHoc")}, by=SYSTEM)
    db.session.commit()
    nia, tim = program(person("nia", "nurses")), program(person("tim", "therapists"))
    case = nia.post("/cases", {"case_type": "care", "data": {"patient": "Ada"}}).json["id"]
    [part] = nia.get(f"/cases/{case}/adhoc").json["items"]
    there = f"/cases/{case}/adhoc/{part['activity_id']}/activate"

    by_nia = nia.post(there, {"element_id": "Told"})
    to_tim = nia.post(there, {"element_id": "Told", "to": "tim"})

    assert found.warnings == []
    assert (by_nia.status_code, to_tim.status_code) == (201, 400)
    offered = {each["element_id"]: each for each in nia.get(f"/cases/{case}/adhoc").json["items"][0]["activities"]}
    assert (offered["Told"]["name"], offered["Told"]["done"], offered["Told"]["may_start"]) == (
        "Tell the office",
        1,
        True,
    )
    assert tim.get(f"/cases/{case}/adhoc").status_code == 404
