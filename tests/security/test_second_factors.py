"""Codes after the password: what each try to get around them comes to."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import TestResponse

from service.db import db, utcnow
from service.models import SYSTEM, Actor, Group, InstallationEntry, LoginSession, RecoveryCode, SecondFactor, User
from service.operations import second_factors, users
from service.policy.credentials import hash_password
from tests.api.conftest import Program

PASSWORD = "correct horse battery"


class Browser:
    """Somebody's browser, without scripts."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str) -> TestResponse:
        return self._open(path, method="GET")

    def post(self, path: str, **form: str) -> TestResponse:
        found = re.search(r'"X-CSRFToken": "([0-9a-f]+)"', self.get("/about").text)
        assert found
        return self._open(path, method="POST", data={"csrf_token": found[1], **form})

    def password(self, name: str = "ann", password: str = PASSWORD) -> str:
        """Send the password; what the page hands on to the second step."""
        found = re.search(r'name="half" value="([^"]+)"', self.post("/sign-in", name=name, password=password).text)
        assert found
        return found[1]

    def is_in(self) -> bool:
        return self.get("/profile").status_code == 200

    def _open(self, path: str, **how: Any) -> TestResponse:
        db.session.rollback()
        return contextvars.Context().run(lambda: self.client.open(path, buffered=True, **how))


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    found = person("ann", "clerks")
    db.session.get_one(User, found.id).password_hash = hash_password(PASSWORD)
    db.session.commit()
    return found


@pytest.fixture
def codes(ann: Actor) -> list[str]:
    """Ann's recovery codes, once her second factor is set up."""
    user = db.session.get_one(User, ann.id)
    second_factors.begin(user)
    db.session.commit()
    found = second_factors.confirm(user, code(ann, minutes=-0.5), by=ann)
    db.session.commit()
    db.session.rollback()
    return list(found)


def code(actor: Actor, *, minutes: float = 0) -> str:
    """What the app shows so many minutes from now."""
    factor = db.session.get_one(SecondFactor, actor.id)
    found = pyotp.TOTP(second_factors.secret(factor)).at(utcnow() + timedelta(minutes=minutes))
    db.session.rollback()
    return found


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.mark.usefixtures("codes")
def test_the_password_alone_lets_nobody_in(ann: Actor, browser: Browser) -> None:
    half = browser.password()

    assert not browser.is_in()
    assert db.session.query(LoginSession).count() == 0
    wrong = browser.post("/sign-in/code", half=half, code="000000")
    assert (wrong.status_code, browser.is_in()) == (422, False)
    assert 'id="code-error"' in wrong.text
    right = browser.post("/sign-in/code", half=half, code=code(ann), next="/tasks")
    assert (right.status_code, right.headers["Location"]) == (303, "/tasks")
    assert browser.is_in()


@pytest.mark.usefixtures("codes")
def test_a_code_is_taken_once(app: Flask, ann: Actor, browser: Browser) -> None:
    shown, other = code(ann), Browser(app)
    assert browser.post("/sign-in/code", half=browser.password(), code=shown).status_code == 303

    again = other.post("/sign-in/code", half=other.password(), code=shown)

    assert (again.status_code, other.is_in()) == (422, False)
    earlier = other.post("/sign-in/code", half=other.password(), code=code(ann, minutes=-0.5))
    assert earlier.status_code == 422


@pytest.mark.usefixtures("codes")
def test_codes_of_another_time_or_another_person_are_none(
    ann: Actor, browser: Browser, person: Callable[..., Actor]
) -> None:
    half, ben = browser.password(), person("ben")
    user = db.session.get_one(User, ben.id)
    second_factors.begin(user)
    db.session.commit()

    tried = [code(ann, minutes=minutes) for minutes in (-5, 5)] + [code(ben), "", "12345", "１２３４５６", "x" * 5000]

    assert {browser.post("/sign-in/code", half=half, code=each).status_code for each in tried} == {422}
    assert not browser.is_in()


@pytest.mark.usefixtures("codes")
def test_the_first_half_belongs_to_one_browser_one_password_and_a_few_minutes(
    app: Flask, ann: Actor, browser: Browser
) -> None:
    half, other = browser.password(), Browser(app)

    elsewhere = other.post("/sign-in/code", half=half, code=code(ann))
    made_up = browser.post("/sign-in/code", half=half[:-3] + "abc", code=code(ann))
    with time_machine.travel(utcnow() + timedelta(minutes=11), tick=False):
        late = browser.post("/sign-in/code", half=half, code=code(ann))
    as_set_up = browser.post("/sign-in/set-up", half=half, code=code(ann))
    users.set_password(db.session.get_one(User, ann.id), "something quite different", by=ann)
    db.session.commit()
    changed = browser.post("/sign-in/code", half=half, code=code(ann))

    answers = [elsewhere, made_up, late, as_set_up, changed]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert not browser.is_in()
    assert not other.is_in()


@pytest.mark.usefixtures("codes")
def test_tries_have_a_limit_from_wherever(app: Flask, ann: Actor) -> None:
    browsers = [Browser(app) for _ in range(3)]
    halves = [each.password() for each in browsers]

    tried = [
        browsers[number % 3].post("/sign-in/code", half=halves[number % 3], code="000000").status_code
        for number in range(11)
    ]
    shut = browsers[0].post("/sign-in/code", half=halves[0], code=code(ann))

    assert tried == [422] * 10 + [429]
    assert shut.status_code == 429
    assert int(shut.headers["Retry-After"]) > 0


