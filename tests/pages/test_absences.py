"""Who is away, on its page; and a substitute at work, in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.models import Actor, User
from service.operations import absences
from tests.pages.conftest import Office, Visitor
from tests.pages.test_drafts_of_forms import FOUND, SQLITE, opened, saved, visit_task
from tests.pages.test_in_a_browser import Browse

__all__ = ["visit_task"]


def day(number: int) -> str:
    return (utcnow().date() + timedelta(days=number)).isoformat()


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_substitute_finds_the_tasks_of_who_is_away_and_does_them(
    office: Office,
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    visit_task: str,
    width: int,
    dark: bool,
) -> None:
    how = f"{width}{'-dark' if dark else ''}"
    page = browse(office.ben, width=width, dark=dark)
    page.goto("/away")
    page.get_by_label("First day").fill(day(0))
    page.get_by_label("Last day").fill(day(14))
    page.get_by_label("Substitute", exact=True).select_option(label="Zoe")
    page.get_by_role("button", name="Say so").click()
    expect(page.get_by_text("Your absence is written down.")).to_be_visible()
    expect(page.get_by_role("cell", name="You")).to_contain_text("away now")
    assert flaws(page, f"away-said-{how}") == []

    other = browse(office.zoe, width=width, dark=dark)
    other.goto("/tasks")
    expect(other.locator("#rows")).to_contain_text("for ben")
    opened(other, visit_task)
    expect(other.get_by_text("You stand in for Ben")).to_be_visible()
    assert flaws(other, f"standing-in-{how}") == []
    other.get_by_label(FOUND).fill("Nothing.")
    saved(other)
    other.get_by_role("button", name="Complete, then the case").click()
    expect(other.get_by_text("completed Write the report for Ben")).to_be_visible()


def test_who_assigns_to_somebody_who_is_away_is_told(office: Office, visit: Callable[[Actor | None], Visitor]) -> None:
    case = office.open_claim()
    task = office.task(case)
    today = utcnow().date()
    ben, mia = (db.session.get_one(User, actor.id) for actor in (office.ben, office.mia))
    stand_in = absences.StandIn(mia)
    absences.away(ben, today, today + timedelta(days=3), zone="UTC", stand_ins=[stand_in], by=office.ben)
    path = f"/tasks/{task.id}/assign"
    db.session.commit()

    visitor = visit(office.mia)
    visitor.post(path, {"to": "ben"})

    assert "Ben is away until" in visitor.get("/tasks").text


def test_nobody_says_it_of_others_on_the_page(office: Office, visit: Callable[[Actor | None], Visitor]) -> None:
    body = {"person": "ann", "first_day": day(0), "last_day": day(1)}

    assert visit(office.ben).post("/away", body).status_code == 403
    assert visit(office.ada).post("/away", body).status_code == 303
    assert "Ann" in visit(office.ada).get("/away").text
    assert visit(office.ann).post("/away", {"first_day": "soon", "last_day": day(1)}).status_code == 400
