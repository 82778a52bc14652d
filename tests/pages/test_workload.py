"""Who has what, on pages: all that somebody has is handed over in a few clicks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Actor, HumanTask
from service.operations import tasks
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]
Browse = Callable[..., Page]


def claimed(office: Office, number: int, by: Actor) -> None:
    for place in range(number):
        tasks.claim(office.task(office.open_claim(claimant=f"No. {place}")), by=by)
        db.session.commit()
    db.session.rollback()


def test_who_manages_sees_who_has_what_and_others_do_not(office: Office, visit: Visit) -> None:
    claimed(office, 2, office.ben)

    page = visit(office.mia).get("/workload").text
    refused = [visit(office.ben).get(path).status_code for path in ("/workload", "/workload/ben")]

    assert 'href="/workload/ben"' in page and "2 tasks" in page
    assert 'href="/workload"' in visit(office.mia).get("/tasks").text
    assert 'href="/workload"' not in visit(office.ben).get("/tasks").text
    assert refused == [403, 403]
    assert visit(office.mia).get("/workload/nobody").status_code == 404


def test_administrators_say_how_much_somebody_can_have(office: Office, visit: Visit) -> None:
    claimed(office, 2, office.ben)
    ada, mia = visit(office.ada), visit(office.mia)

    wrong = ada.post("/workload/ben/abilities", {"capacity": "many"})
    ada.post("/workload/ben/abilities", {"capacity": "1", "skills": "water,"})
    page = mia.get("/workload").text
    refused = mia.post("/workload/ben/abilities", {"capacity": "5"})

    assert (wrong.status_code, refused.status_code) == (400, 403)
    assert "can do: water" in ada.get("/audit").text
    assert "2 of 1" in page and "too much" in page
    assert "said that ben is to have at most 1 task" in ada.get("/audit").text


@pytest.mark.timeout(240)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_fifteen_tasks_of_somebody_are_handed_over_in_four_clicks(
    office: Office,
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    person: Callable[..., Actor],
    width: int,
    dark: bool,
) -> None:
    person("eve", "claims-assessors")
    claimed(office, 15, office.ben)
    look = f"{width}{'-dark' if dark else ''}"
    page = browse(office.mia, width=width, height=900, dark=dark)

    page.goto("/workload")
    found = flaws(page, f"workload-{look}")
    page.get_by_role("link", name="Ben").click()  # one
    expect(page.get_by_role("heading", name="Hand over all 15 tasks")).to_be_visible()
    found += flaws(page, f"workload-person-{look}")
    page.get_by_label("To", exact=True).select_option("eve")  # two
    page.get_by_role("button", name="See what happens").click()  # three
    page.get_by_role("button", name="Assign 15 tasks").click()  # four
    expect(page.get_by_role("heading", name="15 tasks given to Eve")).to_be_visible()

    db.session.rollback()
    assert {task.assignee for task in db.session.query(HumanTask).filter(HumanTask.element_id != "Task_Intake")} == {
        "eve"
    }
    assert found == []
