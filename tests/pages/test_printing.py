"""A case on paper: what is read, without what is for the team, and that somebody printed it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from service.db import db
from service.models import Actor, NoteVisibility
from service.operations import notes
from tests.browser import until
from tests.pages.conftest import Office, Visitor
from tests.pages.test_in_a_browser import Browse

Visit = Callable[[Actor | None], Visitor]
HIDDEN = "[...document.querySelectorAll('{}')].every((each) => getComputedStyle(each).display === 'none')"


def test_who_prints_a_case_is_written_down_and_opens_a_page_for_paper(office: Office, visit: Visit) -> None:
    case = office.open_claim()
    notes.write(case, "Between us.", by=office.mia, visibility=NoteVisibility.TEAM)
    notes.write(case, "For all to read.", by=office.mia, visibility=NoteVisibility.EVERYBODY)
    db.session.commit()
    mia, path = visit(office.mia), f"/cases/{case.number}"

    assert mia.get(f"{path}/print").location == path
    opened = mia.post(f"{path}/print").location
    paper = mia.get(opened).text

    assert "Ada Lovelace" in paper and "For all to read." in paper and "printed by Mia" in paper
    assert "Between us." not in paper and "data-diagram" not in paper and "<textarea" not in paper
    assert "<b>Mia</b> printed the case" in paper and "You" not in paper.split("<main")[1]
    assert "printed the case" in mia.get(f"{path}/timeline?show=people").text
    assert visit(office.ada).get(opened).location == path, "another's entry opens nothing"
    assert visit(office.zoe).post(f"{path}/print").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_page_for_paper_is_accessible(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    number = office.open_claim().number
    page = browse(office.mia, width=width, dark=dark)
    page.add_init_script("window.print = () => { window.printed = (window.printed ?? 0) + 1; }")
    db.session.rollback()
    page.goto(f"/cases/{number}")
    page.get_by_role("button", name="Print").click()
    page.wait_for_url("**/print?entry=*")
    until(page, "window.printed === 1")

    assert flaws(page, f"paper-{width}{'-dark' if dark else ''}") == []
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed") == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_case_page_printed_by_the_browser_leaves_out_what_is_for_clicking_and_for_the_team(
    office: Office, browse: Browse, screenshot: Callable[[Page, str], object]
) -> None:
    case = office.open_claim()
    notes.write(case, "Between us.", by=office.mia, visibility=NoteVisibility.TEAM)
    db.session.commit()
    page = browse(office.mia)
    db.session.rollback()
    page.goto(f"/cases/{case.number}")
    page.emulate_media(media="print")

    for part in (".composer", ".segments", ".diagram", ".note.for-team", ".actions"):
        assert page.evaluate(HIDDEN.format(part)), part
    screenshot(page, "case-printed")
