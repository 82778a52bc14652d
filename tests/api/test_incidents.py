"""Incidents over REST and on their page: seen, tried again, put away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from service.db import db
from service.models import SYSTEM, Case, CaseState, Incident
from service.operations import cases, deployments
from tests.api.conftest import Office, Program
from tests.operations.test_service_tasks import FAILS


@pytest.fixture
def stuck(app: Flask) -> str:
    """The id of the incident of a case that failed since it has no parts to share."""
    deployments.deploy({"fails.bpmn": FAILS}, by=SYSTEM)
    definition = deployments.latest_definition("fails")
    assert definition is not None
    case = cases.begin(definition, {"parts": 0}, by=SYSTEM)
    db.session.flush()
    found = str(db.session.query(Incident).filter_by(case_id=case.id).one().id)
    db.session.commit()
    db.session.rollback()
    return found


def test_a_failed_case_is_mended_and_goes_on(
    app: Flask, office: Office, program: Callable[..., Program], stuck: str
) -> None:
    ada = program(office.ada)

    done = ada.post(f"/incidents/{stuck}/retry", {"variables": {"parts": 5}})

    assert (done.status_code, done.get_json()["state"], done.get_json()["resolved_by"]) == (200, "resolved", "ada")
    case = db.session.get_one(Case, db.session.query(Incident).one().case_id)
    assert case.state is CaseState.ACTIVE
    db.session.rollback()
    assert ada.post(f"/incidents/{stuck}/retry", {}).status_code == 409


def test_what_still_stands_is_not_put_away(
    app: Flask, office: Office, program: Callable[..., Program], stuck: str
) -> None:
    refused = program(office.ada).post(f"/incidents/{stuck}/resolve")

    assert refused.status_code == 409
    assert "stands where it failed" in refused.get_json()["detail"]


def test_only_who_administers_tries_again(
    app: Flask, office: Office, program: Callable[..., Program], stuck: str
) -> None:
    assert program(office.mia).post(f"/incidents/{stuck}/retry", {}).status_code == 403
