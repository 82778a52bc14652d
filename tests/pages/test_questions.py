"""A comment that asks somebody something, in the browser; and a task that is sent back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Office
from tests.pages.test_drafts_of_forms import SQLITE, opened, visit_task
from tests.pages.test_in_a_browser import Browse

__all__ = ["visit_task"]


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_comment_that_asks_somebody_stands_above_their_tasks_until_they_answer(
    office: Office,
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    visit_task: str,
    width: int,
    dark: bool,
) -> None:
    page = opened(browse(office.ben, width=width, dark=dark), visit_task)
    page.get_by_label("Comment", exact=True).fill("May we pay the **hotel**?")
    page.get_by_label("Ask somebody").fill("mia")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.get_by_text("asks Mia")).to_be_visible()
    assert flaws(page, f"comment-{width}{'-dark' if dark else ''}") == []

    asked = browse(office.mia, width=width, dark=dark)
    asked.goto("/tasks")
    asked.get_by_role("link", name="1 question to you").click()
    expect(asked.get_by_label("Your answer")).to_be_visible()
    assert flaws(asked, f"question-{width}{'-dark' if dark else ''}") == []
    asked.get_by_label("Your answer").fill("Two nights.")
    asked.get_by_role("button", name="Answer", exact=True).click()
    expect(asked.get_by_text("Your answer is written.")).to_be_visible()
    expect(asked.get_by_role("heading", name="Questions to you")).to_have_count(0)

    opened(page, visit_task)
    expect(page.get_by_text("Two nights.")).to_be_visible()
    page.get_by_role("button", name="Send back").click()
    page.get_by_role("dialog").get_by_label("Why").fill("Not my district.")
    page.get_by_role("button", name="Send it back").click()
    expect(page.get_by_text("is back in the team's queue.")).to_be_visible()
