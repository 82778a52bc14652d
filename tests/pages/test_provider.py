"""Signing in with a real provider in a browser, and connecting one's account to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import User
from service.policy.credentials import hash_password
from tests import provider
from tests.browser import NewPage
from tests.conftest import config_for
from tests.pages.conftest import Office

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PASSWORD = "correct horse battery"


@ONE_DATABASE
def test_people_sign_in_with_the_provider(
    app: Flask,
    office: Office,
    new_page: NewPage,
    address: str,
    browse: Callable[..., Page],
    flaws: Callable[[Page, str], list[str]],
    tmp_path: Path,
) -> None:
    db.session.get_one(User, office.ann.id).password_hash = hash_password(PASSWORD)
    db.session.commit()
    with provider.running(tmp_path, [address]) as there:
        there.knows(annie={"preferred_username": "annie", "name": "Annie"})
        settings = there.settings(CASEWRIGHT_OIDC_LABEL="the town's account")
        app.config["CASEWRIGHT"] = config_for("sqlite:///unused.db", **settings)
        page = new_page(address)

        # Unknown there, she is told what to do …
        page.goto("/sign-in?next=/cases")
        assert flaws(page, "sign-in-provider-1440-light") == []
        page.get_by_role("link", name="Sign in with the town's account").click()
        page.get_by_label("Who are you?").fill("annie")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("You have no account here yet.")).to_be_visible()
        assert flaws(page, "sign-in-provider-refused-1440-light") == []

        # … and connects the two.
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Cases")).to_be_visible()
        page.goto("/profile")
        assert flaws(page, "profile-provider-1440-light") == []
        page.locator("#connect-current").fill(PASSWORD)
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_text("Connected: you can sign in with either")).to_be_visible()
        expect(page.get_by_role("button", name="Part the two")).to_be_visible()

        # From now on either lets her in, also on a phone; at signing out the provider asks, too.
        phone = new_page(address, width=400, height=800, dark=True)
        phone.goto("/sign-in?next=/cases")
        assert flaws(phone, "sign-in-provider-400-dark") == []
        phone.get_by_role("link", name="Sign in with the town's account").click()
        phone.get_by_label("Who are you?").fill("annie")
        phone.get_by_role("button", name="Go on").click()
        expect(phone).to_have_url(f"{address}/cases")
        phone.get_by_role("button", name="Menu").click()
        phone.get_by_role("button", name="Ann").click()
        phone.get_by_role("button", name="Sign out").click()
        phone.wait_for_url(f"{there.issuer}/session/end?*")
        admin = browse(office.ada)
        admin.goto("/people/ann")
        expect(admin.get_by_text("the town's account, as annie")).to_be_visible()
        assert flaws(admin, "person-provider-1440-light") == []
        admin.get_by_role("button", name="Part from the provider").click()
        expect(admin.get_by_text("No provider signs Ann in any more.")).to_be_visible()
