"""Tasks chosen in a list, and the same done with all of them: without scripts, and by keyboard in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Actor, HumanTask
from tests.pages.conftest import FINDING, Office, Visitor

Visit = Callable[[Actor | None], Visitor]
Browse = Callable[..., Page]
NAMES = ("Grace Hopper", "Ada Lovelace", "Alan Turing", "Emmy Noether")


def claims(office: Office, number: int = 3) -> list[str]:
    """The ids of the tasks “Assess the claim” of so many new cases."""
    found = [str(office.task(office.open_claim(claimant=name)).id) for name in NAMES[:number]]
    db.session.rollback()
    return found


def hidden(page: str) -> dict[str, list[str]]:
    """What the last form of a page sends: the one that does it."""
    form = page[page.rindex('action="/tasks/batches"') :]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[: form.index("</form>")]):
        fields.setdefault(name, []).append(value.replace("&#34;", '"'))
    fields.pop("csrf_token", None)
    return fields


def test_tasks_are_chosen_looked_at_taken_and_given_back(office: Office, visit: Visit) -> None:
    ids, ben = claims(office), visit(office.ben)
    ben.post(f"/tasks/{ids[2]}/claim")
    listed = ben.get("/tasks/team").text
    assert listed.count("data-select aria-label") == 2 and 'value="claim"' in listed and 'value="due"' not in listed

    preview = ben.post("/tasks/batches/preview", {"what": "claim", "tasks": ids, "back": "team"}).text
    assert "Take 3 tasks" in preview and "You have it." in preview and "2 of 3 can be taken." in preview
    answer = ben.post("/tasks/batches", hidden(preview))
    result = ben.get(answer.location).text
    again = ben.post("/tasks/batches", hidden(preview))

    assert "2 tasks taken" in result and "/undo" in result and 'href="/tasks/team"' in result
    assert again.location == answer.location
    assert [db.session.get_one(HumanTask, task).assignee for task in _uuids(ids)] == ["ben"] * 3
    undone = ben.post(answer.location.partition("?")[0] + "/undo")
    assert "2 tasks put back as they were" in ben.get(undone.location).text
    assert [db.session.get_one(HumanTask, task).assignee for task in _uuids(ids)] == [None, None, "ben"]


def _uuids(ids: list[str]) -> list[object]:
    from uuid import UUID

    db.session.rollback()
    return [UUID(each) for each in ids]


def test_who_manages_gives_them_to_somebody_says_when_and_how_urgent(office: Office, visit: Visit) -> None:
    ids, mia = claims(office, 2), visit(office.mia)
    sent = {"tasks": ids, "back": "team"}

    asked = mia.post("/tasks/batches/preview", {**sent, "what": "assign"}).text
    assert "Nobody: back to the team" in asked and 'action="/tasks/batches"' not in asked
    for action, with_it, said in [
        ("assign", {"to": "ben"}, "2 tasks given to Ben"),
        ("due", {"due_at": "2030-05-01T10:00"}, "2 tasks due 1 May 2030, 10:00"),
        ("priority", {"priority": "95"}, "2 tasks given the priority 95"),
        ("due", {"due_at": ""}, "2 tasks without a due date"),
    ]:
        preview = mia.post("/tasks/batches/preview", {**sent, "what": action, **with_it}).text
        assert said in mia.get(mia.post("/tasks/batches", hidden(preview)).location).text

    task = db.session.get_one(HumanTask, _uuids(ids)[0])
    assert (task.assignee, task.due_at, task.priority) == ("ben", None, 95)
    story = mia.get(f"/cases/{task.case.number}").text
    assert "changed the priority from 50 to 95 of" in story and "took the due date away of" in story


def test_what_cannot_be_understood_is_refused_by_name(office: Office, visit: Visit) -> None:
    ids, mia = claims(office, 1), visit(office.mia)

    wrong = [
        mia.post("/tasks/batches/preview", {"what": "claim"}),
        mia.post("/tasks/batches/preview", {"what": "paint", "tasks": ids}),
        mia.post("/tasks/batches/preview", {"what": "claim", "tasks": "one"}),
        mia.post("/tasks/batches/preview", {"what": "priority", "tasks": ids, "priority": "high"}),
        mia.post("/tasks/batches/preview", {"what": "due", "tasks": ids, "due_at": "soon"}),
        mia.post("/tasks/batches", {"what": "assign", "tasks": ids, "batch": ids[0]}),
    ]

    assert [answer.status_code for answer in wrong] == [400] * 6
    said = ["at least one task", "what shall be done", "tasks from a list", "0 to 100", "date and a time", "Say first"]
    for answer, words in zip(wrong, said, strict=True):
        assert words in answer.text


def test_tasks_are_completed_with_what_is_filled_in_for_all(office: Office, visit: Visit) -> None:
    import json

    ids, ben = claims(office, 2), visit(office.ben)
    for task in ids:
        ben.post(f"/tasks/{task}/claim")

    asked = ben.post("/tasks/batches/preview", {"what": "complete", "tasks": ids})
    preview = ben.post("/tasks/batches/preview", {"what": "complete", "tasks": ids, "data": json.dumps(FINDING)})
    done = ben.get(ben.post("/tasks/batches", hidden(preview.text)).location).text

    assert "What you leave empty stays as each task has it" in asked.text
    assert "All of them can be completed" in preview.text
    assert "2 tasks completed" in done and "/undo" not in done


@pytest.mark.timeout(240)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_rows_are_chosen_by_keyboard_and_taken_together(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    claims(office, 4)
    look = f"{width}{'-dark' if dark else ''}"
    page = browse(office.ben, width=width, height=900, dark=dark)
    page.goto("/tasks/team")
    bar = page.locator("#batch")
    expect(bar).to_be_hidden()

    for key in ("j", "x", "j", "j", "X"):
        page.keyboard.press(key)
    expect(bar.get_by_text("3 chosen")).to_be_visible()
    found = flaws(page, f"batch-chosen-{look}")
    page.keyboard.press("A")
    expect(bar.get_by_text("4 chosen")).to_be_visible()
    page.locator("#filter").fill("assess")  # the list comes anew
    page.wait_for_url("**q=assess**")
    expect(page.locator("#rows [data-select]:checked")).to_have_count(4)
    expect(bar.get_by_text("4 chosen")).to_be_visible()
    bar.get_by_role("button", name="Take").click()
    expect(page.get_by_role("heading", name="Take 4 tasks")).to_be_visible()
    found += flaws(page, f"batch-preview-{look}")
    page.wait_for_load_state()  # the heading is there before the scripts that know the keys
    page.keyboard.press("y")
    expect(page.get_by_role("heading", name="4 tasks taken")).to_be_visible()
    found += flaws(page, f"batch-done-{look}")
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="4 tasks put back as they were")).to_be_visible()

    assert found == []
