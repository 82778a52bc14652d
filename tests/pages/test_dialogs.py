"""Dialogs answer in place: what is refused is said at its field, and what was typed stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Actor, HumanTask, LoginSession, User
from service.operations import cases
from tests.pages.conftest import Office, Visitor, session_of
from tests.pages.test_in_a_browser import Browse

Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@SQLITE
@pytest.mark.parametrize("group", ["claims-managers", None])
def test_a_task_is_added_with_what_the_dialog_offers(
    office: Office, browse: Browse, person: Callable[..., Actor], group: str | None
) -> None:
    number = (case := office.open_claim()).number
    mia = office.mia if group else person("una")
    if not group:
        cases.change(case, by=office.mia, owner=db.session.get_one(User, mia.id))
    db.session.commit()
    page = browse(mia)
    db.session.rollback()
    page.goto(f"/cases/{number}")

    page.get_by_role("button", name="Add a task").click()
    page.get_by_label("What is to be done").fill("Call them")
    page.get_by_role("button", name="Add the task").click()

    expect(page.get_by_text("“Call them” is added.")).to_be_visible()
    task = db.session.query(HumanTask).filter_by(name="Call them").one()
    assert [each.principal for each in task.candidates] == ([f"group:{group}"] if group else [])
    assert task.assignee == (None if group else "una")


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_what_is_refused_is_said_at_its_field_and_can_be_corrected(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    number = office.open_claim().number
    page = browse(office.mia, width=width, dark=dark)
    db.session.rollback()
    page.goto(f"/cases/{number}")
    page.get_by_role("button", name="Add a task").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is to be done").fill("Call them")
    dialog.get_by_label("Group").select_option("")

    dialog.get_by_role("button", name="Add the task").click()
    who = dialog.get_by_label("Who does it")
    expect(who).to_be_focused()
    expect(who).to_have_accessible_description("Say who shall do it: somebody, or a group.")
    expect(dialog.get_by_label("What is to be done")).to_have_value("Call them")
    assert flaws(page, f"dialog-refused-{width}{'-dark' if dark else ''}") == []
    who.select_option("mia")
    dialog.get_by_role("button", name="Add the task").click()

    expect(page.get_by_text("“Call them” is added.")).to_be_visible()


@SQLITE
def test_what_the_case_no_longer_permits_is_said_in_the_dialog_and_by_a_button_in_the_corner(
    office: Office, browse: Browse
) -> None:
    number = (case := office.open_claim()).number
    page = browse(office.mia)
    db.session.rollback()
    page.goto(f"/cases/{number}")
    cases.cancel(case, by=office.mia, reason="x")
    db.session.commit()

    page.get_by_role("button", name="Hold").click()
    page.get_by_role("dialog").get_by_label("Why").fill("We wait for the expert.")
    page.get_by_role("button", name="Put on hold").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("This case is terminated.")
    expect(page.get_by_role("dialog").get_by_label("Why")).to_have_value("We wait for the expert.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take over").click()

    expect(page.locator(".toast.bad")).to_contain_text("This case is terminated.")
    assert page.url.endswith(number)


@SQLITE
def test_an_ended_sign_in_loses_nothing_of_a_dialog(app: Flask, address: str, office: Office, browse: Browse) -> None:
    number = office.open_claim().number
    page = browse(office.mia)
    db.session.rollback()
    page.goto(f"/cases/{number}")
    db.session.query(LoginSession).delete()
    db.session.commit()
    page.get_by_role("button", name="Hold").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("We wait for the expert.")

    dialog.get_by_role("button", name="Put on hold").click()
    expect(dialog.get_by_role("alert")).to_contain_text("You have been signed out.")
    again = dialog.get_by_role("link", name="Sign in again")
    expect(again).to_have_attribute("href", f"/sign-in?next=%2Fcases%2F{number}")
    name, value = session_of(app, office.mia)
    page.context.add_cookies([{"name": name, "value": value, "url": address}])
    dialog.get_by_role("button", name="Put on hold").click()

    expect(page.get_by_text("The case is on hold.")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "data", "field"),
    [
        ("tasks", {"name": "", "to": "mia"}, "name"),
        ("tasks", {"name": "x"}, "to"),
        ("tasks", {"name": "x", "to": "nobody"}, "to"),
        ("tasks", {"name": "x", "to": "mia", "due_at": "soon"}, "due_at"),
        ("hold", {"reason": " "}, "reason"),
        ("hold", {"reason": "x", "until": "2001-01-01T00:00"}, "until"),
        ("change", {"priority": "high"}, "priority"),
        ("cancel", {"reason": ""}, "reason"),
    ],
)
def test_every_refusal_names_its_field(
    office: Office, visit: Visit, path: str, data: dict[str, str], field: str
) -> None:
    case = office.open_claim()

    answer = visit(office.mia).post(f"/cases/{case.number}/{path}", data, Accept="application/json")

    assert answer.status_code == 400 and answer.content_type == "application/problem+json"
    assert answer.json is not None and list(answer.json["errors"]) == [field]
