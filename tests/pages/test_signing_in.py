"""Signing in and out, the profile, and its tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from service.db import db
from service.models import Actor, ApiToken, User
from service.policy.credentials import hash_password
from tests.conftest import config_for
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]
PASSWORD = "correct horse battery"


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    """Ann, who has a password."""
    actor = person("ann", "claims-intake")
    db.session.get_one(User, actor.id).password_hash = hash_password(PASSWORD)
    db.session.commit()
    return actor


def test_the_right_password_leads_to_the_page_that_was_wanted(ann: Actor, visit: Visit) -> None:
    nobody = visit(None)
    assert "Sign in" in nobody.get("/sign-in?next=/cases").text

    answer = nobody.post("/sign-in", {"name": "ann", "password": PASSWORD, "next": "/cases"})

    assert answer.status_code == 303 and answer.location == "/cases"
    assert nobody.get("/cases").status_code == 200
    assert nobody.get("/sign-in").location == "/"


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_a_wrong_password_says_as_little_as_an_unknown_name(ann: Actor, visit: Visit, name: str) -> None:
    answer = visit(None).post("/sign-in", {"name": name, "password": "wrong"})

    assert answer.status_code == 401
    assert "This name and password do not fit together." in answer.text
    assert f'value="{name}"' in answer.text and "wrong" not in answer.text


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(ann: Actor, visit: Visit, wanted: str) -> None:
    answer = visit(None).post("/sign-in", {"name": "ann", "password": PASSWORD, "next": wanted})

    assert answer.location == "/"


def test_too_many_tries_have_to_wait(ann: Actor, visit: Visit) -> None:
    nobody = visit(None)
    tries = [nobody.post("/sign-in", {"name": "ann", "password": "wrong"}) for _ in range(11)]

    assert [answer.status_code for answer in tries] == [401] * 10 + [429]
    assert "Too many tries to sign in; wait" in tries[-1].text
    assert int(tries[-1].headers["Retry-After"]) > 0


def test_signing_out_ends_the_session(ann: Actor, visit: Visit) -> None:
    browser = visit(ann)
    cookie = browser.client.get_cookie("casewright")
    assert cookie is not None

    browser.post("/sign-out")
    browser.client.set_cookie("casewright", cookie.value)

    assert browser.get("/tasks").status_code == 303


def test_only_the_demo_shows_its_people(ann: Actor, visit: Visit, app: Flask) -> None:
    assert "demo" not in visit(None).get("/sign-in").text

    app.config["CASEWRIGHT"] = config_for("sqlite:///unused.db", CASEWRIGHT_DEMO="yes")

    assert "Go in as one of these people" in visit(None).get("/sign-in").text


def test_a_token_is_shown_once_and_works_until_revoked(ann: Actor, visit: Visit, app: Flask) -> None:
    browser = visit(ann)

    made = browser.post("/profile/tokens", {"name": "Report", "scopes": ["read"], "days": "30"})
    secret = made.text.split('id="secret" readonly value="')[1].split('"')[0]

    assert made.headers["Cache-Control"] == "no-store"
    assert "Report" in browser.get("/profile").text and secret not in browser.get("/profile").text
    program = {"Authorization": f"Bearer {secret}"}
    assert visit(None).get("/cases", **program).status_code == 200
    token = db.session.query(ApiToken).one()
    browser.post(f"/profile/tokens/{token.id}/revoke")
    assert visit(None).get("/cases", **program).status_code == 303
    assert "Revoke" not in browser.get("/profile").text


def test_a_token_needs_a_scope_and_an_end(ann: Actor, visit: Visit) -> None:
    browser = visit(ann)

    assert browser.post("/profile/tokens", {"name": "x", "days": "30"}).status_code == 400
    assert browser.post("/profile/tokens", {"name": "x", "scopes": "read", "days": "99999"}).status_code == 400
    assert db.session.query(ApiToken).count() == 0


def test_nobody_revokes_somebody_elses_token(office: Office, visit: Visit) -> None:
    visit(office.ann).post("/profile/tokens", {"name": "x", "scopes": "read", "days": "30"})
    token = db.session.query(ApiToken).one()

    assert visit(office.ben).post(f"/profile/tokens/{token.id}/revoke").status_code == 404

    db.session.rollback()
    assert db.session.get_one(ApiToken, token.id).revoked_at is None


def test_a_new_password_ends_every_sign_in(ann: Actor, visit: Visit) -> None:
    here, elsewhere = visit(ann), visit(ann)
    new = "another horse battery"

    answer = here.post("/profile/password", {"current": PASSWORD, "new": new, "again": new})

    assert answer.location == "/sign-in"
    assert "Your password is changed" in here.get("/sign-in").text
    assert here.get("/tasks").status_code == elsewhere.get("/tasks").status_code == 303
    assert visit(None).post("/sign-in", {"name": "ann", "password": PASSWORD}).status_code == 401
    assert visit(None).post("/sign-in", {"name": "ann", "password": new}).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "again", "said"),
    [
        ("wrong", "another horse battery", "another horse battery", "This is not your present password."),
        (PASSWORD, "another horse battery", "another", "The new password was not typed twice alike."),
        (PASSWORD, "short", "short", "A password has 10 to 1000 characters."),
    ],
)
def test_a_password_is_not_changed_by_mistake(
    ann: Actor, visit: Visit, current: str, new: str, again: str, said: str
) -> None:
    here = visit(ann)

    answer = here.post("/profile/password", {"current": current, "new": new, "again": again})

    assert answer.status_code == 422 and said in answer.text
    assert here.get("/tasks").status_code == 200
    assert visit(None).post("/sign-in", {"name": "ann", "password": PASSWORD}).status_code == 303


def test_the_present_password_cannot_be_guessed_without_end(ann: Actor, visit: Visit) -> None:
    here = visit(ann)
    tries = [here.post("/profile/password", {"current": "x", "new": "y", "again": "y"}).status_code for _ in range(11)]

    assert tries[-1] == 429
