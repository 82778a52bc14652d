"""Deployment over REST: together, all or nothing, nothing twice; and what can be read of it afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from werkzeug.test import TestResponse

from tests.api.conftest import LOAN, Office, Program

ROOT = Path(__file__).resolve().parents[2]
DECISION = (ROOT / "processes" / "insurance-claim" / "coverage.dmn").read_bytes()
FORM = (ROOT / "forms" / "claim-intake.form").read_bytes()


def deploy(caller: Program, files: Mapping[str, bytes], path: str = "/deployments") -> TestResponse:
    """Send `files` as multipart/form-data."""
    head = 'Content-Disposition: form-data; name="files"; filename="{}"\r\n\r\n'
    parts = [head.format(name.replace("\\", "\\\\")).encode() + content for name, content in files.items()]
    body = b"".join(b"--next-file\r\n" + part + b"\r\n" for part in parts) + b"--next-file--\r\n"
    return caller.send("POST", path, body, Content_Type="multipart/form-data; boundary=next-file")


def test_new_files_make_new_versions_and_the_same_files_none(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)

    first = deploy(ada, {"coverage.dmn": DECISION, "claim-intake.form": FORM})
    again = deploy(ada, {"coverage.dmn": DECISION, "claim-intake.form": FORM})
    changed = deploy(ada, {"loan.bpmn": LOAN.replace(b'name="Loan"', b'name="Small loan"')})

    assert first.status_code == 201, first.text
    assert {(added["kind"], added["version"]) for added in first.json["added"]} == {("decision", 1), ("form", 1)}
    assert first.headers["Location"] == f"/api/v1/deployments/{first.json['deployment_id']}"
    assert again.status_code == 200
    assert (again.json["deployment_id"], again.json["added"]) == (None, [])
    assert [(added["key"], added["version"]) for added in changed.json["added"]] == [("loan", 2)]
    assert ada.get(first.headers["Location"]).json["files"].keys() == {"coverage.dmn", "claim-intake.form"}


def test_one_bad_file_keeps_all_out_and_every_problem_is_named(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)
    broken = LOAN.replace(b'targetRef="Assess"', b'targetRef="Nowhere"').replace(b'id="loan"', b'id="loan-2"')
    files = {"coverage.dmn": DECISION, "broken.bpmn": broken, "notes.txt": b"x", "bad.form": b"{"}

    refused = deploy(ada, files)
    checked = deploy(ada, files, "/deployments/check")

    assert refused.status_code == 422
    assert refused.content_type == "application/problem+json"
    problems = refused.json["problems"]
    assert {problem["file"] for problem in problems} == {"broken.bpmn", "notes.txt", "bad.form"}
    assert all(problem["message"] and problem["advice"] for problem in problems)
    assert any(problem["file"] == "broken.bpmn" and problem["line"] for problem in problems)
    assert ada.get("/decisions").json["items"] == []
    assert checked.status_code == 200
    assert checked.json["problems"] == problems


def test_a_deployment_repeated_with_its_key_is_one(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="c.dmn"\r\n\r\n' + DECISION + b"\r\n--x--\r\n"
    )

    answers = [
        ada.send("POST", "/deployments", parts, Idempotency_Key="d-1", Content_Type="multipart/form-data; boundary=x")
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data
    assert len(ada.get("/deployments").json["items"]) == 2  # with the office's own


def test_what_is_deployed_can_be_read_as_it_was_sent(office: Office, program: Callable[..., Program]) -> None:
    ada, zoe = program(office.ada), program(office.zoe)
    deploy(ada, {"coverage.dmn": DECISION, "claim-intake.form": FORM})

    [process] = zoe.get("/definitions").json["items"]
    [form] = zoe.get("/forms?key=claim-intake").json["items"]
    decisions = zoe.get("/decisions").json["items"]

    xml = zoe.get(f"/definitions/{process['id']}/xml")
    assert (xml.data, xml.mimetype) == (LOAN, "application/xml")
    assert zoe.get(f"/definitions/{process['id']}/xml", If_None_Match=xml.headers["ETag"]).status_code == 304
    assert zoe.get(f"/decisions/{decisions[0]['id']}/xml").data == DECISION
    assert zoe.get(f"/forms/{form['id']}/schema").json == json.loads(FORM)
    assert zoe.get(f"/definitions/{process['id']}/form").json == {
        "id": None,
        "key": None,
        "schema": None,
        "data": {},
    }
    assert zoe.get(f"/definitions/{process['id']}").json["key"] == "loan"


def test_versions_are_listed_newest_first(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)
    for name in (b"Second", b"Third"):
        deploy(ada, {"loan.bpmn": LOAN.replace(b'name="Loan"', b'name="' + name + b'"')})

    latest = ada.get("/definitions").json["items"]
    versions = ada.get("/definitions?key=loan&limit=2").json

    assert [(found["name"], found["version"]) for found in latest] == [("Third", 3)]
    assert [found["version"] for found in versions["items"]] == [3, 2]
    assert [found["version"] for found in ada.get(versions["next"]).json["items"]] == [1]


def test_case_types_say_who_may_open_them_and_how_many_run(office: Office, program: Callable[..., Program]) -> None:
    office.open_case()

    [for_ann] = program(office.ann).get("/case-types").json["items"]
    [for_zoe] = program(office.zoe).get("/case-types").json["items"]

    assert (for_ann["key"], for_ann["running"], for_ann["actions"]) == ("loan", 1, ["open"])
    assert for_zoe["actions"] == []


def test_a_decision_can_be_tried(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)
    deploy(ada, {"coverage.dmn": DECISION})
    [decision, *_] = ada.get("/decisions").json["items"]

    tried = ada.post(f"/decisions/{decision['id']}/evaluate", {"variables": {}})

    assert tried.status_code in (200, 422), tried.text
    assert ("result" in tried.json) == (tried.status_code == 200)
