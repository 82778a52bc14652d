"""Where a case stands is changed on a page: looked at before, with a reason, by two people where the type says so."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Modification, ModificationState
from service.operations import deployments
from tests.pages.conftest import Office, Visitor, claim_files
from tests.pages.test_in_a_browser import Browse, settle

FILE = "insurance-claim.bpmn"


def guarded(office: Office) -> None:
    """From now on two have to agree."""
    files = claim_files()
    files[FILE] = files[FILE].replace(b"case:numberPrefix=", b'case:changesNeedApproval="true" case:numberPrefix=', 1)
    deployments.deploy(files, by=SYSTEM)
    db.session.commit()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_token_is_moved_by_clicks_after_a_look(
    office: Office,
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    case = office.open_claim()
    number = case.number
    db.session.rollback()
    page = browse(office.mia, width=width, height=900, dark=dark)
    name = f"{width}{'-dark' if dark else ''}"
    page.goto(f"/cases/{number}")
    page.get_by_role("link", name="Change where it stands").click()
    expect(page.get_by_label("What becomes of Assess the claim", exact=True)).to_be_visible()
    settle(page)
    assert flaws(page, f"standing-{name}") == []

    page.get_by_label("What becomes of Assess the claim", exact=True).select_option("move")
    page.get_by_label("Where to").select_option("Task_Approve")
    page.get_by_role("button", name="Look what it would do").click()
    expect(page.get_by_role("heading", name="What this would do")).to_be_visible()
    settle(page)
    assert flaws(page, f"standing-look-{name}") == []
    db.session.rollback()
    assert db.session.query(Modification).count() == 0
    db.session.rollback()
    page.get_by_label("Why", exact=True).fill("The assessor is on leave, and it was assessed by phone")
    page.get_by_role("button", name="Change it").click()

    expect(page.get_by_text("Where the case stands is changed.").first).to_be_visible()
    expect(page.get_by_role("list", name="Open tasks").get_by_text("Approve the payment")).to_be_visible()
    expect(page.locator("#story").get_by_text("from “Assess the claim” to “Approve the payment”")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_clicked_in_the_diagram_is_chosen(office: Office, browse: Browse) -> None:
    number = office.open_claim().number
    db.session.rollback()
    page = browse(office.mia, width=1440, height=900)
    page.goto(f"/cases/{number}/standing")
    settle(page)

    page.locator("[data-element-id=Task_Assess] .djs-hit").first.click(force=True)
    expect(page.get_by_label("What becomes of Assess the claim", exact=True)).to_be_focused()
    page.keyboard.press("s")  # Skip it, by the keyboard
    page.locator("[data-element-id=Task_Approve] .djs-hit").first.click(force=True)

    expect(page.get_by_label("Put a token on")).to_have_value("Task_Approve")
    assert page.get_by_label("What becomes of Assess the claim", exact=True).input_value() == "skip"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, True), (400, False)])
def test_one_proposes_and_another_agrees(
    office: Office,
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    guarded(office)
    number = office.open_claim().number
    db.session.rollback()
    mia, ada = browse(office.mia, width=width, dark=dark), browse(office.ada, width=width, dark=dark)
    mia.goto(f"/cases/{number}/standing")
    mia.get_by_label("What becomes of Assess the claim", exact=True).select_option("again")
    mia.get_by_role("button", name="Look what it would do").click()
    mia.get_by_label("Why", exact=True).fill("The wrong form was filled in")
    mia.get_by_role("button", name="Propose it").click()
    expect(mia.get_by_role("button", name="Withdraw it")).to_be_visible()

    ada.goto(f"/cases/{number}")
    settle(ada)
    assert flaws(ada, f"proposal-{width}{'-dark' if dark else ''}") == []
    ada.get_by_role("link", name="Look what it would do").click()
    expect(ada.get_by_role("heading", name="What the proposal would do")).to_be_visible()
    told = ada.get_by_role("list", name="What would be otherwise")
    expect(told.get_by_text("Assess the claim").first).to_be_visible()
    settle(ada)
    assert flaws(ada, f"proposal-look-{width}{'-dark' if dark else ''}") == []
    ada.get_by_role("button", name="Agree").click()

    expect(ada.get_by_text("Where the case stands is changed.").first).to_be_visible()
    db.session.rollback()
    [made] = db.session.query(Modification).all()
    assert (made.state, made.created_by, made.decided_by) == (ModificationState.APPLIED, "mia", "ada")


def form(**chosen: str) -> dict[str, str]:
    return {"put": "", "again": "", "facts": "", "reason": "A test", **chosen}


def test_only_what_was_looked_at_is_made(office: Office, visit: Callable[..., Visitor]) -> None:
    case = office.open_claim()
    where = f"/cases/{case.number}/standing"
    db.session.rollback()
    mia = visit(office.mia)

    unseen = mia.post(where, data=form(put="Task_Approve"))
    assert unseen.status_code == 409
    assert "Look first at what this would do" in unseen.text
    assert db.session.query(Modification).count() == 0
    seen = '[{"do": "put", "element": "Task_Approve"}]'
    stale = mia.post(where, data=form(put="Task_Approve", seen=seen, revision="99"))
    assert stale.status_code == 412
    assert "Something has happened in the case" in stale.text
    unreasoned = mia.post(where, data=form(put="Task_Approve", seen=seen, reason=" "))
    assert unreasoned.status_code == 400

    assert mia.post(where, data=form(put="Task_Approve", seen=seen)).status_code == 303


def test_what_cannot_be_is_said_with_what_was_chosen(office: Office, visit: Callable[..., Visitor]) -> None:
    case = office.open_claim()
    where = f"/cases/{case.number}/standing/preview"
    db.session.rollback()
    mia = visit(office.mia)

    nothing = mia.post(where, data=form())
    assert (nothing.status_code, "Say at least one step." in nothing.text) == (409, True)
    no_fact = mia.post(where, data=form(facts="amount"))
    assert (no_fact.status_code, "“amount” is no fact" in no_fact.text) == (400, True)
    assert '<textarea class="input" id="facts" name="facts"' in no_fact.text
    looked = mia.post(where, data=form(put="Task_Approve", facts='amount: 120\nitem: the "roof"\nfine: true'))
    assert looked.status_code == 200
    assert "The task <b>Approve the payment</b> opens." in looked.text


def test_a_proposal_that_is_possible_no_more_says_so(office: Office, visit: Callable[..., Visitor]) -> None:
    guarded(office)
    case = office.open_claim()
    number, activity = case.number, office.task(case).activity_id
    brings = {"finding": "accept"}
    seen = json.dumps([{"activity": activity, "do": "skip", "element": "Task_Assess", "values": brings}])
    db.session.rollback()
    mia, ada = visit(office.mia), visit(office.ada)
    for _ in range(2):
        chosen = {f"do-{activity}": "skip", f"element-{activity}": "Task_Assess", "seen": seen}
        chosen[f"brings-{activity}"] = "finding: accept"
        assert mia.post(f"/cases/{number}/standing", data=form(**chosen)).status_code == 303
    first, second = (str(each.id) for each in db.session.query(Modification).order_by(Modification.id))
    assert "What the proposal would do" in ada.get(f"/cases/{number}/standing?proposal={first}").text
    assert "“Assess the claim” skipped with finding = accept." in ada.get(f"/cases/{number}").text
    assert ada.post(f"/cases/{number}/proposals/{first}/approve").status_code == 303

    late = ada.get(f"/cases/{number}/standing?proposal={second}").text
    assert "What is proposed cannot be done any more." in late
    assert ada.post(f"/cases/{number}/proposals/{second}/approve").status_code == 303

    states = [each.state for each in db.session.query(Modification).order_by(Modification.id)]
    assert states == [ModificationState.APPLIED, ModificationState.REFUSED]
    assert "It is not possible any more" in ada.get(f"/cases/{number}").text


def test_a_proposal_is_refused_with_a_reason(office: Office, visit: Callable[..., Visitor]) -> None:
    guarded(office)
    case = office.open_claim()
    seen = '[{"do": "put", "element": "Task_Approve"}]'
    number = case.number
    db.session.rollback()
    mia, ada = visit(office.mia), visit(office.ada)
    mia.post(f"/cases/{number}/standing", data=form(put="Task_Approve", seen=seen))
    [made] = db.session.query(Modification).all()
    where = f"/cases/{number}/proposals/{made.id}"
    db.session.rollback()
    assert mia.post(f"{where}/approve").status_code == 403

    assert ada.post(f"{where}/refuse", data={"reason": ""}).status_code == 400
    assert ada.post(f"{where}/refuse", data={"reason": "Ask the customer first"}).status_code == 303

    shown = ada.get(f"/cases/{number}").text
    assert "refused to change where the case stands; proposed by" in shown
    assert "Ask the customer first" in shown
    assert db.session.query(Modification).one().state is ModificationState.REFUSED
