"""Every shipped case type from opening to closing, by people at their browsers, each signed in with their password.

The worker's jobs are done by hand, so that time passes only where the story says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from playwright.sync_api import Page, expect

from tests.jobs_by_hand import do_jobs
from tests.scenarios import test_employee_complaint_engine as complaint
from tests.scenarios import test_gdpr_request_engine as request_
from tests.scenarios import test_insurance_claim_engine as claim
from tests.scenarios import test_it_incident_engine as incident
from tests.scenarios.desk import Desk, assert_every_story_holds

Picture = Callable[[Page, str], Path]


def test_a_claim_is_taken_in_assessed_approved_and_paid_by_three_people(
    desk: Callable[[str], Desk], screenshot: Picture
) -> None:
    ann, ben, mia = desk("ann"), desk("ben"), desk("mia")

    number = ann.open_case("Insurance claim", "claim-intake", claim.REPORT)
    assert ann.stages() == {"Intake": "done", "Assessment": "now", "Decision": "later", "Settlement": "later"}
    assert "djs-element" in ann.marked("Task_Assess")
    screenshot(ann.page, "scenario-claim-1-opened")

    ben.take(number, "Assess the claim")
    ben.enter("claim-assessment", claim.LARGE)
    expect(ben.page.get_by_text("Settlement after the excess: € 8,850")).to_be_visible()
    screenshot(ben.page, "scenario-claim-2-assessment")
    ben.page.get_by_role("button", name="Complete, then the case").click()
    ben.said("“Assess the claim” is done.")
    expect(ben.page.get_by_label("Open tasks")).to_contain_text("Claims managers")
    expect(ben.page.get_by_role("button", name="Take it")).to_have_count(0)

    mia.do(number, "Approve the payment", "claim-approval", {"approval": "approved"})
    ann.page.goto("/tasks/team")
    ann.do(number, "Pay out", "claim-payment", claim.PAYMENT)

    expect(ann.page.locator("main")).to_contain_text("Completed")
    assert ann.stages() == dict.fromkeys(("Intake", "Assessment", "Decision", "Settlement"), "done")
    assert [line for line in ann.timeline() if "completed" in line] == [
        "The case is completed",
        "You completed Pay out",
        "Mia Moreno completed Approve the payment",
        "Ben Baker completed Assess the claim",
    ]
    screenshot(ann.page, "scenario-claim-3-closed")
    assert_every_story_holds()


def test_a_complaint_goes_through_four_hands_and_each_witness_is_told_apart(
    desk: Callable[[str], Desk], screenshot: Picture
) -> None:
    ben, ann, carl, mia = desk("ben"), desk("ann"), desk("carl"), desk("mia")
    number = ben.open_case("Employee complaint", "complaint-intake", complaint.COMPLAINT)
    ann.do(number, "Screen the complaint", "complaint-screening", complaint.INVESTIGATE)
    carl.do(number, "Plan the investigation", "complaint-plan", complaint.PLAN)

    heard = set()
    for _ in complaint.WITNESSES:
        carl.take(number, "Interview a witness")
        name = carl.page.locator("[data-canvas] strong").first.inner_text()
        expect(carl.page.locator("#task h1")).to_have_text(f"Interview a witness · {name}")
        heard.add(name)
        carl.complete("Interview a witness", "complaint-interview", complaint.RECORD)
    assert heard == {"Bob", "Eve"}
    carl.take(number, "Write the finding")
    expect(carl.page.locator("[data-canvas] table")).to_contain_text("Eve")
    screenshot(carl.page, "scenario-complaint-1-finding")
    carl.complete("Write the finding", "complaint-finding", complaint.FINDING)
    mia.do(number, "Decide the outcome", "complaint-decision", complaint.UPHELD)
    ann.do(number, "Tell both sides", "complaint-notice", complaint.NOTICE)
    expect(ann.page.get_by_label("What will happen by itself")).to_contain_text("After 14 days")
    screenshot(ann.page, "scenario-complaint-2-appeal")
    ann.do(number, "Record an appeal", "complaint-appeal", {"appeal": "accepted"})

    expect(ann.page.locator("main")).to_contain_text("Completed")
    expect(ann.page.get_by_label("What will happen by itself")).to_have_count(0)
    assert ann.stages() == dict.fromkeys(("Screening", "Investigation", "Decision", "Appeal"), "done")
    assert len([line for line in ann.timeline() if "completed Interview a witness" in line]) == 2
    assert_every_story_holds()


def test_a_major_incident_is_worked_on_by_two_at_once_and_then_reviewed(
    desk: Callable[[str], Desk], screenshot: Picture
) -> None:
    ann, ben, mia = desk("ann"), desk("ben"), desk("mia")
    number = mia.open_case("IT incident", "incident-report", {**incident.REPORT, "impact": "everyone"})
    ben.do(number, "Take and diagnose", "incident-diagnosis", incident.DIAGNOSIS)
    assert {"Task_Announce", "Task_Restore"} <= {name for name in ("Task_Announce", "Task_Restore") if ben.marked(name)}
    screenshot(ben.page, "scenario-incident-1-two-at-once")

    ben.take(number, "Restore the service")
    ann.take(number, "Announce the incident")
    ben.complete("Restore the service", "incident-fix", incident.FIX)
    ann.complete("Announce the incident", "incident-announcement", incident.ANNOUNCEMENT)
    ann.do(number, "Give the all-clear", "incident-all-clear", {"allClear": "E-mail is back, nothing to be done."})
    mia.take(number, "Review the incident")
    mia.enter("incident-review", incident.REVIEW)
    screenshot(mia.page, "scenario-incident-2-review")
    mia.page.get_by_role("button", name="Complete, then the case").click()
    mia.said("“Review the incident” is done.")

    expect(mia.page.locator("main")).to_contain_text("Completed")
    assert mia.stages() == dict.fromkeys(("Triage", "Repair", "Confirmation", "Review"), "done")
    assert_every_story_holds()


def test_nobody_takes_an_incident_in_time_and_the_manager_gives_it_to_somebody(
    desk: Callable[[str], Desk], screenshot: Picture
) -> None:
    carl, ben, mia = desk("carl"), desk("ben"), desk("mia")
    number = carl.open_case("IT incident", "incident-report", {**incident.REPORT, "urgency": "high"})
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        do_jobs()
        for person in (carl, ben, mia):
            person.sign_in()  # they were away for so long that they were signed out
        mia.look_at(number)
        expect(mia.page.get_by_role("link", name="Find somebody")).to_be_visible()
        expect(mia.page.get_by_role("link", name="Take and diagnose")).to_contain_text("1 minute late")
        screenshot(mia.page, "scenario-incident-3-escalated")
        mia.page.get_by_role("link", name="Take and diagnose").click()
        mia.page.get_by_role("button", name="Assign").click()
        mia.page.get_by_label("Assign to").select_option(label="Ben Baker")
        mia.page.get_by_role("dialog").get_by_role("button", name="Assign").click()
        mia.said("Ben Baker has “Take and diagnose” now.")
        ben.work_on(number, "Take and diagnose")
        ben.complete("Take and diagnose", "incident-diagnosis", incident.DIAGNOSIS)
        ben.do(number, "Fix the fault", "incident-fix", incident.FIX)
        carl.work_on(number, "Confirm that it works")
        carl.complete("Confirm that it works", "incident-confirmation", {"works": "yes", "satisfaction": "5"})
        expect(carl.page.locator("main")).to_contain_text("Find somebody")  # is still to be answered
        mia.do(
            number,
            "Find somebody",
            "incident-escalation",
            {"escalatedTo": "Ben Baker", "escalationCause": "load", "escalationNote": "Gave it to Ben."},
        )

        expect(mia.page.locator("main")).to_contain_text("Completed")
        assert_every_story_holds()


def test_a_request_is_searched_by_two_departments_extended_and_answered(
    desk: Callable[[str], Desk], screenshot: Picture
) -> None:
    ann, ben, carl, mia = desk("ann"), desk("ben"), desk("carl"), desk("mia")
    received = datetime.now(UTC).date() - timedelta(days=26)
    data = {**request_.REQUEST, "receivedOn": received.isoformat(), "requestKind": "erasure"}
    number = carl.open_case("GDPR request", "gdpr-intake", data)
    carl.do(number, "Check the identity", "gdpr-identity", request_.CONFIRMED)
    carl.do(number, "Plan the search", "gdpr-search", request_.SEARCH)
    do_jobs()  # five days before the limit are over already

    mia.do(
        number,
        "Decide on an extension",
        "gdpr-extension",
        {"extension": "extend", "extensionReason": "Seven systems have to be searched."},
    )
    last_day = received + timedelta(days=90)
    limit = f"{last_day.day} {last_day:%b %Y}"
    carl.take(number, "Tell the requester")
    expect(carl.page.locator("[data-canvas]")).to_contain_text(limit)
    carl.complete(
        "Tell the requester",
        "gdpr-extension-notice",
        {"extensionNotice": "It takes a little longer.", "extensionToldOn": datetime.now(UTC).date().isoformat()},
    )
    ben.do(number, "Collect from a system", "gdpr-collection", request_.FOUND)
    expect(ben.page.get_by_role("link", name="Collect from a system")).to_contain_text("HR officers")
    ann.do(number, "Collect from a system", "gdpr-collection", request_.FOUND)
    carl.do(number, "Review what was found", "gdpr-review", request_.COMPLETE)
    mia.take(number, "Decide on the request")
    mia.enter("gdpr-decision", {"decision": "grant", "instruction": "Erase all but the invoices."})
    screenshot(mia.page, "scenario-request-1-decision")
    mia.page.get_by_role("button", name="Complete, then the case").click()
    mia.said("“Decide on the request” is done.")
    ben.do(number, "Carry it out", "gdpr-execution", {"executed": request_.DONE, "recipientsTold": True})
    carl.do(number, "Answer the requester", "gdpr-answer", request_.ANSWER)

    expect(carl.page.locator("main")).to_contain_text("Completed")
    assert carl.stages() == dict.fromkeys(("Identity", "Collection", "Decision", "Answer"), "done")
    screenshot(carl.page, "scenario-request-2-closed")
    assert_every_story_holds()
