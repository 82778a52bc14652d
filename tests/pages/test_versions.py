"""Versions of a case type on their pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor
from service.operations import deployments
from tests.pages.conftest import Office, Visitor, claim_files
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
