"""The second factor in a browser: set up because a group needs it, asked for, and looked at on the profile."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.models import SYSTEM, Group, User
from service.operations import second_factors
from service.policy.credentials import hash_password
from tests.browser import NewPage
from tests.pages.conftest import Office

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PASSWORD = "correct horse battery"


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@ONE_DATABASE
def test_a_second_factor_is_set_up_and_asked_for(
    office: Office, new_page: NewPage, address: str, flaws: Callable[[Page, str], list[str]]
) -> None:
    ann = db.session.get_one(User, office.ann.id)
    ann.password_hash = hash_password(PASSWORD)
    second_factors.require_of(db.session.get_one(Group, "claims-intake"), True, by=SYSTEM)
    db.session.commit()
    page = new_page(address)

    sign_in(page)
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    assert flaws(page, "second-factor-set-up-1440-light") == []
    secret = page.locator(".qr-secret").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).at(utcnow()))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("listitem")).to_have_count(10)
    assert flaws(page, "recovery-codes-1440-light") == []
    spare = page.get_by_role("listitem").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    page.goto("/profile/second-factor")
    assert flaws(page, "second-factor-1440-light") == []
    page.goto("/profile")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    phone = new_page(address, width=400, height=800, dark=True)
    sign_in(phone)
    phone.get_by_label("Code", exact=True).fill("000000")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_text("This code is not right.")).to_be_visible()
    assert flaws(phone, "second-factor-code-400-dark") == []
    phone.get_by_label("Code", exact=True).fill(spare)
    phone.get_by_role("button", name="Sign in").click()
    expect(phone).to_have_url(f"{address}/tasks")
