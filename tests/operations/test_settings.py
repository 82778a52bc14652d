"""Each setting has an effect: shown here, or by the test that is named here."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner
from flask import Flask, request
from itsdangerous import BadSignature

from service import create_app
from service.cli import serving
from service.config import SETTINGS, read
from service.db import db
from service.logs import log
from service.models import SYSTEM, Actor, Case, HumanTask, StartTimer, Timer, User
from service.operations import cases, deployments, users
from service.policy.permissions import Action, may
from service.worker import loop
from service.worker.places import Place
from tests.conftest import config_for, new_database
from tests.security.browsing import Browser

NIGHT = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  #: 00:30 of the next day in Vienna
DRAWN = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
  xmlns:case="urn:casewright:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <process id="zoned" name="Zoned" isExecutable="true" case:numberPrefix="ZON" case:dueDate="2026-12-03T08:00">
    <startEvent id="start"/><sequenceFlow id="a" sourceRef="start" targetRef="note"/>
    <scriptTask id="note" scriptFormat="python"><script>feel_day = day
python_day = str(today())
hour = now().hour</script><extensionElements><case:ioMapping>
      <case:input source="= string(today())" target="day"/></case:ioMapping></extensionElements></scriptTask>
    <sequenceFlow id="b" sourceRef="note" targetRef="write"/>
    <userTask id="write" name="Write" case:dueDate="2026-12-01T08:00"/>
    <boundaryEvent id="late" attachedToRef="write"><timerEventDefinition>
      <timeDate xsi:type="tFormalExpression">2026-12-02T08:00:00</timeDate></timerEventDefinition></boundaryEvent>
    <sequenceFlow id="c" sourceRef="write" targetRef="end"/><sequenceFlow id="d" sourceRef="late" targetRef="end"/>
    <endEvent id="end"/>
  </process>
  <process id="daily" name="Daily" isExecutable="true" case:numberPrefix="DAY">
    <startEvent id="at"><timerEventDefinition>
      <timeCycle xsi:type="tFormalExpression">R/2026-07-02T08:00/P1D</timeCycle></timerEventDefinition></startEvent>
    <sequenceFlow id="e" sourceRef="at" targetRef="over"/><endEvent id="over"/>
  </process>
</definitions>"""

ELSEWHERE = {
    "CASEWRIGHT_ACCOUNT_LIMIT": "security.test_sessions:"
    "test_an_account_tried_from_everywhere_is_slowed_but_not_where_its_owner_signed_in",
    **dict.fromkeys(
        ("CASEWRIGHT_SEARCH_LIMIT", "CASEWRIGHT_DEPLOYMENT_LIMIT", "CASEWRIGHT_EVALUATION_LIMIT"),
        "security.test_rate_limits:test_searches_deployments_and_evaluations_of_one_person_have_limits",
    ),
    "CASEWRIGHT_LARGE_LIMIT": "security.test_rate_limits:test_large_requests_of_one_person_have_a_limit",
    "CASEWRIGHT_DOCUMENTS": "api.test_documents:test_contents_may_be_kept_in_a_folder",
    "CASEWRIGHT_MAX_DOCUMENT_MB": "api.test_documents:test_a_document_has_a_largest_size",
    "CASEWRIGHT_DOCUMENT_TYPES": "api.test_documents:test_an_installation_says_what_kinds_it_takes",
    "CASEWRIGHT_SCANNER": "api.test_documents:test_a_virus_is_refused_before_anybody_can_open_it",
    "CASEWRIGHT_UPLOAD_LIMIT": "api.test_documents:test_documents_of_one_person_have_a_limit",
    "CASEWRIGHT_ANSWER_LIMIT": "security.test_answer_links:test_tries_have_a_limit",
    "CASEWRIGHT_BUNDLE_KEYS": "operations.test_bundles:test_only_a_key_that_both_have_is_trusted",
    "CASEWRIGHT_AUDIT_KEY": "security.test_audit_chain:test_the_key_is_the_setting_or_follows_from_the_secret_key",
    "CASEWRIGHT_SECURE_COOKIES": "security.test_sessions:test_with_https_the_cookie_is_bound_to_this_host",
    "CASEWRIGHT_MAX_UPLOAD_MB": "security.test_too_large",
    **dict.fromkeys(
        ("CASEWRIGHT_SMTP_URL", "CASEWRIGHT_MAIL_FROM", "CASEWRIGHT_PUBLIC_URL"),
        "operations.test_notifications:test_what_happens_is_told_once_and_not_to_who_did_it",
    ),
    "CASEWRIGHT_MAIL_REPLY": "operations.test_notifications",
    "CASEWRIGHT_NOTIFY_ALLOWED": "operations.test_notifications",
    "CASEWRIGHT_HTTP_ALLOWED": "operations.test_service_tasks",
    **dict.fromkeys(
        (
            "CASEWRIGHT_OIDC_ISSUER",
            "CASEWRIGHT_OIDC_CLIENT_ID",
            "CASEWRIGHT_OIDC_CLIENT_SECRET",
            "CASEWRIGHT_OIDC_SCOPES",
            "CASEWRIGHT_OIDC_NAME_CLAIM",
            "CASEWRIGHT_OIDC_GROUPS_CLAIM",
        ),
        "security.test_provider:test_who_is_new_is_let_in_with_the_groups_that_are_mapped",
    ),
    "CASEWRIGHT_OIDC_CLIENT_SECRET_FILE": "security.test_provider:test_settings_that_do_not_fit_are_named",
    "CASEWRIGHT_OIDC_LABEL": "pages.test_provider",
    "CASEWRIGHT_OIDC_GROUPS": "security.test_provider:"
    "test_of_all_groups_of_the_provider_only_those_count_that_are_here",
    "CASEWRIGHT_OIDC_ADMINS": "security.test_provider:test_what_the_provider_gave_it_takes_back_and_nothing_else",
    "CASEWRIGHT_OIDC_ACCOUNTS": "security.test_provider:test_who_is_unknown_stays_out_unless_the_setting_says_else",
    "CASEWRIGHT_OIDC_SECOND_FACTOR": "security.test_provider:test_a_second_factor_is_asked_for_once",
    "CASEWRIGHT_LANGUAGE": "pages.test_languages:test_a_language_that_there_is_not_is_answered_in_the_settings",
    "CASEWRIGHT_DEMO": "pages.test_signing_in:test_only_the_demo_shows_its_people",
}


