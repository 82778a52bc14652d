"""What somebody typed and did not send: it outlives the sign-in, is theirs alone, and is not left unasked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Dialog, Page, expect

from service.db import db
from service.models import Actor, LoginSession, User
from service.policy.credentials import hash_password
from tests.pages.conftest import Office, Visitor
from tests.pages.test_in_a_browser import Browse, settle

Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PASSWORD = "correct horse battery"


@pytest.fixture
def with_passwords(office: Office) -> Office:
    """The office, whose people can sign in."""
    for actor in (office.ben, office.mia):
        db.session.get_one(User, actor.id).password_hash = hash_password(PASSWORD)
    db.session.commit()
    return office


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def end_all_sign_ins() -> None:
    db.session.query(LoginSession).delete()
    db.session.commit()


@SQLITE
def test_a_note_outlives_the_sign_in_and_nobody_else_sees_it(
    with_passwords: Office, browse: Browse, flaws: Callable[[Page, str], list[str]]
) -> None:
    office = with_passwords
    case = f"/cases/{office.open_claim().number}"
    page = browse(office.mia)
    db.session.rollback()
    page.goto(case)
    note = page.get_by_label("Note", exact=True)
    note.fill("The neighbour saw the water at noon.")
    page.get_by_text("Everybody who sees the case").click()
    end_all_sign_ins()

    page.get_by_role("button", name="Preview").click()
    expect(note).to_have_value("The neighbour saw the water at noon.")
    page.get_by_role("button", name="Add the note").click()
    assert flaws(page, "signed-out-with-a-note") == []
    page.get_by_role("alert").get_by_role("link", name="Sign in again").click()
    sign_in(page, "mia")

    expect(note).to_have_value("The neighbour saw the water at noon.")
    expect(page.get_by_text("What you typed before is back.")).to_be_visible()
    expect(page.get_by_label("Everybody who sees the case")).to_be_checked()
    assert flaws(page, "note-is-back") == []
    end_all_sign_ins()
    page.goto("/tasks")
    sign_in(page, "ben")
    page.goto(case)
    expect(note).to_have_value("")
    assert page.evaluate("Object.values(sessionStorage).join()").find("neighbour") < 0


@SQLITE
def test_a_reason_in_a_dialog_is_there_again_after_signing_in(with_passwords: Office, browse: Browse) -> None:
    office = with_passwords
    page = browse(office.mia)
    case = f"/cases/{office.open_claim().number}"
    db.session.rollback()
    page.goto(case)
    page.get_by_role("button", name="Hold").click()
    page.get_by_role("dialog").get_by_label("Why").fill("We wait for the expert.")
    end_all_sign_ins()

    page.get_by_role("button", name="Put on hold").click()
    page.get_by_role("dialog").get_by_role("link", name="Sign in again").click()
    sign_in(page, "mia")
    expect(page.get_by_role("dialog").get_by_label("Why")).to_have_value("We wait for the expert.")
    page.get_by_role("button", name="Put on hold").click()
    expect(page.get_by_text("The case is on hold.")).to_be_visible()

    page.goto(case)
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft')).length") == 0


@SQLITE
def test_a_form_outlives_a_reload_and_is_not_left_unasked(with_passwords: Office, browse: Browse) -> None:
    page = browse(with_passwords.ann)
    page.goto("/cases/new/insurance-claim")
    settle(page)
    name, asked = page.locator("[data-form] input[type=text]").first, list[str]()

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    name.fill("Ingrid Solberg")
    page.on("dialog", stay)
    page.get_by_role("link", name="Not now").click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"] and page.url.endswith("/cases/new/insurance-claim")
    page.remove_listener("dialog", stay)
    page.on("dialog", lambda dialog: dialog.accept())

    page.reload()
    settle(page)
    expect(name).to_have_value("Ingrid Solberg")
    page.get_by_role("button", name="Start afresh").click()

    settle(page)
    expect(name).to_have_value("")


@SQLITE
def test_signing_out_ends_what_was_kept(with_passwords: Office, browse: Browse) -> None:
    page = browse(with_passwords.mia)
    case = f"/cases/{with_passwords.open_claim().number}"
    db.session.rollback()
    page.goto(case)
    page.get_by_label("Note", exact=True).fill("Secret.")
    page.on("dialog", lambda dialog: dialog.accept())

    page.get_by_role("button", name="mia").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("JSON.stringify(sessionStorage)") == "{}"


def test_who_is_asked_to_sign_in_comes_back_to_the_page_they_were_on(app: Flask, office: Office, visit: Visit) -> None:
    nobody = visit(None)
    here = {"HX-Current-URL": "http://localhost/cases?q=water"}
    elsewhere = {"HX-Current-URL": "https://evil.example/cases"}

    assert nobody.get("/tasks", part="rows", **here).headers["HX-Redirect"] == "/sign-in?next=/cases?q%3Dwater"
    assert nobody.get("/tasks", part="rows", **elsewhere).headers["HX-Redirect"] == "/sign-in"
    sent = nobody.post("/cases/CLM-1/notes", {"text": "x"}, Referer="http://localhost/cases/CLM-1")
    assert sent.location == "/sign-in?next=/cases/CLM-1"


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_form_names_the_answers_that_are_missing_and_leads_to_each(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    page = browse(office.ann, width=width, dark=dark)
    page.goto("/cases/new/insurance-claim")
    settle(page)

    page.get_by_role("button", name="Open the case").click()

    banner = page.locator("[data-problem]")
    expect(banner).to_contain_text("answers need another look: Name, Policy number")
    expect(page.locator("[data-form] input").first).to_be_focused()
    banner.get_by_role("link", name="Policy number").click()
    expect(page.locator("[data-form] input").nth(1)).to_be_focused()
    assert flaws(page, f"form-names-what-is-missing-{width}{'-dark' if dark else ''}") == []
