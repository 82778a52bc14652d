"""What is typed into a form is kept while it is typed, taken up on another machine, and never lost in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, FormDraft, HumanTask
from service.operations import cases, deployments, tasks
from tests.operations import drafted_world
from tests.pages.conftest import Office
from tests.pages.test_drafts import end_all_sign_ins, sign_in, with_passwords
from tests.pages.test_in_a_browser import Browse, settle

__all__ = ["with_passwords"]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FOUND, PLACE = "What was found", re.compile("^Place$")
FILES = {
    **drafted_world.FILES,
    "visit.bpmn": drafted_world.VISIT.replace('"clerks"', '"claims-assessors"')
    .replace('"managers"', '"claims-managers"')
    .encode(),
}


@pytest.fixture
def visit_task(office: Office) -> str:
    """The address of a task of Ben's, with a form."""
    deployments.deploy(FILES, by=SYSTEM)
    definition = deployments.latest_definition("visit")
    assert definition is not None
    case = cases.begin(definition, {"place": "Oslo"}, by=office.ben)
    db.session.flush()
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()
    tasks.claim(task, by=office.ben)
    address = f"/tasks/{task.id}?view=mine"
    db.session.commit()
    db.session.rollback()
    return address


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    settle(page)
    return page


def saved(page: Page) -> None:
    """Wait until the server has what was typed."""
    expect(page.locator("[data-draft-state]")).to_contain_text("Draft saved")


def drafts() -> list[Any]:
    found = [row.typed for row in db.session.scalars(sa.select(FormDraft))]
    db.session.rollback()
    return found


def change_the_case(address: str, **values: Any) -> None:
    task = db.session.get_one(HumanTask, UUID(address.split("/")[2].partition("?")[0]))
    cases.change_variables(task.case, values, by=SYSTEM)
    db.session.commit()
    db.session.rollback()


@SQLITE
def test_what_was_typed_is_taken_up_on_another_machine_and_ends_when_it_is_sent(
    office: Office, browse: Browse, visit_task: str
) -> None:
    first = opened(browse(office.ben), visit_task)
    first.get_by_label(FOUND).fill("The cellar is under water.")
    saved(first)
    asked: list[str] = []
    first.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    first.goto("/about")
    assert asked == []  # nothing would be lost

    second = opened(browse(office.ben), visit_task)
    expect(second.get_by_label(FOUND)).to_have_value("The cellar is under water.")
    expect(second.get_by_text("What you typed before is back, as you left it on")).to_be_visible()
    second.get_by_role("button", name="Complete", exact=False).first.click()

    expect(second.get_by_text("is done.")).to_be_visible()
    assert drafts() == []


@SQLITE
def test_who_starts_afresh_finds_the_form_as_the_case_has_it(office: Office, browse: Browse, visit_task: str) -> None:
    page = opened(browse(office.ben), visit_task)
    page.get_by_label(PLACE).fill("Bergen")
    saved(page)
    opened(page, visit_task)

    page.get_by_role("button", name="Start afresh").click()

    settle(page)
    expect(page.get_by_label(PLACE)).to_have_value("Oslo")
    expect(page.get_by_text("What you typed before is back")).to_have_count(0)
    assert drafts() == [{}]


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_when_the_case_changed_meanwhile_both_are_shown_and_one_chooses(
    office: Office,
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    visit_task: str,
    width: int,
    dark: bool,
) -> None:
    page = opened(browse(office.ben, width=width, dark=dark), visit_task)
    page.get_by_label(PLACE).fill("Bergen")
    page.get_by_label(FOUND).fill("All dry.")
    saved(page)
    change_the_case(visit_task, place="Voss")

    opened(page, visit_task)
    expect(page.get_by_text("The case has changed since you typed this.")).to_be_visible()
    choice = page.get_by_role("group", name=PLACE)
    expect(choice).to_contain_text("Bergen")
    expect(choice).to_contain_text("Voss")
    expect(page.get_by_text("What you typed before is back, as you left it on")).to_be_visible()
    assert flaws(page, f"draft-and-case-{width}{'-dark' if dark else ''}") == []
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-problem]")).to_contain_text("Choose first: Place.")
    choice.get_by_label("In the case now").check()
    page.get_by_role("button", name="Go on with these").click()

    expect(page.get_by_label(PLACE)).to_have_value("Voss")
    expect(page.get_by_label(FOUND)).to_have_value("All dry.")
    expect(page.get_by_text("The case has changed since you typed this.")).to_have_count(0)
    saved(page)
    opened(page, visit_task)
    expect(page.get_by_text("The case has changed since you typed this.")).to_have_count(0)
    expect(page.get_by_label(PLACE)).to_have_value("Voss")


@SQLITE
def test_two_tabs_become_one_and_what_both_changed_is_chosen(office: Office, browse: Browse, visit_task: str) -> None:
    first = opened(browse(office.ben), visit_task)
    second = opened(browse(office.ben), visit_task)
    first.get_by_label(FOUND).fill("From the first.")
    first.get_by_label(PLACE).fill("Bergen")
    saved(first)

    second.get_by_label(FOUND).fill("From the second.")

    expect(second.get_by_text("You typed into this form elsewhere too.")).to_be_visible()
    expect(second.get_by_label(PLACE)).to_have_value("Bergen")  # only the first had changed that
    assert drafts() == [{"place": "Bergen", "found": "From the first."}]
    opened(second, visit_task)  # nothing is decided by loading the page again
    choice = second.get_by_role("group", name=FOUND)
    expect(choice).to_contain_text("From the first.")
    choice.get_by_label("Yours").check()
    second.get_by_role("button", name="Go on with these").click()
    saved(second)
    assert drafts() == [{"place": "Bergen", "found": "From the second."}]


@SQLITE
def test_without_a_connection_it_is_kept_here_and_saved_as_soon_as_there_is_one(
    office: Office, browse: Browse, visit_task: str
) -> None:
    page = opened(browse(office.ben), visit_task)
    page.context.set_offline(True)
    page.get_by_label(FOUND).fill("Written in a tunnel.")
    expect(page.locator("[data-draft-state]")).to_contain_text("Offline: kept in this browser.")
    assert drafts() == []

    page.context.set_offline(False)

    saved(page)
    assert drafts() == [{"found": "Written in a tunnel."}]


@SQLITE
def test_an_ended_sign_in_loses_nothing_and_goes_on(with_passwords: Office, browse: Browse, visit_task: str) -> None:
    page = opened(browse(with_passwords.ben), visit_task)
    end_all_sign_ins()
    page.get_by_label(FOUND).fill("Typed while signed out.")
    state = page.locator("[data-draft-state]")
    expect(state).to_contain_text("You have been signed out: kept in this browser.")

    state.get_by_role("link", name="Sign in again").click()
    sign_in(page, "ben")
    settle(page)

    expect(page.get_by_label(FOUND)).to_have_value("Typed while signed out.")
    saved(page)
    assert drafts() == [{"found": "Typed while signed out."}]


@SQLITE
def test_the_form_that_opens_a_case_is_kept_too_until_the_case_is_open(
    office: Office, browse: Browse, visit_task: str
) -> None:
    page = opened(browse(office.ben), "/cases/new/visit")
    page.get_by_label(PLACE).fill("Bergen")
    saved(page)

    other = opened(browse(office.ben), "/cases/new/visit")
    expect(other.get_by_label(PLACE)).to_have_value("Bergen")
    other.get_by_role("button", name="Open the case").click()

    expect(other.get_by_text("is open.")).to_be_visible()
    assert drafts() == []
    opened(page, "/cases/new/visit")
    expect(page.get_by_label(PLACE)).to_have_value("")
