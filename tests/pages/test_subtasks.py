"""Subtasks and following on a task's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import User
from service.operations import tasks
from tests.pages.conftest import Office

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@ONE_DATABASE
def test_a_part_of_a_task_is_split_off_and_the_task_followed(
    office: Office, browse: Callable[..., Page], flaws: Callable[[Page, str], list[str]]
) -> None:
    case = office.open_claim()
    task = office.task(case)
    tasks.claim(task, by=office.ben)
    ben = db.session.get_one(User, office.ben.id)
    done = tasks.add(case, by=office.ben, name="Ask for photos", to=ben, parent=task)
    tasks.complete(done, by=office.ben, submitted={})
    db.session.commit()
    task_id = task.id
    db.session.rollback()
    page = browse(office.ben)
    page.goto(f"/tasks/{task_id}?view=mine")

    page.get_by_role("button", name="Add a subtask").click()
    page.get_by_label("What is to be done").fill("Call the plumber")
    page.get_by_label("Group").select_option("claims-intake")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Subtasks")).to_be_visible()
    expect(page.get_by_text("1 of 2 done")).to_be_visible()
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_role("button", name="Unfollow")).to_be_visible()
    assert flaws(page, "task-with-subtasks-1440-light") == []
    page.goto("/tasks")
    expect(page.get_by_label("Tasks that you follow")).to_contain_text("Assess the claim")
    phone = browse(office.ben, width=400, dark=True)
    phone.goto(f"/tasks/{task_id}?view=mine")
    assert flaws(phone, "task-with-subtasks-400-dark") == []
