"""What every answer carries, and what no answer gives away."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from service.db import db
from service.engine.errors import NotReady
from service.http import problems
from service.http.protection import local_path, public
from service.models import Case
from tests.api.conftest import Office, Program
from tests.security.browsing import Browser, give_password

ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:1",
    "https:evil.example", "/%09/evil.example\t", "/\t/evil.example", "/\n/evil.example", "evil.example", "", "/\x00/",
    "/a\\..\\\\evil.example", " //evil.example",
]  # fmt: skip


def test_every_kind_of_answer_carries_the_headers(app: Flask, office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    answers = [
        ann.get("/me"),
        ann.get("/nowhere"),
        ann.post("/cases", b"{"),
        Program(app, None).get("/me"),
        Browser(app).get("/sign-in"),
        Browser(app).get("/nowhere"),
        Browser(app).get("/"),
    ]

    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "*" not in policy and "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert re.search("no-store|no-cache", answer.headers["Cache-Control"])
        assert not re.search(r"Werkzeug|Python/\d", answer.headers.get("Server", ""))


def test_what_designers_deployed_is_never_a_page_of_ours(
    app: Flask, office: Office, program: Callable[..., Program]
) -> None:
    """A BPMN file may hold XHTML with scripts, or name a style sheet that makes some."""
    give_password(office.ann)  # which ends the tokens of before
    ann = program(office.ann)
    definition = ann.get("/definitions").json["items"][0]["id"]
    browser = Browser(app)
    browser.sign_in("ann")

    answers = [ann.get(f"/definitions/{definition}/xml"), browser.get(f"/definitions/{definition}/diagram.bpmn")]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
        assert answer.headers["Content-Security-Policy"].endswith("; sandbox")


def test_next_leads_nowhere_else(app: Flask, office: Office) -> None:
    give_password(office.ann)

    for target in ELSEWHERE:
        assert local_path(target) == "/", target
        answer = Browser(app).sign_in("ann", next=target)
        assert answer.status_code == 303
        assert answer.headers["Location"] in ("/", "http://localhost/"), target
    assert local_path("/cases/LOA-2026-00001?x=1#y") == "/cases/LOA-2026-00001?x=1#y"


READ_ONLY = {
    "id": "01900000-0000-7000-8000-000000000000", "number": "LOA-1", "state": "completed", "created_by": "zoe",
    "version": 7, "definition_id": "01900000-0000-7000-8000-000000000000", "root_id": None, "parent_id": None,
    "closed_at": None, "variables": {}, "snapshot": "", "audit_hash": "", "audit_seq": 0, "title": "x",
    "is_admin": True, "actions": [], "marked": [], "visits": {}, "owner_id": "x", "reason": "x", "stage": "x",
}  # fmt: skip


def test_no_read_only_member_can_be_set(office: Office, program: Callable[..., Program]) -> None:
    ann, ada, case = program(office.ann), program(office.ada), office.open_case()
    before = ann.get(f"/cases/{case}").json

    statuses = {
        name: [
            ann.patch(f"/cases/{case}", {name: value}).status_code,
            ann.post("/cases", {"case_type": "loan", "data": {}, name: value}).status_code,
            ada.patch("/users/zoe", {name: value, "password_hash": "x"}).status_code,
        ]
        for name, value in READ_ONLY.items()
    }

    assert {status for found in statuses.values() for status in found} == {422}
    assert ann.get(f"/cases/{case}").json == before


def test_who_opened_a_case_cannot_be_forged(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)

    opened = ann.post("/cases", {"case_type": "loan", "data": {"amount": 1, "initiator": "mia"}})

    assert opened.json["variables"]["initiator"] == "ann"


INJECTIONS = ["'", "' OR '1'='1", '\'; DROP TABLE "case"; --', "%", "_", "\\", "\\' OR 1=1 --", "x' UNION SELECT 1--"]


def test_sql_in_filters_is_text(office: Office, program: Callable[..., Program]) -> None:
    zoe, ann = program(office.zoe), program(office.ann)
    office.open_case()

    for text in INJECTIONS:
        quoted = {"text": text, "case_type": text}
        for name, value in quoted.items():
            query = sa.engine.url.URL.create("x", query={name: value}).render_as_string().partition("?")[2]
            for who in (zoe, ann):
                answer = who.get(f"/cases?{query}")
                assert (answer.status_code, answer.json["items"]) == (200, []), (name, value)
                assert who.get(f"/tasks?view=all&{query}").json["items"] == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Case)) == 1


FAULTS = {
    409: [StaleDataError("x"), IntegrityError("x", {}, Exception("secret")), NotReady("x")],
    400: [DataError("x", {}, Exception("secret"))],
    503: [OperationalError("SELECT secret", {}, Exception("secret"))],
    500: [RuntimeError("secret"), KeyError("secret"), sa.exc.ProgrammingError("secret", {}, Exception("secret"))],
}


def test_a_fault_gives_nothing_away(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    cases = [(status, fault) for status, faults in FAULTS.items() for fault in faults]
    for number, (_, fault) in enumerate(cases):
        app.add_url_rule(f"/api/v1/fail-{number}", f"fail-{number}", public(raising(fault)))

    for number, (status, fault) in enumerate(cases):
        answer = Program(app, None).get(f"/fail-{number}")
        assert answer.status_code == status, fault
        assert answer.content_type == problems.CONTENT_TYPE
        assert "secret" not in answer.text
        assert (status == 503) == ("Retry-After" in answer.headers)


def raising(fault: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise fault

    return fail


def test_a_fault_is_logged_without_the_values_at_hand(
    app: Flask, office: Office, program: Callable[..., Program], capfd: pytest.CaptureFixture[str]
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail() -> None:
        customer = "Private Person"
        db.session.execute(sa.text("SELECT nothing FROM nowhere WHERE customer = :customer"), {"customer": customer})

    app.add_url_rule("/api/v1/fail", "fail", public(fail))
    answer = Program(app, None).get("/fail")

    logged = "".join(capfd.readouterr())
    assert answer.status_code >= 500
    assert "request failed" in logged and "nowhere" in logged
    assert "Private Person" not in logged + answer.text


def test_no_log_line_holds_a_secret_or_what_people_enter(
    office: Office, program: Callable[..., Program], capsys: pytest.CaptureFixture[str], app: Flask
) -> None:
    from service import logs

    logs.configure("json", "DEBUG")
    give_password(office.ann)
    ann = program(office.ann)
    ann.post("/cases", {"case_type": "loan", "data": {"customer": "Private Person", "amount": 1}})
    browser = Browser(app)
    browser.sign_in("ann")
    browser.sign_in("ann", "wrong password typed")
    logs.configure("text", "WARNING")

    written = "".join(capsys.readouterr())

    assert '"event": "request"' in written and '"event": "sign-in refused"' in written
    for secret in (ann.token, "secret-ann", "wrong password typed", "Private Person", browser.cookie()):
        assert secret is not None and secret not in written


SOURCES = ("service/config.py", "pyproject.toml", "etc/passwd", "var/casewright.db", "processes/README.md")
CLIMBS = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "....//",
    "..;/",
    "%252e%252e%252f",
    "/",
    "//",
    "~/",
    "%00/",
)


def test_no_path_leads_out_of_what_is_served(app: Flask, office: Office) -> None:
    give_password(office.ada)
    browser = Browser(app)
    browser.sign_in("ada")
    places = (
        "/static/",
        "/static/dist/",
        "/case-types/",
        "/cases/",
        "/cases/new/",
        "/api/v1/users/",
        "/api/v1/groups/",
    )
    tried = 0

    for place in places:
        for climb in CLIMBS:
            for source in SOURCES:
                answer = browser.open("GET", f"{place}{climb * 3}{source}")
                tried += 1
                assert answer.status_code in (301, 308, 400, 404), (place, climb, source, answer.status_code)
                assert "root:" not in answer.text and "build-system" not in answer.text
    assert tried >= 200