@contextmanager
def installed(url: str, **settings: str) -> Iterator[Flask]:
    app = create_app(config_for(url, **settings))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    request.param = "sqlite"
    with new_database(request, tmp_path) as found:
        yield found


def test_no_setting_is_without_a_test() -> None:
    shown = Path(__file__).read_text()
    for where in ELSEWHERE.values():
        module, _, name = where.partition(":")
        assert not name or hasattr(importlib.import_module(f"tests.{module}"), name)

    assert [setting.name for setting in SETTINGS if setting.name not in shown] == []


@pytest.mark.parametrize(
    ("settings", "hour", "day", "now"),
    [({}, 8, "2026-06-30", 22), ({"CASEWRIGHT_TIME_ZONE": "Europe/Vienna"}, 7, "2026-07-01", 0)],
)
def test_dates_without_a_zone_mean_the_zone_that_is_set(
    url: str, settings: dict[str, str], hour: int, day: str, now: int
) -> None:
    with installed(url, **settings), time_machine.travel(NIGHT, tick=False):
        deployments.deploy({"zoned.bpmn": DRAWN}, by=SYSTEM)
        definition = deployments.latest_definition("zoned")
        assert definition is not None
        case = cases.begin(definition, {}, by=SYSTEM)
        db.session.commit()

        found = db.session.get_one(Case, case.id)
        task = db.session.scalars(sa.select(HumanTask)).one()
        timer, start = db.session.scalars(sa.select(Timer)).one(), db.session.scalars(sa.select(StartTimer)).one()

        assert found.variables == {"feel_day": day, "python_day": day, "hour": now}
        assert task.due_at == datetime(2026, 12, 1, hour, tzinfo=UTC)
        assert timer.due_at == datetime(2026, 12, 2, hour, tzinfo=UTC)
        assert found.due_at == datetime(2026, 12, 3, hour, tzinfo=UTC)
        assert start.due_at == datetime(2026, 7, 2, 6 if settings else 8, tzinfo=UTC)


def test_the_database_is_the_one_that_is_set(url: str) -> None:
    with installed(url):  # CASEWRIGHT_DATABASE_URL
        assert db.engine.url.render_as_string() == url


def test_what_one_secret_key_signed_another_refuses(url: str) -> None:
    keys: tuple[dict[str, str], ...] = ({}, {"CASEWRIGHT_SECRET_KEY": "another secret key of enough length"})
    signers = []
    for changes in keys:
        app = create_app(config_for(url, **changes))
        signers.append(app.session_interface.get_signing_serializer(app))  # type: ignore[attr-defined]

    signed = signers[0].dumps({"a": 1})

    assert signers[0].loads(signed) == {"a": 1}
    with pytest.raises(BadSignature):
        signers[1].loads(signed)


