"""The board in a browser: looked at, moved by keyboard and by dragging, and what it says where it does not move."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, HumanTask
from service.operations import deployments, tasks
from tests.operations.test_board import LIMITED, opened
from tests.pages.conftest import Office, Visitor

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def clerk(office: Office, person: Callable[..., object]) -> object:
    deployments.deploy({"loan.bpmn": LIMITED}, by=SYSTEM)
    db.session.commit()
    carl = person("carl", "clerks")
    for amount in (5000, 5, 7000):
        opened(carl, amount)
    tasks.claim(db.session.query(HumanTask).order_by(HumanTask.id).first(), by=carl)
    db.session.commit()
    db.session.rollback()
    return carl


@ONE_DATABASE
def test_cards_are_moved_by_keyboard_and_by_dragging(
    clerk: object, browse: Callable[..., Page], flaws: Callable[[Page, str], list[str]]
) -> None:
    page = browse(clerk)
    page.goto("/board/loan")
    assert flaws(page, "board-by-stage-1440-light") == []
    expect(page.get_by_text("Over its limit")).to_be_visible()

    cards = page.locator("[data-column=review] [data-card]")
    cards.nth(1).get_by_role("link").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("m")
    page.get_by_label("Stage").select_option(label="Decision")
    assert flaws(page, "board-move-1440-light") == []
    page.get_by_role("button", name="Move it").click()
    expect(page.locator("[data-column=decision] [data-card]")).to_have_count(1)
    expect(page.get_by_text("is done:")).to_be_visible()
    cards.first.drag_to(page.locator("[data-column=decision]"))
    expect(page.locator(".toast.bad")).to_contain_text("nobody has it yet: take it first")
    expect(cards).to_have_count(2)
    page.get_by_role("link", name="By person").click()
    page.locator("[data-column=''] [data-card]").first.drag_to(page.locator("[data-column=carl]"))
    expect(page.locator("[data-column=carl] [data-card]")).to_have_count(1)
    assert flaws(page, "board-by-person-1440-light") == []
    phone = browse(clerk, width=400, dark=True)
    phone.goto("/board/loan")
    assert flaws(phone, "board-400-dark") == []


def test_a_card_that_one_may_not_see_is_not_told_from_one_that_is_not_there(
    office: Office, clerk: object, visit: Callable[..., Visitor]
) -> None:
    hidden = db.session.query(HumanTask).first().id
    zoe = visit(office.zoe)

    answers = [
        zoe.post(
            "/board/loan/move", {"by": "person", "card": str(card), "to": "zoe"}, Accept="application/problem+json"
        )
        for card in (hidden, "00000000-0000-4000-8000-000000000000", "nonsense")
    ]

    assert {(answer.status_code, answer.json["detail"]) for answer in answers} == {
        (409, "This card is no longer here: somebody else moved it, or it is done.")
    }
    assert zoe.get("/board/loan").status_code == 200
    assert zoe.get("/board/nothing").status_code == 404
    assert zoe.get("/board/loan?q=due:nonsense").status_code == 200
    assert zoe.get("/board").status_code == 303
