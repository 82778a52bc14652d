"""Cases with children from opening to closing, by people at their browsers: a customer's file, and a grant."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from service import audit
from service.db import db
from tests.jobs_by_hand import do_jobs
from tests.scenarios import test_customer_file_rest as customer
from tests.scenarios import test_federal_grant_rest as grant
from tests.scenarios.desk import Desk

Picture = Callable[[Page, str], Path]
CLAIM = r"CLM-\d{4}-0000"
PAYMENT = r"GPY-\d{4}-0000"


def start(person: Desk, number: str, activity: str) -> None:
    """Start ad hoc work on the case's page."""
    person.look_at(number)
    offers = person.page.get_by_role("list", name="What can be started")
    offers.get_by_role("listitem").filter(has_text=activity).get_by_role("button", name="Start").click()
    expect(person.page.get_by_label("Open tasks")).to_contain_text(activity)


def test_a_customers_file_opens_claims_sees_to_one_that_stopped_and_ends(
    desk: Callable[[str], Desk], screenshot: Picture
) -> None:
    ann, ben, mia = desk("ann"), desk("ben"), desk("mia")
    number = ann.open_case("Customer file", "customer-intake", customer.CUSTOMER)
    ann.do(number, "Welcome the customer", "customer-welcome", customer.WELCOME)
    start(ann, number, "Record damages")
    ann.take(number, "Record damages")
    ann.enter("customer-damages", {"damages": [customer.WATER, {**customer.GLASS, "place": "Lindau"}]})
    screenshot(ann.page, "scenario-file-1-damages")
    ann.page.get_by_role("button", name="Complete, then the case").click()
    ann.said("“Record damages” is done.")
    do_jobs()

    mia.look_at(number)
    below = mia.page.get_by_role("list", name="Cases below this one")
    expect(below.get_by_role("listitem")).to_have_count(2)
    below.get_by_role("link", name="Hotel Seeblick, Lindau · glass").click()
    mia.page.get_by_role("button", name="Cancel").first.click()
    mia.page.get_by_role("dialog").get_by_label("Why").fill("The same window as last year.")
    mia.page.get_by_role("dialog").get_by_role("button", name="Cancel the case").click()
    mia.said("is cancelled")
    do_jobs()
    rescue = {"rescue": "dropped", "rescueNote": "The hotel pays for the window itself."}
    mia.do(number, "See to the stopped claim", "customer-rescue", rescue)
    screenshot(mia.page, "scenario-file-2-stopped")
    ben.do(f"{CLAIM}1", "Assess the claim", "claim-assessment", customer.ACCEPT)
    ann.do(f"{CLAIM}1", "Pay out", "claim-payment", customer.PAYMENT)
    do_jobs()

    mia.look_at(number)
    mia.page.get_by_role("button", name="Nothing more is needed").click()
    mia.page.get_by_role("dialog").get_by_role("button", name="Finish it").click()
    ann.do(number, "Part with the customer", "customer-farewell", customer.FAREWELL)
    expect(ann.page.locator("main")).to_contain_text("Completed")
    assert ann.stages() == dict.fromkeys(("Opening", "Service", "Closing"), "done")
    screenshot(ann.page, "scenario-file-3-closed")
    assert_every_story_holds()


def test_a_grant_is_reviewed_decided_and_paid_by_five_people(desk: Callable[[str], Desk], screenshot: Picture) -> None:
    carl, ann, ben, mia, finn = desk("carl"), desk("ann"), desk("ben"), desk("mia"), desk("finn")
    application = {**grant.APPLICATION, "requestedAmount": 90000}
    number = carl.open_case("Federal grant", "grant-application", application)
    carl.do(number, "Check eligibility", "grant-eligibility", grant.ELIGIBLE)
    carl.do(number, "Choose the reviewers", "grant-reviewers", grant.REVIEWERS)
    for reviewer in (ann, ben):
        reviewer.work_on(number, "Review the application")
        reviewer.enter("grant-review", grant.review(4))
        screenshot(reviewer.page, "scenario-grant-1-review")
        reviewer.page.get_by_role("button", name="Complete, then the case").click()
        reviewer.said("“Review the application” is done.")
    carl.do(number, "Write the panel's advice", "grant-advice", {**grant.ADVICE, "advisedAmount": 90000})
    mia.take(number, "Decide on the grant")
    mia.enter("grant-decision", {**grant.AWARD, "grantedAmount": 90000})
    expect(mia.page.locator("[data-canvas]")).to_contain_text("Score: 4 of 5, from 2 reviews")
    screenshot(mia.page, "scenario-grant-2-decision")
    mia.page.get_by_role("button", name="Complete, then the case").click()
    mia.said("“Decide on the grant” is done.")
    tranches = [{"amount": 90000, "purpose": "All of it", "after": "signature"}]
    carl.do(number, "Sign the agreement", "grant-agreement", {**grant.AGREEMENT, "tranches": tranches})
    do_jobs()

    carl.do(f"{PAYMENT}1", "Prepare the payment", "grant-payment-preparation", grant.PREPARED)
    finn.do(f"{PAYMENT}1", "Release the payment", "grant-payment-release", grant.RELEASED)
    do_jobs()
    carl.look_at(number)
    expect(carl.page.get_by_role("list", name="Cases below this one")).to_contain_text("tranche 1")
    screenshot(carl.page, "scenario-grant-3-paid")
    carl.do(number, "Check the final report", "grant-final", grant.FINAL)
    expect(carl.page.locator("main")).to_contain_text("Completed")
    assert set(carl.stages().values()) == {"done"}
    reached = carl.page.get_by_text(re.compile("Closed reached"))
    expect(reached).to_have_count(1)
    assert_every_story_holds()


def assert_every_story_holds() -> None:
    assert list(audit.verify()) == []
    db.session.rollback()
