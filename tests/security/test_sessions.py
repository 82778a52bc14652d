"""Signing in and staying signed in: what a thief of names, cookies or minutes gets."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from limits import parse

from service import create_app
from service.db import db
from service.models import SYSTEM, Actor, LoginSession, User
from service.operations import users
from tests.conftest import config_for
from tests.security.browsing import Browser, give_password


@pytest.fixture
def ann(person: Callable[..., Actor]) -> Actor:
    """Ann, who can sign in as `ann` with `secret-ann`."""
    actor = person("ann", "clerks")
    give_password(actor)
    return actor


def change_ann(ann: Actor, **changes: bool) -> None:
    users.change(db.session.get_one(User, ann.id), by=SYSTEM, **changes)
    db.session.commit()
    db.session.rollback()


def test_the_right_password_lets_in_and_a_wrong_one_does_not(app: Flask, ann: Actor) -> None:
    right, wrong, unknown = Browser(app), Browser(app), Browser(app)

    answers = [right.sign_in("ann"), wrong.sign_in("ann", "secret-ben"), unknown.sign_in("bob", "secret-bob")]

    assert [answer.status_code for answer in answers] == [303, 401, 401]
    assert [browser.is_signed_in() for browser in (right, wrong, unknown)] == [True, False, False]
    assert wrong.get("/sign-in").status_code == 200


def test_the_session_id_changes_at_sign_in(app: Flask, ann: Actor) -> None:
    browser, planted = Browser(app), "A" * 43
    browser.client.set_cookie("casewright", planted)

    browser.sign_in("ann")

    assert browser.cookie() not in (None, planted)
    thief = Browser(app)
    thief.client.set_cookie("casewright", planted)
    assert not thief.is_signed_in()


def test_signing_in_again_ends_the_session_before(app: Flask, ann: Actor) -> None:
    browser = Browser(app)
    browser.sign_in("ann")
    first = browser.cookie()
    token = browser.token
    browser.post("/sign-in", {"name": "ann", "password": "secret-ann", "csrf_token": token})

    thief = Browser(app)
    thief.client.set_cookie("casewright", first or "")

    assert browser.is_signed_in()
    assert not thief.is_signed_in()


def test_signing_out_ends_the_session_and_not_only_its_cookie(app: Flask, ann: Actor) -> None:
    browser = Browser(app)
    browser.sign_in("ann")
    kept = browser.cookie()

    browser.post("/sign-out")

    thief = Browser(app)
    thief.client.set_cookie("casewright", kept or "")
    assert not browser.is_signed_in()
    assert not thief.is_signed_in()


def test_a_disabled_user_is_out_at_once(app: Flask, ann: Actor) -> None:
    browser = Browser(app)
    browser.sign_in("ann")

    change_ann(ann, active=False)

    assert not browser.is_signed_in()
    assert browser.sign_in("ann").status_code == 401


def test_another_role_or_password_ends_all_sign_ins(app: Flask, ann: Actor) -> None:
    before = [Browser(app), Browser(app)]
    for browser in before:
        browser.sign_in("ann")

    change_ann(ann, is_admin=True)
    after = Browser(app)
    after.sign_in("ann")
    users.set_password(db.session.get_one(User, ann.id), "another secret", by=SYSTEM)
    db.session.commit()

    assert [browser.is_signed_in() for browser in (*before, after)] == [False] * 3


def test_a_session_ends_after_half_an_hour_unused(app: Flask, ann: Actor) -> None:
    began = datetime(2026, 11, 2, 9, tzinfo=UTC)
    with time_machine.travel(began, tick=False) as clock:
        browser = Browser(app)
        browser.sign_in("ann")
        seen = []
        for minutes in (20, 40, 69, 100):
            clock.move_to(began + timedelta(minutes=minutes))
            seen.append(browser.is_signed_in())

    assert seen == [True, True, True, False]


def test_a_session_ends_after_twelve_hours_however_busy(app: Flask, ann: Actor) -> None:
    began = datetime(2026, 11, 2, 9, tzinfo=UTC)
    with time_machine.travel(began, tick=False) as clock:
        browser = Browser(app)
        browser.sign_in("ann")
        minutes = 0
        while minutes < 12 * 60 - 10:
            minutes += 10
            clock.move_to(began + timedelta(minutes=minutes))
            assert browser.is_signed_in()
        clock.move_to(began + timedelta(hours=12, seconds=1))
        assert not browser.is_signed_in()


def test_the_database_holds_nothing_that_signs_in(app: Flask, ann: Actor) -> None:
    browser = Browser(app)
    browser.sign_in("ann")

    [session] = db.session.query(LoginSession).all()
    password_hash = db.session.get_one(User, ann.id).password_hash

    cookie = browser.cookie()
    assert cookie is not None and cookie.encode() not in session.hash
    assert password_hash is not None and password_hash.startswith("$argon2id$")


def test_with_https_the_cookie_is_bound_to_this_host(database_url: str) -> None:
    app = create_app(config_for(database_url, CASEWRIGHT_SECURE_COOKIES="yes"))
    answer = Browser(app, base_url="https://localhost").get("/sign-in")

    cookies = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("__Host-casewright=")]

    [cookie] = cookies
    assert {part.strip() for part in cookie.split(";")[1:]} == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    with app.app_context():
        db.engine.dispose()


def test_ten_wrong_tries_close_the_account_for_that_address_only(app: Flask, ann: Actor) -> None:
    attacker, owner = Browser(app, address="203.0.113.9"), Browser(app, address="198.51.100.7")

    tried = [attacker.sign_in("ann", f"guess number {number}").status_code for number in range(12)]
    right_too_late = attacker.sign_in("ann")

    assert tried == [401] * 10 + [429] * 2
    assert right_too_late.status_code == 429
    assert 0 < int(right_too_late.headers["Retry-After"]) <= 300
    assert owner.sign_in("ann").status_code == 303


def test_an_account_tried_from_everywhere_is_slowed_but_not_where_its_owner_signed_in(app: Flask, ann: Actor) -> None:
    app.config["CASEWRIGHT"] = replace(app.config["CASEWRIGHT"], account_limit=parse("12 per hour"))
    at_home = Browser(app, address="192.0.2.1")

    assert at_home.sign_in("ann").status_code == 303
    tried = [Browser(app, address=f"198.51.100.{place}").sign_in("ann", "a guess").status_code for place in range(14)]
    right = Browser(app, address="198.51.100.99").sign_in("ann").status_code
    elsewhere = Browser(app, address="198.51.100.98").sign_in("ben").status_code
    at_home.address = "203.0.113.7"

    assert tried == [401] * 12 + [429] * 2
    assert (right, elsewhere, at_home.sign_in("ann").status_code) == (429, 401, 303)


def test_a_browser_that_says_it_is_known_has_to_prove_it(app: Flask, ann: Actor) -> None:
    app.config["CASEWRIGHT"] = replace(app.config["CASEWRIGHT"], account_limit=parse("3 per hour"))
    bens = Browser(app)
    give_password(person := Actor(ann.id, "ann"))
    bens.sign_in(person.name)
    [mark] = [bens.client.get_cookie("casewright-known")]
    assert mark is not None and mark.http_only and "ann" not in mark.value

    tried = []
    for forged in ("", "x.y.z", mark.value[:-3] + "abc", mark.value.replace("W", "w"), ""):
        attacker = Browser(app, address=f"198.51.100.{len(tried)}")
        attacker.client.set_cookie("casewright-known", forged)
        tried.append(attacker.sign_in("ann", "a guess").status_code)

    assert tried == [401] * 3 + [429] * 2


def test_unknown_accounts_are_counted_just_the_same(app: Flask) -> None:
    attacker = Browser(app)

    tried = [attacker.sign_in("nobody", "wrong password").status_code for _ in range(12)]

    assert tried == [401] * 10 + [429] * 2


def test_one_address_trying_many_names_is_stopped(app: Flask, ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "service.policy.credentials.fits", lambda kept, password: False
    )  # the counting, not the hashing
    attacker = Browser(app)

    tried = [attacker.sign_in(f"name-{number}", "wrong password").status_code for number in range(101)]

    assert tried == [401] * 100 + [429]


def test_tries_are_counted_across_web_processes(app: Flask, database_url: str, ann: Actor) -> None:
    other = create_app(config_for(database_url))
    browsers = [Browser(app), Browser(other)]

    tried = [browsers[number % 2].sign_in("ann", "wrong password").status_code for number in range(11)]

    assert tried[-1] == 429
    with other.app_context():
        db.engine.dispose()


def test_the_count_ends_after_five_minutes_and_with_success(app: Flask, ann: Actor) -> None:
    began = datetime(2026, 11, 2, 9, tzinfo=UTC)
    with time_machine.travel(began, tick=False) as clock:
        browser = Browser(app)
        for _ in range(9):
            browser.sign_in("ann", "wrong password")
        assert browser.sign_in("ann").status_code == 303
        again = [Browser(app).sign_in("ann", "wrong password").status_code for _ in range(11)]
        clock.move_to(began + timedelta(minutes=5, seconds=1))
        later = browser.sign_in("ann").status_code

    assert again == [401] * 10 + [429]
    assert later == 303


def test_an_address_may_use_its_whole_network_and_is_counted_once(app: Flask, ann: Actor) -> None:
    tried = [
        Browser(app, address=f"2001:db8:1:2::{number:x}").sign_in("ann", "wrong password").status_code
        for number in range(1, 12)
    ]

    assert tried[-1] == 429


def test_unknown_names_take_as_long_as_wrong_passwords(real_hashes: None, app: Flask, ann: Actor) -> None:
    """Less would tell who is there: the hash of nobody costs as much. CPU time, the best of alternating tries.

    `make chaos` tries 500 times, and holds their medians to 5 %.
    """
    from service.http import auth

    tries = int(os.environ.get("SIGN_INS", "5"))
    taken: dict[str, list[float]] = {"ann": [], "nobody": []}
    for _ in range(tries):
        for name, times in taken.items():
            began = time.process_time()
            assert auth._checked(name, "wrong password") is None
            times.append(time.process_time() - began)

    known, unknown = (min(times) for times in taken.values())
    assert 0.5 < unknown / known < 2
    known, unknown = (statistics.median(times) for times in taken.values())
    assert tries < 100 or abs(known - unknown) <= 0.05 * known


def test_a_password_that_is_too_short_or_the_name_is_refused(app: Flask, person: Callable[..., Actor]) -> None:
    from service.errors import BadRequest

    user = db.session.get_one(User, person("a-rather-long-name").id)

    for password in ("short", "x" * 1001, "A-Rather-Long-Name"):
        with pytest.raises(BadRequest):
            users.set_password(user, password, by=SYSTEM)