def test_a_recovery_code_lets_in_once_and_is_kept_as_a_hash(
    app: Flask, ann: Actor, codes: list[str], browser: Browser
) -> None:
    spare, other = codes[0], Browser(app)
    kept = {row.hash.hex() for row in db.session.scalars(sa.select(RecoveryCode))}
    assert len(kept) == 10
    assert spare.replace("-", "").encode().hex() not in kept

    first = browser.post("/sign-in/code", half=browser.password(), code=spare.upper())
    second = other.post("/sign-in/code", half=other.password(), code=spare)

    assert (first.status_code, second.status_code) == (303, 422)
    told = sa.select(InstallationEntry).where(InstallationEntry.action == "second-factor:recovery-used")
    assert db.session.scalars(told).one().details == {"left": 9}


def test_tokens_are_asked_for_no_code(ann: Actor, codes: list[str], program: Callable[..., Program]) -> None:
    assert codes
    assert program(ann, "read").get("/me").json["name"] == "ann"


def test_a_group_that_needs_it_has_its_members_set_it_up(app: Flask, ann: Actor, browser: Browser) -> None:
    browser.post("/sign-in", name="ann", password=PASSWORD)
    assert browser.is_in()
    second_factors.require_of(db.session.get_one(Group, "clerks"), True, by=SYSTEM)
    db.session.commit()
    assert not browser.is_in()

    half = browser.password()
    assert not browser.is_in()
    wrong = browser.post("/sign-in/set-up", half=half, code="000000")
    done = browser.post("/sign-in/set-up", half=half, code=code(ann), next="/tasks")

    assert wrong.status_code == 422
    assert "<svg" in wrong.text
    shown = re.findall(r"<li><code>([a-z0-9-]{19})</code>", done.text)
    assert len(shown) == 10
    assert browser.is_in()
    refused = browser.post("/profile/second-factor/remove", current=PASSWORD, code=shown[0])
    assert refused.status_code == 422
    assert "needs a second factor" in refused.text


def test_who_joins_such_a_group_sets_it_up_at_once(ann: Actor, browser: Browser) -> None:
    browser.post("/sign-in", name="ann", password=PASSWORD)
    assert browser.is_in()
    safe = users.ensure_group("safe", by=SYSTEM)
    second_factors.require_of(safe, True, by=SYSTEM)

    users.join(db.session.get_one(User, ann.id), safe, by=SYSTEM)
    db.session.commit()

    assert not browser.is_in()
    assert browser.password()
    assert not browser.is_in()


def test_it_is_set_up_and_removed_on_the_profile_by_password_and_code(ann: Actor, browser: Browser) -> None:
    browser.post("/sign-in", name="ann", password=PASSWORD)

    assert browser.post("/profile/second-factor/begin", current="wrong").status_code == 422
    assert db.session.query(SecondFactor).count() == 0
    picture = browser.post("/profile/second-factor/begin", current=PASSWORD)
    assert "<svg" in picture.text
    assert "style=" not in re.findall(r"<svg.*?</svg>", picture.text, re.DOTALL)[0]
    assert not second_factors.is_on(ann.id)
    made = browser.post("/profile/second-factor/confirm", code=code(ann))
    spare = re.findall(r"<li><code>([a-z0-9-]{19})</code>", made.text)
    assert second_factors.is_on(ann.id)
    anew = browser.post("/profile/second-factor/codes", current=PASSWORD, code=spare[0])
    assert len(re.findall(r"<li><code>", anew.text)) == 10
    without = browser.post("/profile/second-factor/remove", current=PASSWORD, code=spare[1])
    assert without.status_code == 422
    gone = browser.post("/profile/second-factor/remove", current=PASSWORD, code=code(ann, minutes=0.5))
    assert gone.status_code == 303
    assert not second_factors.is_on(ann.id)


def test_the_secret_stands_nowhere_in_the_database(ann: Actor, codes: list[str]) -> None:
    assert codes
    factor = db.session.get_one(SecondFactor, ann.id)
    secret = second_factors.secret(factor)

    assert len(secret) == 32
    assert secret.encode() not in factor.nonce
    assert pyotp.TOTP(secret).at(utcnow()) == code(ann)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_has_lost_everything_is_reset_by_an_administrator(
    app: Flask, ann: Actor, codes: list[str], program: Callable[..., Program], person: Callable[..., Actor]
) -> None:
    assert codes
    ada, ben = program(person("ada", admin=True)), program(person("ben"))
    db.session.rollback()

    refused = ben.send("DELETE", "/users/ann/second-factor")
    done = ada.send("DELETE", "/users/ann/second-factor")

    assert (refused.status_code, done.status_code) == (403, 204)
    assert db.session.query(SecondFactor).count() == db.session.query(RecoveryCode).count() == 0
    told = sa.select(InstallationEntry.action).where(InstallationEntry.subject == "ann")
    assert "second-factor:reset" in db.session.scalars(told).all()


def test_the_command_is_there() -> None:
    from service.cli import users as commands

    told = CliRunner().invoke(commands.user, ["reset-second-factor", "--help"])

    assert "recovery codes of NAME" in told.output
