"""Versions of a case type on their pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor
from service.operations import deployments, tasks
from tests.pages.conftest import FINDING, Office, Visitor, claim_files
from tests.pages.test_in_a_browser import WIDER, settle

Visit = Callable[[Actor | None], Visitor]
Browse = Callable[..., Page]


def newer() -> dict[str, bytes]:
    """The claim with a renamed step, and another rule in its decision."""
    files = claim_files()
    files["insurance-claim.bpmn"] = files["insurance-claim.bpmn"].replace(b"Pay out", b"Pay the claim")
    files["coverage.dmn"] = files["coverage.dmn"].replace(b"wear and tear", b"rust")
    return files


@pytest.fixture
def two(office: Office) -> Office:
    """An office with two versions of the claim."""
    deployments.deploy(newer(), by=SYSTEM)
    db.session.commit()
    return office


def test_what_differs_stands_in_words(two: Office, visit: Visit) -> None:
    page = visit(two.ann).get("/case-types/insurance-claim/differences").text

    assert "Between version 1 and version 2" in page
    assert "“Pay out” is called “Pay the claim” now." in page
    assert "Row 3: Kind of damage &#34;wear and tear&#34; → &#34;rust&#34;." in page
    assert 'data-before="Task_Pay" data-after="Task_Pay"' in page
    same = visit(two.ann).get("/case-types/insurance-claim/differences?since=2&version=2").text
    assert "It is the same version" in same
    for asked in ("?since=9", "?version=9"):
        assert visit(two.ann).get(f"/case-types/insurance-claim/differences{asked}").status_code == 404


def test_a_case_type_of_several_versions_leads_there(two: Office, visit: Visit) -> None:
    page = visit(two.ann).get("/case-types/insurance-claim").text

    assert 'href="/case-types/insurance-claim/differences?version=2"' in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_what_differs_is_marked_on_both_diagrams(
    two: Office,
    browse: Browse,
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    page = browse(two.ann, width=width, height=900, dark=dark)
    page.goto("/case-types/insurance-claim/differences")
    settle(page)

    expect(page.locator("[data-element-id=Task_Pay].is-changed")).to_have_count(2)
    assert axe(page) == []
    assert not page.evaluate(WIDER)
    screenshot(page, f"differences-{width}{'-dark' if dark else ''}")

    page.get_by_role("button", name="“Pay out” is called").focus()
    page.keyboard.press("Enter")

    expect(page.locator("[data-element-id=Task_Pay].is-pointed")).to_have_count(2)


def test_operators_choose_on_the_case_type_s_page(two: Office, visit: Visit, person: Callable[..., Actor]) -> None:
    ora, base = visit(person("ora", "operators")), "/case-types/insurance-claim"
    page = ora.get(f"{base}?version=1").text
    assert "They take version 2, the newest." in page and "All take version 1" in page and "Retire version 1" in page

    ora.post(f"{base}/versions/1/stage", {"share": "20", "when": "estimatedAmount > 500"})
    page = ora.get(f"{base}?version=1").text
    assert "Version 1 takes 20 % of new cases, where estimatedAmount &gt; 500." in page and "some new cases" in page
    ora.post(f"{base}/versions/1/unstage")
    assert "Version 1 takes no new cases." in ora.get(base).text
    assert "Version 1 takes" not in ora.get(base).text
    ora.post(f"{base}/versions/2/back")
    assert "All take version 1, which is pinned." in ora.get(base).text
    ora.post(f"{base}/versions/2/unpin")
    ora.post(f"{base}/versions/1/retire")
    page = ora.get(f"{base}?version=1").text
    assert "Version 1 is retired." in page and "Restore version 1" in page and "Go back" not in page
    ora.post(f"{base}/versions/1/restore")
    ora.post(f"{base}/versions/1/pin")

    assert "All take version 1, which is pinned." in ora.get(base).text


def test_others_see_which_version_new_cases_take_and_choose_nothing(two: Office, visit: Visit) -> None:
    page = visit(two.ann).get("/case-types/insurance-claim?version=1").text

    assert "They take version 2, the newest." in page
    assert "Retire version 1" not in page and "All take version 1" not in page


def test_what_is_wrong_with_terms_is_said(two: Office, visit: Visit) -> None:
    ada, base = visit(two.ada), "/case-types/insurance-claim/versions"

    assert ada.post(f"{base}/1/stage", {"share": "1000"}).status_code == 422
    assert ada.post(f"{base}/1/stage", {}).status_code == 422
    assert ada.post(f"{base}/2/stage", {"share": "10"}).status_code == 409
    assert ada.post(f"{base}/9/pin").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_version_is_staged_in_a_dialog(
    two: Office,
    browse: Browse,
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    page = browse(two.ada, width=width, height=900, dark=dark)
    page.goto("/case-types/insurance-claim?version=1")
    settle(page)
    page.get_by_role("button", name="Only some, or later").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Share of new cases").fill("0")
    dialog.get_by_role("button", name="Stage it").click()
    expect(dialog.get_by_text("from 1 to 99")).to_be_visible()
    assert axe(page) == []
    screenshot(page, f"stage-{width}{'-dark' if dark else ''}")
    dialog.get_by_label("Share of new cases").fill("10")
    dialog.get_by_role("button", name="Stage it").click()

    expect(page.locator("main").get_by_text("Version 1 takes 10 % of new cases.").first).to_be_visible()
    assert axe(page) == []
    assert not page.evaluate(WIDER)
    screenshot(page, f"staged-{width}{'-dark' if dark else ''}")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_deployments_and_why_are_worth_looking_at(
    two: Office,
    browse: Browse,
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    newest = {name: data.replace(b"Pay the claim", b"Transfer the money") for name, data in newer().items()}
    sha = "3f786850e387550fdab836ed7e6dc881de23001b"
    deployments.deploy(newest, by=two.ada, reason="Accounting asked for one word for it.", commit=sha)
    db.session.commit()
    page = browse(two.ada, width=width, height=900, dark=dark)
    page.goto("/deployments")
    page.locator("#effective").locator("xpath=ancestor::details").locator("summary").click()

    expect(page.locator("#effective")).to_be_visible()
    expect(page.get_by_text("Accounting asked for one word for it.")).to_be_visible()
    assert axe(page) == []
    assert not page.evaluate(WIDER)
    screenshot(page, f"deployments-{width}{'-dark' if dark else ''}")


def settled(office: Office) -> str:
    """The number of a claim that was assessed, and paid."""
    case = office.open_claim()
    paid = {"iban": "DE89370400440532013000", "paymentReference": "CLM", "paidOn": "2026-11-28"}
    for name, by, data in (("Assess the claim", office.ben, FINDING), ("Pay out", office.ann, paid)):
        task = office.task(case, name)
        tasks.claim(task, by=by)
        db.session.commit()
        tasks.complete(task, by=by, submitted=data)
        db.session.commit()
    return case.number


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_finished_cases_are_replayed_on_their_page(
    office: Office,
    browse: Browse,
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    number = settled(office)
    files = claim_files()
    files["insurance-claim.bpmn"] = files["insurance-claim.bpmn"].replace(
        b"settlement &gt; cover.approvalLimit", b"settlement &gt; 100"
    )
    deployments.deploy(files, by=SYSTEM)
    db.session.commit()
    page = browse(office.ada, width=width, height=900, dark=dark)
    page.goto("/case-types/insurance-claim/differences")
    page.get_by_role("link", name="Replay finished cases").click()

    expect(page.get_by_role("link", name=number)).to_be_visible()
    expect(page.get_by_text("now it goes to “Approve the payment”.")).to_be_visible()
    assert axe(page) == []
    assert not page.evaluate(WIDER)
    screenshot(page, f"replay-{width}{'-dark' if dark else ''}")
