"""The handbook in a real browser: reached and read by keyboard, on wide and narrow screens, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import NewPage, until
from tests.pages.conftest import Office

Browse = Callable[..., Page]
Flaws = Callable[[Page, str], list[str]]
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@sqlite_only
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_handbook_is_accessible_without_signing_in(
    office: Office, address: str, new_page: NewPage, flaws: Flaws, width: int, dark: bool
) -> None:
    page = new_page(address, width=width, dark=dark)

    for name in ("", "?q=hold+case", "/requests", "/keyboard"):
        page.goto(f"/help{name}")
        picture = f"help-public{re.sub('[^a-z]+', '-', name)}-{width}{'-dark' if dark else ''}"
        assert flaws(page, picture) == [], name


@sqlite_only
def test_help_is_found_and_read_by_keyboard(office: Office, browse: Browse) -> None:
    number = office.open_claim().number
    page = browse(office.mia)
    page.goto(f"/cases/{number}")

    page.keyboard.type("gh")
    expect(page.get_by_role("heading", name="The case page", level=1)).to_be_visible()
    page.wait_for_load_state()  # the heading is there before the scripts that know the keys
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Ad hoc work, added tasks and parts", level=1)).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="The case page", level=1)).to_be_visible()

    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("who sees")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="What was found")).to_contain_text("Who sees a case")
    page.wait_for_load_state()  # the list is there before the scripts that move in it
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/help/people"))
    expect(page.get_by_role("heading", name="Roles, and who sees what", level=1)).to_be_visible()


@sqlite_only
def test_a_wide_table_and_code_scroll_with_the_keyboard(office: Office, browse: Browse) -> None:
    page = browse(office.ann, width=400)
    page.goto("/help/ten-minutes")
    code = page.get_by_role("group", name="File equipment/equipment-request.bpmn")

    code.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")

    until(page, "document.activeElement.scrollLeft > 0")


@sqlite_only
def test_the_menu_leads_to_the_handbook_and_the_sheet_of_keys_names_help(office: Office, browse: Browse) -> None:
    page = browse(office.ann)
    page.goto("/tasks")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("Help on this page")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="ann").click()
    page.get_by_role("link", name="Handbook").click()

    expect(page.get_by_role("heading", name="Handbook", level=1)).to_be_visible()
    page.get_by_role("link", name="Notes and mentions").click()
    page.get_by_role("navigation", name="In this chapter and beside it").get_by_role(
        "link", name="Mention somebody"
    ).click()
    expect(page.get_by_role("heading", name="Mention somebody")).to_be_in_viewport()
