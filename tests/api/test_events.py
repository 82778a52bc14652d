"""Messages, signals, incidents and health over REST."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from service import create_app
from service.db import db
from service.models import Incident, Message
from tests.api.conftest import Office, Program
from tests.conftest import config_for


def test_a_message_without_a_receiver_is_kept_or_refused(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)

    refused = ada.post("/messages", {"name": "papers", "correlation": {"customer": "7"}})
    kept = ada.post("/messages", {"name": "papers", "payload": {"pages": 3}, "keep_for": 3600})

    assert refused.status_code == 409
    assert kept.json == {"outcome": "kept", "case_id": None}
    assert [message.payload for message in db.session.query(Message)] == [{"pages": 3}]


def test_a_signal_tells_how_many_listen(office: Office, program: Callable[..., Program]) -> None:
    answer = program(office.ada).post("/signals", {"name": "storm"})

    assert (answer.status_code, answer.json) == (202, {"listeners": 0})


def test_incidents_are_for_operations(office: Office, program: Callable[..., Program]) -> None:
    db.session.add(Incident(message="The mail server said no."))
    db.session.commit()
    ada, ann = program(office.ada), program(office.ann)

    [incident] = ada.get("/incidents?state=open").json["items"]

    assert incident["message"] == "The mail server said no."
    assert ada.get(f"/incidents/{incident['id']}").json == incident
    assert ada.get("/incidents?state=resolved").json["items"] == []
    assert ann.get("/incidents").status_code == 403


def test_health_is_told_to_everybody(app: Flask, program: Callable[..., Program]) -> None:
    nobody = program(None)

    assert nobody.get("/healthz").json == {"status": "ok"}
    assert nobody.get("/readyz").json["status"] == "degraded"  # for no worker is at work


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/casewright.db", "postgresql://nobody@127.0.0.1:1/none"])
def test_a_database_that_is_away_is_said_so(url: str) -> None:
    nobody, anybody = Program(create_app(config_for(url)), None), Program(create_app(config_for(url)), "cw_any")

    answers = [nobody.get("/readyz"), anybody.get("/me"), anybody.post("/cases", {"case_type": "x"})]

    assert nobody.get("/healthz").status_code == 200
    assert [answer.status_code for answer in answers] == [503] * 3
    assert all(answer.headers["Retry-After"] == "2" for answer in answers)
    assert all(answer.content_type == "application/problem+json" for answer in answers)
