"""People at the end of a long day: they click twice, go back, have two tabs open, and paste the oddest things."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from playwright.sync_api import Page, Route, expect

from service.db import db
from service.models import Case, HumanTask
from tests.scenarios import test_insurance_claim_engine as claim
from tests.scenarios.desk import Desk

NASTY = '<script>alert(1)</script><img src=x onerror="alert(2)"> {{ 7 * 7 }} ${7*7} \' OR 1=1 --'
ODD = "Zoë ❤️ 👩‍👩‍👧‍👦 \u202eesrever\u202c عائشة 名前 é̂̃̄"


def count(what: type[Case] | type[HumanTask]) -> int:
    number = db.session.execute(sa.select(sa.func.count()).select_from(what)).scalar_one()
    db.session.rollback()
    return number


def slowly(page: Page, pattern: str) -> None:
    """Pages of this pattern take their time, as on a bad line."""

    def late(route: Route) -> None:
        page.wait_for_timeout(700)
        route.continue_()

    page.route(pattern, late)


def test_clicking_twice_opens_one_case(desk: Callable[[str], Desk]) -> None:
    ann = desk("ann")
    slowly(ann.page, "**/cases/CLM-*")
    ann.page.goto("/cases/new/insurance-claim")
    ann.enter("claim-intake", claim.REPORT)
    ann.page.evaluate(
        """() => {
            const button = document.querySelector('[data-send]');
            for (let after = 0; after < 3000; after += 20) setTimeout(() => button.click(), after);
        }"""
    )

    ann.said(r"is open\.")

    assert count(Case) == 1


def test_going_back_after_completing_shows_that_it_is_done_and_sends_nothing_twice(
    desk: Callable[[str], Desk],
) -> None:
    ann, ben = desk("ann"), desk("ben")
    number = ann.open_case("Insurance claim", "claim-intake", claim.REPORT)
    ben.do(number, "Assess the claim", "claim-assessment", claim.ACCEPT)

    ben.page.go_back()
    expect(ben.page.locator("#task h1")).to_have_text("Assess the claim")
    if ben.page.get_by_role("button", name="Complete, then the case").is_visible():
        ben.page.keyboard.press("Control+Enter")
        expect(ben.page.locator("[data-problem]")).to_contain_text("completed")
    ben.page.reload()
    ben.said("You completed this|Ben Baker completed this")

    assert count(HumanTask) == 2  # assessment and payment


def test_two_tabs_of_one_person_and_two_people_cannot_do_a_task_twice(desk: Callable[[str], Desk]) -> None:
    ann, ben, mia = desk("ann"), desk("ben"), desk("mia")
    number = ann.open_case("Insurance claim", "claim-intake", claim.REPORT)
    other_tab = Desk(ben.page.context.new_page(), "ben")
    for person in (ben, other_tab, mia):
        person.look_at(number)

    ben.page.get_by_role("button", name="Take it").click()
    ben.said("is yours now")
    mia.page.get_by_role("button", name="Take it").click()
    mia.said("Ben has this task now|Ben Baker has this task now")
    other_tab.work_on(number, "Assess the claim")
    other_tab.enter("claim-assessment", claim.ACCEPT)
    ben.complete("Assess the claim", "claim-assessment", claim.LARGE)
    other_tab.page.get_by_role("button", name="Complete, then the case").click()

    expect(other_tab.page.locator("[data-problem]")).to_contain_text("This task is completed.")
    expect(other_tab.page.get_by_label("Reasons for the finding")).to_have_value("The floor is beyond repair.")
    db.session.rollback()
    assert db.session.scalars(sa.select(Case)).one().variables["settlement"] == 8850


def test_the_oddest_texts_are_kept_to_the_letter_and_run_nothing(desk: Callable[[str], Desk]) -> None:
    ann, ben = desk("ann"), desk("ben")
    alarms: list[str] = []
    for person in (ann, ben):
        person.page.on("dialog", lambda dialog: alarms.append(dialog.message))
    long = f"{NASTY}\n{ODD}\n" + "x" * 3500
    items = [{"item": NASTY[:110], "claimed": 10}, {"item": ODD, "claimed": 20}]

    number = ann.open_case(
        "Insurance claim",
        "claim-intake",
        {**claim.REPORT, "claimant": NASTY, "description": long, "damagedItems": items},
    )
    expect(ann.page.get_by_role("heading", name=NASTY)).to_be_visible()
    assert ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ben.do(number, "Assess the claim", "claim-assessment", {**claim.ACCEPT, "assessorNote": ODD})
    ben.page.goto("/cases?q=" + "%3Cscript%3E")
    expect(ben.page.get_by_role("link", name=NASTY)).to_be_visible()
    ben.page.goto("/cases?q=%25")
    expect(ben.page.get_by_role("link", name=number)).to_have_count(0)

    assert alarms == []
    db.session.rollback()
    case = db.session.scalars(sa.select(Case)).one()
    assert case.variables["claimant"] == NASTY
    assert case.variables["description"] == long
    assert case.variables["damagedItems"] == items
    assert case.variables["assessorNote"] == ODD


def test_ten_thousand_characters_are_refused_at_the_field_and_nothing_typed_is_lost(
    desk: Callable[[str], Desk],
) -> None:
    ann = desk("ann")
    ann.page.goto("/cases/new/insurance-claim")
    ann.enter("claim-intake", {**claim.REPORT, "description": "y" * 10_000})

    ann.page.keyboard.press("Control+Enter")

    expect(ann.page.locator(".fjs-form-field-error")).to_contain_text("4000")
    expect(ann.page.get_by_label("What happened, in the claimant's words")).to_have_value("y" * 10_000)
    expect(ann.page.get_by_label("What happened, in the claimant's words")).to_be_focused()
    assert count(Case) == 0


def test_addresses_that_somebody_guessed_lead_to_a_page_that_says_so(desk: Callable[[str], Desk]) -> None:
    ann, carl = desk("ann"), desk("carl")
    number = ann.open_case("Insurance claim", "claim-intake", claim.REPORT)
    task = db.session.scalars(sa.select(HumanTask.id)).one()
    db.session.rollback()

    for path in (
        f"/cases/{number}",
        f"/cases/{number}/data",
        f"/tasks/{task}",
        "/cases/CLM-2026-99999",
        "/cases/%00",
        "/tasks/1",
        "/tasks/00000000-0000-0000-0000-000000000000",
        "/cases/new/no-such-type",
        "/case-types/no-such-type",
    ):
        answer = carl.page.goto(path)
        assert answer is not None
        assert answer.status == 404, path
        expect(carl.page.get_by_role("link", name="My tasks").first).to_be_visible()
    for path in ("/tasks/team?view=%F0%9F%98%80", "/cases?state=nonsense&after=nonsense", "/cases?type=%00"):
        answer = carl.page.goto(path)
        assert answer is not None
        assert answer.status < 500, path


def test_who_was_signed_out_signs_in_in_another_tab_and_sends_what_they_had_typed(desk: Callable[[str], Desk]) -> None:
    ann = desk("ann")
    ann.page.goto("/cases/new/insurance-claim")
    ann.enter("claim-intake", claim.REPORT)
    other_tab = Desk(ann.page.context.new_page(), "ann")
    other_tab.page.goto("/")
    other_tab.page.get_by_role("button", name="Ann Archer").click()
    other_tab.page.get_by_role("button", name="Sign out").click()
    expect(other_tab.page.get_by_role("heading", name="Sign in")).to_be_visible()

    ann.page.keyboard.press("Control+Enter")
    expect(ann.page.locator("[data-problem]")).to_contain_text("You have been signed out")
    assert count(Case) == 0
    other_tab.sign_in()
    ann.page.keyboard.press("Control+Enter")

    ann.said(r"is open\.")
    assert count(Case) == 1
