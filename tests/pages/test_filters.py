"""The box in which a list is filtered, and saved views: by plain loads, by keyboard, and looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Actor, SavedView
from service.operations import tasks
from service.queries import views
from service.queries.filtering import bounding
from tests.pages.conftest import Office, Visitor
from tests.pages.test_in_a_browser import Browse

Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
VIEW = {
    "of": "tasks",
    "name": "Large ones",
    "filter": "estimatedAmount:>1000",
    "scope": "team",
    "sort": "due",
    "grouped_by": "stage",
    "columns": ["task", "case", "fact.estimatedAmount"],
    "groups": "claims-assessors",
}


@pytest.fixture(autouse=True)
def however_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is counted, also on a machine that does much else."""
    monkeypatch.setattr(views, "COUNTING", 60.0)
    monkeypatch.setattr(bounding, "LISTING", 60.0)


def test_lists_are_filtered_said_in_words_and_told_what_is_wrong(office: Office, visit: Visit) -> None:
    small = office.open_claim(claimant="Alan Turing", estimatedAmount=300)
    large = office.open_claim(claimant="Grace Hopper", estimatedAmount=90000)
    page = visit(office.ben)

    rows = page.get("/tasks/team?q=" + quote("estimatedAmount:>1000"), part="div#rows").text
    found = page.get("/cases?q=" + quote("claimant:grace*")).text
    wrong = page.get("/tasks/team?q=" + quote("due:<2d estimatdAmount:>1")).text

    assert "Grace Hopper" in rows
    assert "Alan Turing" not in rows
    assert "q=estimatedAmount:%3E1000" in rows
    assert large.number in found
    assert small.number not in found
    assert "Only with: claimant beginning with “grace”." in found
    assert "<mark>estimatdAmount</mark>" in wrong
    assert "Did you mean estimatedAmount?" in wrong
    assert small.number not in wrong


@pytest.mark.parametrize(
    ("of", "text", "offered"),
    [
        ("tasks", "ass", ["assignee:"]),
        ("tasks", "state:free est", ["estimatedAmount:"]),
        ("tasks", "assignee:m", ["me ", "mia "]),
        ("tasks", "assignee:(ann, b", ["ben "]),
        ("tasks", "-due:ov", ["overdue "]),
        ("tasks", "type:ins", ["insurance-claim "]),
        ("tasks", "group:claims-a", ["claims-assessors "]),
        ("cases", "claimant:ad", ['"Ada Lovelace" ']),
        ("cases", "policeReport:", ["yes ", "no ", "none ", "any "]),
        ("cases", "nothing:x", []),
        ("cases", '"quoted st', []),
    ],
)
@SQLITE
def test_what_may_come_next_is_offered(office: Office, visit: Visit, of: str, text: str, offered: list[str]) -> None:
    office.open_claim()

    answer = visit(office.mia).get(f"/filters/suggest?of={of}&q={quote(text)}&at={len(text)}").json

    assert [offer["value"] for offer in answer["offers"]][:4] == offered


def test_facts_of_cases_that_one_may_not_read_are_not_offered(office: Office, visit: Visit) -> None:
    case = office.open_claim()

    def offered(actor: Actor) -> list[str]:
        offers = visit(actor).get("/filters/suggest?of=cases&q=claimant:ad&at=11").json["offers"]
        return [offer["value"] for offer in offers]

    assert offered(office.zoe) == []
    case.restricted, case.owner_id = True, office.mia.id
    db.session.commit()
    assert offered(office.ada) == []
    assert offered(office.mia) == ['"Ada Lovelace" ']
    assert visit(office.ada).get(f"/filters/suggest?of=cases&q=case:{case.number[:6]}&at=11").json["offers"] == []


def test_a_view_is_saved_shared_counted_changed_and_deleted(office: Office, visit: Visit) -> None:
    office.open_claim(claimant="Alan Turing", estimatedAmount=300)
    office.open_claim(claimant="Grace Hopper", estimatedAmount=90000)
    ben = visit(office.ben)
    refused = ben.post("/views", {**VIEW, "filter": "estimated:>1000"})
    assert refused.status_code == 422
    assert "<mark>estimated</mark>" in refused.text

    place = ben.post("/views", VIEW).headers["Location"]

    shown = ben.get(place).text
    assert "Grace Hopper" in shown
    assert "Alan Turing" not in shown
    assert "90000" in shown
    assert ">Assessment</h2>" in shown
    assert 'Large ones<span class="count ">1</span>' in shown
    assert visit(office.mia).get(place).status_code == 404
    assert ben.get("/").headers["Location"] == "/tasks"
    ben.post(place + "/default", {"begins": "yes"})
    assert ben.get("/").headers["Location"] == place
    of_cases = ben.post("/views", {**VIEW, "of": "cases", "columns": ["case"]}).headers["Location"]
    ben.post(of_cases + "/default", {"begins": "yes"})
    assert ben.get("/cases").headers["Location"] == of_cases
    assert ben.get("/cases?state=active").status_code == 200
    ben.post(of_cases + "/delete")
    ben.post(place, {**VIEW, "name": "All", "filter": "", "grouped_by": ""})
    assert "Alan Turing" in ben.get(place).text
    ben.post(place + "/delete")
    assert db.session.query(SavedView).count() == 0
    assert ben.get("/").headers["Location"] == "/tasks"


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_filter_is_typed_with_help_and_kept(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    for number in range(4):
        case = office.open_claim(claimant=f"Person {number}", estimatedAmount=600 * (number + 1))
        if number % 2:
            tasks.claim(office.task(case), by=office.ben)
        db.session.commit()
    page = browse(office.ben, width=width, dark=dark)
    db.session.rollback()
    page.goto("/tasks/team")
    box = page.get_by_role("combobox")
    box.press_sequentially("estim")
    expect(page.get_by_role("option")).to_have_count(1)
    assert flaws(page, f"filter-offers-{width}") == []
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("estimatedAmount:")
    box.press_sequentially(">1000")
    expect(page.get_by_role("status").filter(has_text="over 1,000")).to_be_visible()
    expect(page.locator("#rows [data-row]")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=estimatedAmount%3A%3E1000$"))
    box.press_sequentially(" stat:free")
    expect(page.get_by_text("Did you mean").first).to_be_visible()
    assert page.locator(".filter-mirror mark").text_content() == "stat"
    assert flaws(page, f"filter-wrong-{width}") == []
    box.fill("estimatedAmount:>1000")
    page.get_by_role("link", name="Save as a view").click()
    page.get_by_label("Name").fill("Large ones")
    page.get_by_label("Estimated amount", exact=True).check()
    for _ in range(12):
        page.get_by_role("button", name="Estimated amount earlier").press("Enter")
    assert flaws(page, f"view-form-{width}") == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Large ones", level=1)).to_be_visible()
    expect(page.get_by_role("columnheader").first).to_have_text("Estimated amount")
    assert flaws(page, f"view-{width}") == []
    page.goto("/cases")
    page.get_by_label("Words, or owner:me due:<2d").fill("owner:none")
    assert flaws(page, f"cases-filtered-{width}") == []