@pytest.mark.parametrize(
    ("settings", "minutes", "stays"),
    [
        ({"CASEWRIGHT_SESSION_IDLE_MINUTES": "5"}, [4, 8, 14], [True, True, False]),
        ({"CASEWRIGHT_SESSION_HOURS": "1"}, [25, 50, 61], [True, True, False]),
    ],
)
def test_a_sign_in_ends_when_it_is_set_to(
    url: str, settings: dict[str, str], minutes: list[int], stays: list[bool]
) -> None:
    with installed(url, **settings) as app, time_machine.travel(NIGHT, tick=False) as clock:
        user = User(name="ann", display_name="Ann")
        db.session.add(user)
        db.session.flush()
        users.set_password(user, "secret-ann", by=SYSTEM)
        db.session.commit()
        browser = Browser(app)
        browser.sign_in("ann")
        seen = []

        for minute in minutes:
            clock.move_to(NIGHT + timedelta(minutes=minute))
            seen.append(browser.is_signed_in())

        assert seen == stays


def test_wrong_sign_ins_are_stopped_at_the_limit_that_is_set(url: str) -> None:
    with installed(url, CASEWRIGHT_LOGIN_LIMIT="2 per 5 minutes") as app:
        browser = Browser(app)

        assert [browser.sign_in("nobody", f"wrong {n}").status_code for n in range(3)] == [401, 401, 429]


@pytest.mark.parametrize(("proxies", "seen"), [("0", "10.0.0.1"), ("1", "203.0.113.9"), ("2", "198.51.100.7")])
def test_so_many_proxies_are_believed_as_are_set(url: str, proxies: str, seen: str) -> None:
    with installed(url, CASEWRIGHT_TRUSTED_PROXIES=proxies) as app:
        found: list[str | None] = []
        app.before_request_funcs.setdefault(None, []).append(lambda: found.append(request.remote_addr))

        Browser(app, address="10.0.0.1").get("/healthz", headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})

        assert found == [seen]


def test_a_worker_has_the_name_and_the_jobs_at_once_that_are_set(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(loop, "run", lambda app, **options: told.update(options))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    set_ = {"CASEWRIGHT_WORKER_ID": "worker-7", "CASEWRIGHT_WORKER_CONCURRENCY": "3", "CASEWRIGHT_DATABASE_URL": url}

    answer = CliRunner().invoke(
        serving.worker, env=set_ | {"CASEWRIGHT_SECRET_KEY": config_for(url).secret_key}, catch_exceptions=False
    )

    assert answer.exit_code == 0
    assert (told["executor_id"], told["concurrency"]) == ("worker-7", 3)


def test_the_option_to_pause_is_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CASEWRIGHT_PAUSED=yes`, of which durability/test_paused.py shows what it does."""
    monkeypatch.setattr(os, "environ", {"CASEWRIGHT_SECRET_KEY": "x" * 32})
    before = read()

    for command in (serving.serve, serving.worker):
        os.environ.pop("CASEWRIGHT_PAUSED", None)
        command.make_context("x", ["--paused"])
        assert (before.paused, read().paused) == (False, True)


@pytest.mark.parametrize(
    ("setting", "action"),
    [("CASEWRIGHT_OPERATORS", Action.READ_INCIDENTS), ("CASEWRIGHT_DESIGNERS", Action.DEPLOY)],
)
def test_the_groups_that_run_it_and_deploy_are_called_as_is_set(url: str, setting: str, action: Action) -> None:
    usual = setting.removeprefix("CASEWRIGHT_").lower()
    people = [Actor(None, "x", groups=frozenset({group})) for group in (usual, "tech")]

    found = []
    for settings in ({}, {setting: "tech"}):
        with installed(url, **settings):
            found.append([may(person, action) for person in people])

    assert found == [[True, False], [False, True]]


def test_finished_jobs_are_kept_as_long_as_is_set(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[timedelta] = []
    monkeypatch.setattr(loop, "clean", kept.append)
    monkeypatch.setattr(loop, "CLEANING", 0)
    monkeypatch.setattr(loop, "_look", frozenset)

    class Once:
        def __init__(self) -> None:
            self.asked = 0

        def wait(self, _seconds: float) -> bool:
            self.asked += 1
            return self.asked > 1

    with installed(url, CASEWRIGHT_JOB_RETENTION_HOURS="72") as app:
        loop._keep_house(app, Place("worker-1", "x"), Once(), Once())  # type: ignore[arg-type]

    assert kept == [timedelta(hours=72)]


def test_logs_are_written_in_the_form_and_from_the_level_that_are_set(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for settings in (
        {"CASEWRIGHT_LOG_FORMAT": "json", "CASEWRIGHT_LOG_LEVEL": "ERROR"},
        {"CASEWRIGHT_LOG_FORMAT": "text", "CASEWRIGHT_LOG_LEVEL": "WARNING"},
    ):
        with installed(url, **settings):
            log.info("quiet")
            log.warning("heard")
            log.error("loud")

    first, *rest = [line for line in "".join(capsys.readouterr()).splitlines() if line]

    assert json.loads(first)["event"] == "loud"
    assert [[word for word in ("quiet", "heard", "loud") if word in line] for line in rest] == [["heard"], ["loud"]]
