"""Reminders, tasks that are put off, the calendar and the news, in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.models import HumanTask
from service.notifications import notify
from service.operations import reminders, tasks
from tests.pages.conftest import Office
from tests.pages.test_drafts_of_forms import SQLITE
from tests.pages.test_in_a_browser import Browse


def tasks_of_ben(office: Office) -> list[HumanTask]:
    for name, days in (("Grace Hopper", 2), ("Ada Lovelace", 5), ("Alan Turing", -1)):
        task = office.task(office.open_claim(claimant=name))
        tasks.claim(task, by=office.ben)
        task.due_at = utcnow() + timedelta(days=days)
    db.session.commit()
    return list(db.session.scalars(sa.select(HumanTask).where(HumanTask.assignee == "ben").order_by(HumanTask.id)))


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_what_comes_later_is_put_off_remembered_and_seen_in_the_calendar(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    how = f"{width}{'-dark' if dark else ''}"
    first, _second, third = tasks_of_ben(office)
    reminders.remind(third.case, utcnow() + timedelta(days=3), "Ask for the photos", task=third, by=office.ben)
    notify(["ben"], "overdue", "one", case=third.case, task=third)
    notify(["ben"], "assigned", "two", case=first.case, task=first, by=office.ann, text="You know the house.")
    address = f"/tasks/{first.id}"
    db.session.commit()
    db.session.rollback()
    page = browse(office.ben, width=width, dark=dark)

    page.goto(address)
    page.get_by_role("button", name="Remind me", exact=False).first.click()
    page.get_by_label("What of").fill("Call the claimant")
    assert flaws(page, f"remind-{how}") == []
    page.get_by_role("button", name="In three days").click()
    expect(page.get_by_text("You will be reminded")).to_be_visible()
    page.get_by_role("button", name="Put off").click()
    page.get_by_label("Or until").fill("2020-01-01T08:00")
    page.get_by_role("button", name="Put it off").click()
    expect(page.get_by_text("That moment is over")).to_be_visible()
    assert flaws(page, f"put-off-{how}") == []
    page.get_by_role("button", name="Next week").click()
    expect(page.get_by_text("is put off until")).to_be_visible()

    for view in ("month", "week", "agenda"):
        page.goto(f"/calendar?view={view}")
        assert flaws(page, f"calendar-{view}-{how}") == []
    expect(page.get_by_text("Call the claimant")).to_be_visible()
    page.goto("/reminders")
    assert flaws(page, f"reminders-{how}") == []
    page.goto("/news")
    expect(page.get_by_text("Ann gave you")).to_be_visible()
    assert flaws(page, f"news-{how}") == []
    page.get_by_role("button", name="All seen").click()
    expect(page.get_by_text("Nothing is new any more.")).to_be_visible()
