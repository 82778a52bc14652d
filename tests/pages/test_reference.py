"""The API's reference in a real browser: it shows every call, and what is tried there is really done."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from service.api import openapi
from service.api.idempotency import REPLAYED
from service.db import db
from service.models import Deployment, Note, User
from service.operations import users
from tests.browser import NewPage
from tests.pages.conftest import Office

Browse = Callable[..., Page]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def look_up(page: Page) -> None:
    """Open the reference and wait until the calls are there."""
    db.session.rollback()  # on SQLite our own open transaction would hold up the page's
    page.goto("/api/v1/docs")
    expect(page.locator("[data-reference]")).to_have_attribute("data-ready", "")


def call(page: Page, method: str, path: str) -> Locator:
    """One call of the reference, opened."""
    shown = page.locator(f".opblock-{method.lower()}", has=page.locator(f'[data-path="{path}"]'))
    shown.locator(".opblock-summary-control").click()
    expect(shown.get_by_role("button", name="Execute")).to_be_visible()
    return shown


def answer(shown: Locator) -> Locator:
    """What the server said to the call that was tried."""
    shown.get_by_role("button", name="Execute").click()
    return shown.locator(".live-responses-table")


def test_every_call_of_the_document_is_there_and_can_be_found(office: Office, browse: Browse) -> None:
    page = browse(office.ann)
    look_up(page)
    operations = sum(len(path) for path in openapi.document()["paths"].values())

    expect(page.locator(".opblock")).to_have_count(operations)
    page.get_by_label("Find a call").fill("post claim")
    expect(page.locator('[data-path="/tasks/{task_id}/claim"]')).to_be_visible()
    expect(page.locator('[data-path="/users"]')).to_have_count(0)


def test_a_read_that_is_tried_shows_its_answer_and_how_to_ask_with_curl(office: Office, browse: Browse) -> None:
    case = office.open_claim()
    page = browse(office.ann)
    look_up(page)

    shown = call(page, "GET", "/cases")
    expect(shown.locator(".curl-command")).to_contain_text('-H "Authorization: Bearer $TOKEN"')
    said = answer(shown)

    expect(said).to_contain_text("200")
    expect(said).to_contain_text(case.number)
    expect(said).to_contain_text("content-type: application/json")
    expect(shown.locator(".curl-command")).to_contain_text("curl -H \"Authorization: Bearer $TOKEN\" -X 'GET'")


def test_a_write_that_is_tried_is_done_once_for_its_key(office: Office, browse: Browse) -> None:
    case_id = str(office.open_claim().id)
    page = browse(office.ann)
    look_up(page)

    shown = call(page, "POST", "/cases/{case_id}/notes")
    shown.get_by_label("case_id", exact=True).fill(case_id)
    shown.get_by_label("Idempotency-Key").fill("tried-once")
    shown.get_by_label("Request body").fill('{"text": "Tried in the reference."}')
    expect(answer(shown)).to_contain_text("201")
    expect(answer(shown)).to_contain_text(REPLAYED.lower() + ": true")

    assert [note.text for note in db.session.query(Note)] == ["Tried in the reference."]
    assert "X-CSRFToken" not in shown.locator(".curl-command").inner_text()


def test_a_refusal_is_shown_with_its_reasons(office: Office, browse: Browse) -> None:
    page = browse(office.ann)
    look_up(page)

    shown = call(page, "POST", "/cases")
    shown.get_by_label("Request body").fill(json.dumps({"case_type": "insurance-claim", "data": {}}))
    said = answer(shown)

    expect(said).to_contain_text("422")
    expect(said).to_contain_text('"errors"')
    expect(said).to_contain_text("content-type: application/problem+json")


def test_a_token_counts_more_than_the_sign_in(office: Office, browse: Browse) -> None:
    page = browse(office.ann)
    look_up(page)
    issued = users.issue_token(db.session.get_one(User, office.mia.id), "reference", ("read",), by=office.mia)
    db.session.commit()

    page.get_by_label("API token").fill(issued.secret)
    said = answer(call(page, "GET", "/me"))

    expect(said).to_contain_text('"mia"')


def test_files_are_deployed_from_the_reference(office: Office, browse: Browse, tmp_path: Path) -> None:
    changed = tmp_path / "noted.form"
    changed.write_text(json.dumps({"type": "default", "id": "noted", "schemaVersion": 19, "components": []}))
    page = browse(office.ada)
    look_up(page)

    shown = call(page, "POST", "/deployments")
    if not shown.locator("input[type=file]").count():
        shown.get_by_role("button", name="Add string item").click()
    shown.locator("input[type=file]").set_input_files(changed)
    expect(answer(shown)).to_contain_text("201")

    assert db.session.query(Deployment).count() == 2


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_reference_is_accessible_and_asks_nobody_else(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    page = browse(office.ann, width=width, dark=dark)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    look_up(page)

    for method, path in (("POST", "/cases"), ("POST", "/deployments"), ("DELETE", "/links/{link_id}")):
        call(page, method, path)
    expect(answer(call(page, "GET", "/cases"))).to_contain_text("200")

    assert flaws(page, f"api-{width}{'-dark' if dark else ''}") == []
    ours = re.match(r"http://[^/]+/", page.url)
    assert ours and [url for url in asked if not url.startswith((ours[0], "data:"))] == []


def test_a_call_is_tried_without_a_mouse(office: Office, browse: Browse) -> None:
    page = browse(office.ann)
    look_up(page)

    page.get_by_label("Find a call").focus()
    page.keyboard.type("who you are here")
    expect(page.locator(".opblock")).to_have_count(1)
    for _ in range(2):  # past the noun's own button
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    execute = page.get_by_role("button", name="Execute")
    expect(execute).to_be_visible()
    for _ in range(6):
        if execute.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".live-responses-table")).to_contain_text('"ann"')


def test_who_is_not_signed_in_can_read_it_and_is_told_how_to_try(
    office: Office, address: str, new_page: NewPage
) -> None:
    assert office.ann
    page = new_page(address)
    look_up(page)

    expect(page.get_by_role("link", name="sign in")).to_have_attribute("href", re.compile("next="))
    expect(answer(call(page, "GET", "/me"))).to_contain_text("401")
