"""Signing in with a real provider (npm's oidc-provider): who is let in, what its word gives, and attacks on the way."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
import time_machine
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask
from werkzeug.test import TestResponse

from service.config import WrongSetting
from service.db import db, utcnow
from service.errors import WrongState
from service.models import SYSTEM, Actor, Group, Identity, InstallationEntry, LoginSession, Membership, User
from service.operations import identities, second_factors, users
from service.operations.identities import Subject
from tests import provider
from tests.conftest import config_for
from tests.provider import Provider
from tests.security.browsing import Browser, give_password

HERE = "http://localhost"
NORA: dict[str, Any] = {
    "preferred_username": "nora",
    "name": "Nora Nilsen",
    "email": "nora@example.org",
    "email_verified": True,
    "groups": ["cn=Nurses,o=here", "everybody", "bosses"],
    "amr": ["pwd", "otp"],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with provider.running(tmp_path_factory.mktemp("provider"), [HERE]) as started:
        yield started


@pytest.fixture
def there(running: Provider, app: Flask) -> Provider:
    """The provider, which this installation uses, with groups and new accounts; Nora is known there alone."""
    running.knows(nora=NORA)
    use(app, running)
    return running


def use(app: Flask, running: Provider, **more: str) -> None:
    """Let the installation use that provider, with other settings than usual."""
    app.extensions.pop("casewright.provider", None)
    settings = {
        "CASEWRIGHT_OIDC_ACCOUNTS": "yes",
        "CASEWRIGHT_OIDC_GROUPS_CLAIM": "groups",
        "CASEWRIGHT_OIDC_GROUPS": "cn=Nurses,o=here=nurses",
        **more,
    }
    app.config["CASEWRIGHT"] = config_for("sqlite:///unused.db", **running.settings(**settings))


def sign_in(app: Flask, running: Provider, name: str = "nora", wanted: str = "/cases") -> tuple[Browser, TestResponse]:
    browser = Browser(app)
    answer = browser.get(back(browser, running, name, wanted))
    db.session.rollback()
    return browser, answer


def back(browser: Browser, running: Provider, name: str = "nora", wanted: str = "/cases") -> str:
    """The address to which the provider sends this browser, once it knows that it is `name`."""
    begun = browser.get("/sign-in/provider", query_string={"next": wanted})
    assert begun.status_code == 303, begun.text
    return running.sign_in(begun.location, name).removeprefix(HERE)


def groups(name: str) -> dict[str, bool]:
    rows = db.session.execute(
        sa.select(Membership.group_name, Membership.from_provider).join(User).where(User.name == name)
    )
    return {row.group_name: row.from_provider for row in rows}


def told() -> list[str]:
    return list(db.session.scalars(sa.select(InstallationEntry.action).order_by(InstallationEntry.seq)))


def test_who_is_new_is_let_in_with_the_groups_that_are_mapped(app: Flask, there: Provider) -> None:
    browser, answer = sign_in(app, there)

    assert (answer.status_code, answer.location) == (303, "/cases") and browser.is_signed_in()
    nora = db.session.scalars(sa.select(User)).one()
    assert (nora.name, nora.display_name, nora.email, nora.password_hash) == (
        "nora",
        "Nora Nilsen",
        NORA["email"],
        None,
    )
    assert groups("nora") == {"nurses": True} and not nora.is_admin
    assert [each for each in told() if each != "installation:begun"][-3:] == [
        "identity:connected", "group:added", "group:joined",
    ]  # fmt: skip
    kept = db.session.scalars(sa.select(LoginSession)).one()
    assert kept.hint and b"eyJ" not in kept.hint


def test_what_the_provider_gave_it_takes_back_and_nothing_else(app: Flask, there: Provider) -> None:
    use(app, there, CASEWRIGHT_OIDC_ADMINS="bosses")
    sign_in(app, there)
    nora = db.session.scalars(sa.select(User)).one()
    assert nora.is_admin
    users.join(nora, users.ensure_group("helpers", by=SYSTEM), by=SYSTEM)
    db.session.commit()

    there.knows(nora={**NORA, "groups": []})
    sign_in(app, there)

    db.session.refresh(nora)
    assert groups("nora") == {"helpers": False} and not nora.is_admin
    assert told()[-2:] == ["group:left", "user:changed"]


def test_rights_given_here_stay_and_by_default_the_provider_makes_no_administrator(app: Flask, there: Provider) -> None:
    sign_in(app, there)
    nora = db.session.scalars(sa.select(User)).one()
    assert not nora.is_admin
    users.change(nora, by=SYSTEM, is_admin=True)
    users.join(nora, db.session.get_one(Group, "nurses"), by=SYSTEM)
    db.session.commit()

    there.knows(nora={**NORA, "groups": []})
    sign_in(app, there)

    db.session.refresh(nora)
    assert nora.is_admin and groups("nora") == {"nurses": False}


def test_of_all_groups_of_the_provider_only_those_count_that_are_here(app: Flask, there: Provider) -> None:
    use(app, there, CASEWRIGHT_OIDC_GROUPS="*")
    users.add_group("everybody", "Everybody", by=SYSTEM)
    db.session.commit()

    sign_in(app, there)

    assert groups("nora") == {"everybody": True}


def test_who_is_unknown_stays_out_unless_the_setting_says_else(app: Flask, there: Provider) -> None:
    use(app, there, CASEWRIGHT_OIDC_ACCOUNTS="no")

    browser, answer = sign_in(app, there)

    assert answer.status_code == 401 and "You have no account here yet." in answer.text
    assert not browser.is_signed_in() and not db.session.scalar(sa.select(sa.func.count(User.id)))


def test_an_account_is_never_taken_over_by_its_name_or_address(
    app: Flask, there: Provider, person: Callable[..., Actor]
) -> None:
    mine = person("nora", "helpers")
    db.session.get_one(User, mine.id).email = NORA["email"]
    db.session.commit()

    browser, answer = sign_in(app, there)

    assert answer.status_code == 401 and "There is an account “nora” here already." in answer.text
    assert not browser.is_signed_in() and db.session.scalars(sa.select(Identity)).all() == []


def test_a_locked_account_stays_out(app: Flask, there: Provider) -> None:
    browser, _ = sign_in(app, there)
    users.change(db.session.scalars(sa.select(User)).one(), by=SYSTEM, active=False)
    db.session.commit()

    again, answer = sign_in(app, there)

    assert answer.status_code == 401 and "Your account here is locked." in answer.text
    assert not browser.is_signed_in() and not again.is_signed_in()


def test_an_account_is_connected_by_who_knows_its_password(
    app: Flask, there: Provider, person: Callable[..., Actor]
) -> None:
    ann = person("ann")
    give_password(ann)
    browser = Browser(app)
    browser.sign_in("ann")
    wrong = browser.post("/profile/provider/connect", {"current": "a guess of mine"})
    going = browser.post("/profile/provider/connect", {"current": "secret-ann"})
    there_at = going.text.split('content="0; url=')[1].split('"')[0].replace("&amp;", "&")

    answer = browser.get(there.sign_in(there_at, "nora").removeprefix(HERE))

    assert wrong.status_code == 303 and "url=" not in wrong.text
    assert (answer.status_code, answer.location) == (303, "/profile")
    fresh, _ = sign_in(app, there)
    assert fresh.get("/api/v1/me").json["name"] == "ann"
    fresh.get("/profile")
    assert fresh.post("/profile/provider/part").status_code == 303 and not fresh.is_signed_in()
    assert told()[-5:] == ["identity:connected", "group:added", "group:joined", "group:left", "identity:parted"]


def test_one_sign_in_belongs_to_one_account(app: Flask, there: Provider, person: Callable[..., Actor]) -> None:
    ann, ben = (db.session.get_one(User, person(name).id) for name in ("ann", "ben"))
    subject = Subject(there.issuer, "nora", {})
    identities.connect(ann, subject, by=SYSTEM)

    with pytest.raises(WrongState, match="belongs to another account"):
        identities.connect(ben, subject, by=SYSTEM)
    with pytest.raises(WrongState, match="connected to another sign-in"):
        identities.connect(ann, Subject(there.issuer, "other", {}), by=SYSTEM)
    with pytest.raises(WrongState, match="nothing else would let you in"):
        identities.part(ann, by=users.actor_of(ann.id))


@pytest.mark.parametrize(("setting", "page"), [("", "Set up your second factor"), ("otp, phr", None)])
def test_a_second_factor_is_asked_for_once(app: Flask, there: Provider, setting: str, page: str | None) -> None:
    use(app, there, CASEWRIGHT_OIDC_SECOND_FACTOR=setting)
    second_factors.require_of(users.add_group("nurses", "Nurses", by=SYSTEM), True, by=SYSTEM)
    db.session.commit()

    browser, answer = sign_in(app, there)

    assert browser.is_signed_in() is (page is None)
    assert answer.status_code == 303 if page is None else page in answer.text


def test_signing_out_ends_the_sign_in_of_the_provider_too(app: Flask, there: Provider) -> None:
    browser, _ = sign_in(app, there)
    browser.get("/profile")

    answer = browser.post("/sign-out")

    onward = answer.text.split('content="0; url=')[1].split('"')[0].replace("&amp;", "&")
    asked = parse_qs(urlsplit(onward).query)
    assert onward.startswith(f"{there.issuer}/session/end?") and not browser.is_signed_in()
    assert asked["post_logout_redirect_uri"] == [f"{HERE}/sign-in"] and asked["id_token_hint"][0].startswith("eyJ")


# --- attacks


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_it_never_leads_to_another_site(app: Flask, there: Provider, wanted: str) -> None:
    assert sign_in(app, there, wanted=wanted)[1].location == "/"


def test_what_another_browser_began_is_refused_and_so_is_what_was_used(app: Flask, there: Provider) -> None:
    victim, browser = Browser(app), Browser(app)
    address = back(browser, there)

    planted = victim.get(address)
    before = browser.client.get_cookie("notices")
    used = browser.get(address)
    again = browser.get(address)
    assert before is not None
    browser.client.set_cookie("notices", before.value)  # a thief who has the cookie of then, too
    replayed = browser.get(address)

    assert [planted.status_code, used.status_code, again.status_code, replayed.status_code] == [401, 303, 401, 401]
    assert not victim.is_signed_in()


def test_an_answer_of_another_provider_is_refused(app: Flask, there: Provider) -> None:
    browser = Browser(app)
    address = back(browser, there)
    without, other = (address.split("&iss=")[0] + more for more in ("", "&iss=https://evil.example"))

    assert [browser.get(without).status_code, browser.get(other).status_code] == [401, 401]
    assert not browser.is_signed_in()


def test_a_provider_that_calls_itself_else_is_refused(app: Flask, there: Provider) -> None:
    use(app, there, CASEWRIGHT_OIDC_ISSUER=there.issuer.replace("127.0.0.1", "localhost"))

    answer = Browser(app).get("/sign-in/provider")

    assert answer.status_code == 401 and "does not hold" in answer.text


def test_a_nonce_of_another_sign_in_is_refused(app: Flask, there: Provider) -> None:
    browser = Browser(app)
    address = back(browser, there)
    with browser.client.session_transaction(base_url=HERE) as kept:
        [place] = [name for name in kept if name.startswith("_state_")]
        kept[place] = {**kept[place], "data": {**kept[place]["data"], "nonce": "of another sign-in"}}

    answer = browser.get(address)

    assert answer.status_code == 401 and not browser.is_signed_in()


def test_a_verifier_of_another_sign_in_is_refused_by_the_provider(app: Flask, there: Provider) -> None:
    browser = Browser(app)
    address = back(browser, there)
    with browser.client.session_transaction(base_url=HERE) as kept:
        [place] = [name for name in kept if name.startswith("_state_")]
        kept[place] = {**kept[place], "data": {**kept[place]["data"], "code_verifier": "x" * 48}}

    assert browser.get(address).status_code == 401


def tampered(token: str, how: str) -> str:
    """The ID token with another subject, under its old signature, without one, or by a key that everybody knows."""
    from joserfc import jwt
    from joserfc.jwk import OctKey

    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    if how == "by a key that everybody knows":
        return jwt.encode({"alg": "HS256"}, {**claims, "sub": "mallory"}, OctKey.import_key(provider.SECRET))
    if how == "for somebody else":
        claims["aud"] = "another client"
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "mallory"}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{none}.{changed}." if how == "without a signature" else f"{head}.{changed}.{signature}"


@pytest.mark.parametrize(
    "how", ["under its signature", "without a signature", "by a key that everybody knows", "for somebody else", "none"]
)
def test_a_tampered_token_is_refused(app: Flask, there: Provider, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    there.knows(mallory={"preferred_username": "mallory"})
    asked = OAuth2Session.fetch_token

    def fetch_token(self: OAuth2Session, *args: Any, **more: Any) -> Any:
        answer = asked(self, *args, **more)
        answer["id_token"] = tampered(answer["id_token"], how)
        if how == "none":
            del answer["id_token"]
        return answer

    monkeypatch.setattr(OAuth2Session, "fetch_token", fetch_token)

    browser, answer = sign_in(app, there)

    assert answer.status_code == 401 and not browser.is_signed_in()
    assert not db.session.scalar(sa.select(sa.func.count(User.id)))


@pytest.mark.parametrize("minutes", [5, 45])
def test_what_has_expired_is_refused(app: Flask, there: Provider, minutes: int) -> None:
    """The token after a minute, the sign-in that was begun after half an hour."""
    browser = Browser(app)
    address = back(browser, there)

    with time_machine.travel(utcnow() + timedelta(minutes=minutes)):
        answer = browser.get(address)

    assert answer.status_code == 401 and not browser.is_signed_in()
    assert ("too long ago" in answer.text) is (minutes == 45)


def test_the_provider_may_refuse(app: Flask, there: Provider) -> None:
    browser = Browser(app)
    begun = browser.get("/sign-in/provider")
    state = parse_qs(urlsplit(begun.location).query)["state"][0]

    answer = browser.get("/sign-in/provider/back", query_string={"error": "access_denied", "state": state})

    assert answer.status_code == 401 and "the provider refused it" in answer.text


def test_while_the_provider_is_down_passwords_let_in(app: Flask, there: Provider, person: Callable[..., Actor]) -> None:
    use(app, there, CASEWRIGHT_OIDC_ISSUER="http://127.0.0.1:9")
    give_password(person("ann"))
    browser = Browser(app)

    answer = browser.get("/sign-in/provider")

    assert answer.status_code == 503 and "does not answer. Try again in a moment, or sign in with a name" in answer.text
    assert browser.sign_in("ann").status_code == 303


def test_many_begun_sign_ins_leave_the_cookie_small(app: Flask, there: Provider) -> None:
    browser = Browser(app)
    for _ in range(10):
        browser.get("/sign-in/provider", query_string={"next": "/" + "x" * 480})

    kept = browser.client.get_cookie("notices")
    assert kept is not None and len(kept.value) < 3800
    assert browser.get(back(browser, there)).status_code == 303


def test_without_a_provider_there_is_nothing(app: Flask) -> None:
    browser = Browser(app)

    assert "provider" not in browser.get("/sign-in").text
    assert [browser.get(f"/sign-in/provider{more}").status_code for more in ("", "/back")] == [404, 401]


def test_settings_that_do_not_fit_are_named(tmp_path: Any) -> None:
    file = tmp_path / "secret"
    file.write_text("of the file\n")
    url, issuer = "sqlite:///unused.db", "https://login.example.org/"
    read = config_for(
        url,
        CASEWRIGHT_OIDC_ISSUER=issuer,
        CASEWRIGHT_OIDC_CLIENT_ID="us",
        CASEWRIGHT_OIDC_CLIENT_SECRET_FILE=str(file),
    )

    assert read.oidc_secret == "of the file" and read.oidc_issuer == issuer
    for wrong in (
        {"CASEWRIGHT_OIDC_ISSUER": issuer},
        {"CASEWRIGHT_OIDC_ISSUER": "http://login.example.org"},
        {"CASEWRIGHT_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "nowhere")},
        {"CASEWRIGHT_OIDC_SCOPES": "profile"},
        {"CASEWRIGHT_OIDC_GROUPS": "nurses"},
    ):
        with pytest.raises(WrongSetting, match=next(iter(wrong)) if len(wrong) > 1 else "CASEWRIGHT_OIDC"):
            config_for(url, **wrong)
