"""Many cases are changed by hand from a page: chosen, looked at by classes, tried first, stopped; nobody else may."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Actor, Case, Migration, MigrationState, Modification
from service.operations import lifecycle
from tests.jobs_by_hand import do_jobs
from tests.pages.conftest import Office, Visitor
from tests.pages.moving import claims
from tests.pages.test_clicking import COVERED
from tests.pages.test_in_a_browser import Browse, settle
from tests.pages.test_standing import guarded

Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/case-types/insurance-claim/change"
MOVED = {"version": "1", "do-Task_Assess": "move", "to-Task_Assess": "Task_Approve", "at": "Task_Assess"}


def stands(found: list[Case]) -> list[list[str]]:
    db.session.expire_all()
    return [case.marked for case in found]


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1].replace("&#34;", '"')


def test_chosen_cases_are_looked_at_by_classes_tried_first_and_changed(office: Office, visit: Visit) -> None:
    """One of the four is restricted, and one on hold: that one stays on hold."""
    ada, found = visit(office.ada), claims(office, assess=4)
    db.session.execute(sa.update(Case).where(Case.id == found[1].id).values(restricted=True))
    lifecycle.suspend(found[2], by=office.mia, reason="A court")
    db.session.commit()
    before = stands(found)

    page = ada.get(f"{PAGE}?version=1&at=Task_Assess").text
    assert "3 cases that you chose run on version 1." in page and "1 restricted case is left" in page
    assert "3 cases, user task" in page and "Approve the payment (user task)" in page
    looked = ada.post(f"{PAGE}/preview", MOVED).text
    assert "3 cases at “Assess the claim”" in looked and "The task <b>Approve the payment</b> opens." in looked
    assert stands(found) == before and db.session.query(Migration).count() == 0
    assert "Ada Lovelace" not in looked and "ben has the task" not in looked
    said = {**MOVED, "seen": seen(looked), "which": "person", "trial": "1", "reason": "Assessed by phone"}
    made = ada.post(PAGE, said)
    do_jobs()

    where = made.headers["Location"]
    told = ada.get(where).text
    assert "those at “Assess the claim”" in told and "The trial of 1 cases is over." in told
    assert sum(marked == ["Task_Approve"] for marked in stands(found)) == 2, "one was at the approval before"
    ada.post(f"{where}/resume", {})
    do_jobs()
    assert stands(found)[:4] == [["Task_Approve"], before[1], ["Task_Approve"], ["Task_Approve"]]
    assert stands(found)[4:] == before[4:] and found[2].state == "suspended"
    assert {row.reason for row in db.session.query(Modification)} == {"Assessed by phone"}


def test_what_cannot_be_taken_somewhere_leaves_those_cases_out(office: Office, visit: Visit) -> None:
    ada, found = visit(office.ada), claims(office)
    before = stands(found)
    sent = {name: value for name, value in MOVED.items() if name != "at"}

    looked = ada.post(f"{PAGE}/preview", sent).text
    assert looked.count("At “Assess the claim” nothing is open.") == 4
    answer = ada.post(PAGE, {**sent, "seen": seen(looked), "which": "person", "reason": "By phone"})
    order = db.session.query(Migration).one()
    ada.post(f"/migrations/{order.id}/stop", {})
    do_jobs()

    assert answer.status_code == 303 and stands(found) == before
    db.session.refresh(order)
    assert order.state is MigrationState.STOPPED and "2 cases" in ada.get(f"/migrations/{order.id}").text


def test_nothing_is_ordered_that_was_not_looked_at_or_has_no_reason(office: Office, visit: Visit) -> None:
    ada, found = visit(office.ada), claims(office)
    before = stands(found)
    looked = seen(ada.post(f"{PAGE}/preview", MOVED).text)

    for more, status in (
        ({"seen": looked, "which": "person", "reason": " "}, 400),
        ({"seen": looked, "which": "person", "reason": "x", "to-Task_Assess": "Task_Pay"}, 409),
        ({"which": "person", "reason": "x"}, 409),
        ({"seen": looked, "which": "person", "reason": "x", "at": "Task_Pay"}, 409),
        ({"seen": looked, "which": "person", "reason": "x", "trial": "none"}, 400),
        ({"seen": "[]", "do-Task_Assess": "", "reason": "x"}, 400),
    ):
        assert ada.post(PAGE, {**MOVED, **more}).status_code == status, more
    assert ada.post(f"{PAGE}/preview", {"version": "1"}).status_code == 400
    assert ada.get(f"{PAGE}?version=7").status_code == 404
    assert "No running case is such" in ada.get(f"{PAGE}?owner=nobody").text
    for other in (office.mia, office.ben):
        refused = visit(other)
        assert refused.get(PAGE).status_code == 403
        assert refused.post(PAGE, {**MOVED, "seen": looked, "reason": "x"}).status_code == 403
    assert stands(found) == before and db.session.query(Migration).count() == 0


def test_under_four_eyes_each_case_gets_a_proposal(office: Office, visit: Visit) -> None:
    guarded(office)
    ada, found = visit(office.ada), claims(office)
    before, moved = stands(found), {**MOVED, "version": "2"}

    page = ada.post(f"{PAGE}/preview", moved).text
    assert "a second person has to agree" in page and "Propose it" in page
    ada.post(PAGE, {**moved, "seen": seen(page), "which": "person", "reason": "By phone"})
    do_jobs()

    assert stands(found) == before
    assert [row.state.value for row in db.session.query(Modification)] == ["proposed", "proposed"]


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_it_is_done_by_clicks_and_accessible(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    claims(office)
    db.session.rollback()
    page, name = browse(office.ada, width=width, height=900, dark=dark), f"{width}{'-dark' if dark else ''}"
    page.goto("/case-types/insurance-claim")
    page.get_by_role("link", name="Change where cases stand").click()
    page.get_by_text("Only some cases").click()
    page.get_by_label("Where they stand").select_option("Task_Assess")
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_text("Only these cases")).to_be_visible()
    settle(page)
    assert flaws(page, f"changing-{name}") + page.evaluate(COVERED) == []
    page.get_by_label("What becomes of Assess the claim", exact=True).select_option("move")
    page.get_by_label("Where to").select_option("Task_Approve")
    page.get_by_role("button", name="Look what it would do").click()
    expect(page.get_by_role("heading", name="What this would do")).to_be_visible()
    settle(page)
    assert flaws(page, f"changing-look-{name}") + page.evaluate(COVERED) == []
    page.get_by_label("Why", exact=True).fill("Assessed by phone")
    page.get_by_role("button", name="Change them").click()
    expect(page.get_by_text("Changed by hand in version 1").first).to_be_visible()
    page.goto("/deployments")
    page.get_by_label("As a plan says").first.check()
    expect(page.get_by_label("Plan (YAML)").first).to_be_visible()
    settle(page)
    assert flaws(page, f"deployments-plan-{name}") + page.evaluate(COVERED) == []
