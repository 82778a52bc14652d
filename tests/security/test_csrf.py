"""Other sites cannot use a signed-in browser: every unsafe route, from the URL map."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from service.db import db
from service.http.protection import SAFE
from service.models import Actor, Case
from tests.api.conftest import Office, Program
from tests.security.browsing import Browser, give_password

SOMETHING = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def browser(app: Flask, person: Callable[..., Actor]) -> Browser:
    """Somebody who may do everything, signed in."""
    actor = person("root", admin=True)
    give_password(actor)
    browser = Browser(app)
    assert browser.sign_in("root").status_code == 303
    assert re.fullmatch("[0-9a-f]{64}", browser.token)
    return browser


def unsafe(app: Flask) -> list[tuple[str, str]]:
    """Method and path of every route that may change something."""
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<uuid:\w+>", SOMETHING, rule.rule)
        path = re.sub(r"<int:\w+>", "1", path)
        path = re.sub(r"<\w+>", "some-name", path)
        assert "<" not in path, "a kind of argument that this test does not fill in"
        found += [(method, path) for method in (rule.methods or set()) - SAFE]
    return sorted(found)


ATTACKS = {
    "no token": {"headers": {}},
    "an empty token": {"headers": {"X-CSRFToken": ""}},
    "somebody else's token": {"headers": {"X-CSRFToken": "0" * 64}},
    "the cookie as token": {"headers": {"X-CSRFToken": "COOKIE"}},
    "a foreign origin": {"headers": {"X-CSRFToken": "RIGHT", "Origin": "https://evil.example"}},
    "no origin that says its name": {"headers": {"X-CSRFToken": "RIGHT", "Origin": "null"}},
    "another port": {"headers": {"X-CSRFToken": "RIGHT", "Origin": "http://localhost:8001"}},
    "a sister site": {"headers": {"X-CSRFToken": "RIGHT", "Sec-Fetch-Site": "same-site"}},
    "another site": {"headers": {"X-CSRFToken": "RIGHT", "Sec-Fetch-Site": "cross-site"}},
}


def test_no_unsafe_route_obeys_another_site(app: Flask, browser: Browser) -> None:
    obeyed = []
    for method, path in unsafe(app):
        for attack, options in ATTACKS.items():
            swap = {"RIGHT": browser.token, "COOKIE": browser.cookie() or ""}
            headers = {name: swap.get(value, value) for name, value in options["headers"].items()}
            answer = browser.open(method, path, headers=headers)
            if answer.status_code != 403:
                obeyed.append(f"{method} {path} with {attack}: {answer.status_code}")

    assert obeyed == []
    assert len(unsafe(app)) > 30
    assert browser.is_signed_in()


def test_our_own_pages_are_obeyed(app: Flask, browser: Browser, office: Office) -> None:
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

    by_field = browser.post("/profile/tokens", {"name": "x", "scopes": "read", "days": "90"}, headers=own)
    by_header = browser.open(
        "POST", "/api/v1/tokens", json={"name": "y", "scopes": ["read"]}, headers={**own, "X-CSRFToken": browser.token}
    )

    assert (by_field.status_code, by_header.status_code) == (200, 201)


def test_a_token_of_the_time_before_signing_in_is_worth_nothing_after(app: Flask, browser: Browser) -> None:
    other = Browser(app)
    other.get("/sign-in")
    before = other.token

    other.post("/sign-in", {"name": "root", "password": "secret-root"})
    answer = other.post("/profile/tokens", {"name": "x", "scopes": "read", "days": "90", "csrf_token": before})

    assert answer.status_code == 403


def test_signing_in_cannot_be_forced_either(app: Flask, browser: Browser) -> None:
    victim = Browser(app)

    answer = victim.open("POST", "/sign-in", data={"name": "root", "password": "secret-root"})

    assert answer.status_code == 403
    assert not victim.is_signed_in()


def test_an_api_token_needs_none_and_gets_no_cookie(
    app: Flask, office: Office, program: Callable[..., Program]
) -> None:
    ann = program(office.ann)

    answer = ann.post("/cases", {"case_type": "loan", "data": {"amount": 1}}, Origin="https://their-system.example")

    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_beside_a_bad_token_counts_for_nothing(app: Flask, browser: Browser) -> None:
    headers = ["Bearer cw_wrong", "Bearer ", "Basic cm9vdDpzZWNyZXQtcm9vdA==", "nonsense", ""]

    answers = [browser.open("GET", "/api/v1/me", headers={"Authorization": value}) for value in headers]

    assert [answer.status_code for answer in answers] == [401] * 5
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)
    assert db.session.query(Case).count() == 0
