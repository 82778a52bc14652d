"""A form that somebody without an account answers by a link: made, opened on a phone, sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, TaskState
from service.operations import deployments
from tests.browser import NewPage
from tests.pages.conftest import Office, Visitor, claim_files

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def letting_out() -> dict[str, bytes]:
    """The insurance claim, whose question to the claimant may be answered from outside."""
    files = claim_files()
    drawn = files["insurance-claim.bpmn"]
    opened = drawn.replace(
        b'<bpmn:userTask id="Task_Ask"', b'<bpmn:userTask id="Task_Ask" case:answerableByLink="true"'
    )
    assert opened != drawn
    return {**files, "insurance-claim.bpmn": opened}


@pytest.fixture
def asked(office: Office) -> Any:
    """The open task that asks a claimant whose policy is not known."""
    deployments.deploy(letting_out(), by=SYSTEM)
    db.session.commit()
    case = office.open_claim(policyStatus="not found")
    return office.task(case, "Get what is missing")


@ONE_DATABASE
def test_a_link_is_made_sent_and_answered_on_a_phone(
    office: Office,
    asked: Any,
    browse: Callable[..., Page],
    new_page: NewPage,
    address: str,
    flaws: Callable[[Page, str], list[str]],
) -> None:
    task_id = asked.id
    db.session.rollback()
    page = browse(office.ann)
    page.goto(f"/tasks/{task_id}")
    page.keyboard.press("l")
    page.get_by_label("For whom").fill("Bob Miller")
    page.get_by_label("A word to them").fill("Please tell us the state of your policy.")
    page.get_by_label("Their language").select_option("de")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("The link", exact=True).input_value()
    assert flaws(page, "links-of-a-task-1440-light") == []

    phone = new_page(address, width=400, height=800, dark=True)
    phone.goto(link)
    expect(phone.locator("[data-form][data-ready]")).to_be_visible()
    assert flaws(phone, "answer-400-dark") == []
    phone.get_by_role("button", name="Absenden").click()
    expect(phone.get_by_role("alert")).to_contain_text(re.compile("noch nicht"))
    assert flaws(phone, "answer-wrong-400-dark") == []
    wide = new_page(address)
    wide.goto(link)
    expect(wide.locator("[data-form][data-ready]")).to_be_visible()
    assert flaws(wide, "answer-1440-light") == []
    phone.get_by_label("In force on the date of the loss").check()
    phone.locator("textarea, input[type=text]").last.fill("It was a slip of the pen.")
    phone.get_by_role("button", name="Absenden").click()
    expect(phone.get_by_role("heading", name="Vielen Dank")).to_be_visible()
    assert flaws(phone, "answered-400-dark") == []
    page.goto(f"/tasks/{task_id}")
    expect(page.get_by_text("Bob Miller answered this")).to_be_visible()
    db.session.expire_all()
    assert asked.state is TaskState.COMPLETED


def test_what_is_wrong_with_a_wish_is_said_at_the_field(
    office: Office, asked: Any, visit: Callable[..., Visitor]
) -> None:
    ann, task_id = visit(office.ann), asked.id

    refused = ann.post(f"/tasks/{task_id}/links", {"recipient": " ", "days": "14", "language": "en"})
    made = ann.post(f"/tasks/{task_id}/links", {"recipient": "Bob", "days": "14", "language": "en"})
    told = ann.get(f"/tasks/{task_id}").text

    assert refused.status_code == 422
    assert 'id="recipient-error"' in refused.text
    assert "/answer/" in made.text
    assert "/answer/" not in ann.get(f"/tasks/{task_id}/links").text
    assert "can answer this by a link" in told
