"""Lists as people like them: their columns, their order, and what stands together."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.errors import BadRequest
from service.execution import offers
from service.models import Actor, ListName
from service.operations import arrangements as operations
from service.queries import arrangements
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]


def rows_of(page: str) -> str:
    """The list of a page of tasks, without the task beside it."""
    return page[page.index('id="rows"') : page.index('id="task"')]


def test_the_cases_show_the_facts_of_the_type_that_is_filtered_for(office: Office, visit: Visit) -> None:
    office.open_claim(claimant="Grace Hopper", estimatedAmount=4200)
    mia = visit(office.mia)
    form = mia.get("/lists/cases/arrange?type=insurance-claim&state=active").text
    assert "Estimated amount" in form and "Estimated amount" not in mia.get("/lists/cases/arrange").text

    answer = mia.post(
        "/lists/cases/arrange",
        {
            "case_type": "insurance-claim",
            "type": "insurance-claim",
            "state": "active",
            "sort": "oldest",
            "columns": ["fact.estimatedAmount", "case"],
        },
    )

    assert answer.location == "/cases?type=insurance-claim&state=active"
    narrowed, by_filter, whole = (
        mia.get(path).text for path in (answer.location, "/cases?q=type:insurance-claim", "/cases")
    )
    for page in (narrowed, by_filter):
        heads = re.findall(r'<th scope="col">(.*?)</th>', page)
        assert heads == ["Estimated amount", "Case"]
        assert "4200" in page and "The oldest first" in page
    assert "Estimated amount" not in whole and "The newest first" in whole


def test_tasks_stand_in_groups_by_the_day_they_are_due(office: Office, visit: Visit) -> None:
    now = utcnow()
    for name, due in (("Ada", -2), ("Grace", 40), ("Alan", None)):
        task = office.task(office.open_claim(claimant=name))
        task.due_at = now + timedelta(days=due) if due is not None else None
        offers.keep(task)
        db.session.commit()
    ben = visit(office.ben)
    assert "group-heading" not in rows_of(ben.get("/tasks/team").text)

    ben.post(
        "/lists/team/arrange",
        {"sort": "urgency", "grouped_by": "due", "columns": ["case", "stage", "created"]},
    )

    rows = rows_of(ben.get("/tasks/team").text)
    heads = re.findall(r'<h2 class="group-heading">(.*?)</h2>', rows)
    assert (heads[0], heads[-1], len(heads)) == ("Late", "No due date", 3)
    assert rows.index("Late") < rows.index("Ada") < rows.index(heads[1]) < rows.index("Grace") < rows.index("Alan")
    assert '<span class="what">Stage</span> Assessment' in rows and 'class="due' not in rows
    assert "The most urgent first, by day it is due" in rows


def test_the_order_that_was_chosen_is_the_one_in_which_tasks_follow(office: Office, visit: Visit) -> None:
    first, second, third = (office.task(office.open_claim(claimant=name)) for name in ("Ada", "Grace", "Alan"))
    ben = visit(office.ben)
    for task in (first, second, third):
        ben.post(f"/tasks/{task.id}/claim")
    ben.post("/lists/mine/arrange", {"sort": "newest", "columns": ["case"]})

    rows = rows_of(ben.get("/tasks").text)

    assert rows.index(f"task-{third.id}") < rows.index(f"task-{second.id}") < rows.index(f"task-{first.id}")


def test_a_list_is_as_at_first_again(office: Office, visit: Visit) -> None:
    ben, plain = visit(office.ben), arrangements.of(office.ben, ListName.MINE)
    ben.post("/lists/mine/arrange", {"sort": "newest", "columns": ["due"]})
    assert arrangements.of(office.ben, ListName.MINE).sort == "newest"

    answer = ben.post("/lists/mine/arrange", {"forget": "yes"})

    assert answer.location == "/tasks"
    assert arrangements.of(office.ben, ListName.MINE) == plain


def test_a_view_begins_as_the_list_is_arranged_and_shows_its_groups(office: Office, visit: Visit) -> None:
    office.open_claim(estimatedAmount=4200)
    ben = visit(office.ben)
    arranged = {"sort": "priority", "grouped_by": "type", "columns": ["fact.estimatedAmount", "stage"]}
    ben.post("/lists/team/arrange", {**arranged, "case_type": "insurance-claim"})

    form = ben.get("/views/new?of=tasks&scope=team&q=type:insurance-claim").text

    ticked = re.findall(r'name="columns" value="([^"]+)" checked', form)
    assert ticked == ["task", "fact.estimatedAmount", "stage"]
    assert '<option value="priority" selected>' in form and '<option value="type" selected>' in form
    plain = ben.get("/views/new?of=tasks&scope=team").text
    assert '<option value="due" selected>' in plain and 'fact.estimatedAmount" checked' not in plain
    wanted = {"of": "tasks", "name": "Claims", "filter": "type:insurance-claim", "scope": "team"}
    shown = ben.get(ben.post("/views", {**wanted, **arranged, "columns": ticked}).location).text
    assert '<h2 class="group-heading">Insurance claim</h2>' in shown and "4200" in shown


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"sort": "urgency"}, "Choose between 1 and 12 columns."),
        ({"sort": "urgency", "columns": ["fact.estimatedAmount"]}, "There is no column"),
        ({"sort": "size", "columns": ["due"]}, "Choose one of the orders: urgency, priority"),
        ({"sort": "due", "columns": ["due"], "grouped_by": "x"}, "Choose one of the orders"),
        ({"sort": "urgency", "columns": ["due"], "grouped_by": "x"}, "Choose what stands together: due, type"),
        ({"sort": "urgency", "columns": ["due"], "case_type": "nothing"}, "There is no case type"),
    ],
)
def test_what_cannot_be_is_said_at_its_place(office: Office, visit: Visit, sent: dict[str, object], said: str) -> None:
    answer = visit(office.ben).post("/lists/mine/arrange", sent)

    assert answer.status_code in (400, 422) and said in answer.text
    assert arrangements.of(office.ben, ListName.MINE) == arrangements.AT_FIRST[ListName.MINE]


def test_what_leads_to_a_case_stays(office: Office, visit: Visit) -> None:
    answer = visit(office.mia).post("/lists/cases/arrange", {"sort": "due", "columns": ["owner"]})

    assert answer.status_code == 422 and "Keep the column “Case”" in answer.text


def test_a_column_that_is_no_longer_declared_is_left_out(office: Office) -> None:
    columns = ["fact.estimatedAmount", "case"]
    operations.arrange(
        ListName.CASES, by=office.mia, columns=columns, sort="due", grouped_by="stage", case_type="insurance-claim"
    )
    db.session.commit()
    assert list(arrangements.of(office.mia, ListName.CASES, "insurance-claim").columns) == columns
    assert arrangements.of(office.mia, ListName.CASES).case_type is None

    with pytest.raises(BadRequest, match="There is no column"):
        operations.arrange(ListName.CASES, by=office.mia, columns=columns, sort="due", grouped_by=None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_lists_are_arranged_by_keyboard(
    office: Office, browse: Callable[..., Page], flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    for number in range(3):
        office.open_claim(claimant=f"Claimant {number}")
    page = browse(office.mia, width=width, height=900, dark=dark)
    name = f"{width}{'-dark' if dark else ''}"
    page.goto("/cases?type=insurance-claim")
    page.get_by_role("link", name="Arrange").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="How “Cases” looks")).to_be_visible()
    assert flaws(page, f"arranging-{name}") == []
    page.get_by_label("Estimated amount", exact=True).check()
    page.get_by_role("button", name="Estimated amount earlier").press("Enter")
    page.get_by_label("What stands together on a page").select_option("stage")

    page.get_by_role("button", name="Keep it so").press("Enter")

    expect(page.get_by_role("heading", name="Assessment")).to_be_visible()
    if width > 1000:
        expect(page.get_by_role("columnheader", name="Estimated amount")).to_be_visible()
    assert flaws(page, f"arranged-cases-{name}") == []
