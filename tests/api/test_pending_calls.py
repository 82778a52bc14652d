"""Calls that failed and are tried again, over REST, on the pages and in a dump: seen, hurried, given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from service import jobs
from service.connectors import CallFailed
from service.db import db, utcnow
from service.jobs import queue
from service.models import SYSTEM, Actor, Case, Incident, PendingCall
from service.operations import cases, deployments, service_tasks
from service.queries import definitions, dump
from tests.api.conftest import Office, Program
from tests.operations.test_service_tasks import drawn, due_jobs, enqueued
from tests.pages.conftest import Visitor

MESSAGE = "POST https://rates.example.com/now answered 503."


@pytest.fixture
def waiting(app: Flask, office: Office) -> Case:
    """A case of Ann's whose call failed twice; the next try is in ten minutes."""
    deployments.deploy({"rate.bpmn": drawn("https://rates.example.com/")}, by=SYSTEM)
    definition = definitions.latest(definitions.ProcessDefinition, "rate")
    case = cases.begin(definition, {"amount": 5, "path": "now"}, by=SYSTEM, owner_id=office.ann.id)
    db.session.commit()
    [arguments] = enqueued()
    key = f"service:{case.id}:{arguments['activity']}"
    jobs.cancel(key)
    id_ = queue.put("call_service", arguments, str(case.root_id), key, delay=600, attempt=3)
    failed = CallFailed(MESSAGE, code="HTTP_503", again=True)
    following = jobs.NextTry(id_, 2, utcnow() + timedelta(minutes=10))
    service_tasks.put_off(case.id, arguments["activity"], failed, following)
    db.session.commit()
    return case


def call_of(case: Case) -> PendingCall | None:
    db.session.rollback()
    return db.session.query(PendingCall).filter_by(case_id=case.id).one_or_none()


def test_a_waiting_call_is_told_over_rest_to_each_as_much_as_they_may_see(
    office: Office, program: Callable[..., Program], waiting: Case
) -> None:
    path = f"/cases/{waiting.id}/pending-calls"
    db.session.rollback()

    [anns] = program(office.ann).get(path).json["items"]
    [adas] = program(office.ada).get("/pending-calls").json["items"]

    assert (anns["attempts"], anns["code"], anns["element_id"], anns["message"]) == (2, "HTTP_503", "call", None)
    assert anns["actions"] == ["try-now", "give-up"]
    assert (adas["id"], adas["message"]) == (anns["id"], MESSAGE)
    assert anns["since"] <= anns["failed_at"] < anns["next_at"]
    assert program(office.zoe).get(path).status_code == 404
    assert program(office.ann).get("/pending-calls").status_code == 403
    assert program(office.zoe).post(f"/pending-calls/{anns['id']}/try-now").status_code == 404
    assert program(office.ann, "read").post(f"/pending-calls/{anns['id']}/give-up").status_code == 403


def test_a_waiting_call_is_hurried_and_given_up_over_rest(
    office: Office, program: Callable[..., Program], waiting: Case
) -> None:
    ann, call = program(office.ann), call_of(waiting)
    assert call is not None
    path, job_id = f"/pending-calls/{call.id}", call.job_id
    db.session.rollback()
    assert due_jobs() == []

    hurried = ann.post(f"{path}/try-now")
    assert hurried.status_code == 200 and due_jobs() == [job_id]
    given_up = ann.post(f"{path}/give-up")

    assert given_up.status_code == 204 and due_jobs() == []
    assert call_of(waiting) is None
    assert MESSAGE in db.session.query(Incident).one().message
    db.session.rollback()
    assert ann.post(f"{path}/give-up").status_code == 404


def test_the_pages_show_it_and_do_both(app: Flask, office: Office, waiting: Case) -> None:
    ann, ada, number = Visitor(app, office.ann), Visitor(app, office.ada), waiting.number
    call = call_of(waiting)
    assert call is not None

    hers, theirs, listed = (who.get(path).text for who, path in (
        (ann, f"/cases/{number}"), (ada, f"/cases/{number}"), (ada, "/incidents")))  # fmt: skip

    for page in (hers, theirs):
        assert "“Ask for a rate” waits for an answer from elsewhere" in page and "failed 2 times" in page
        assert "Try now" in page and "Give up" in page
    assert MESSAGE not in hers and MESSAGE in theirs and MESSAGE in listed and number in listed
    assert ann.post(f"/pending-calls/{call.id}/try-now").location == f"/cases/{number}"
    assert ada.post(f"/pending-calls/{call.id}/give-up").status_code == 303
    assert "stuck at “Ask for a rate”" in ann.get(f"/cases/{number}").text


def test_operators_see_and_hurry_it_without_seeing_the_case(
    app: Flask, person: Callable[..., Actor], waiting: Case
) -> None:
    ora, number, call = Visitor(app, person("ora", "operators")), waiting.number, call_of(waiting)
    assert call is not None

    listed = ora.get("/incidents").text

    assert MESSAGE in listed and number in listed
    assert f'href="/cases/{number}"' not in listed and ora.get(f"/cases/{number}").status_code == 404
    assert ora.post(f"/pending-calls/{call.id}/try-now").location == "/incidents"
    assert due_jobs() == [call.job_id]


def test_a_dump_has_it(waiting: Case) -> None:
    [found] = dump.case(waiting.number)["pending_call"]

    assert (found["attempts"], found["message"]) == (2, MESSAGE)
