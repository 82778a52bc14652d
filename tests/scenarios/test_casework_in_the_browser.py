"""Cases with ad hoc work and with child cases, worked on by several people at their browsers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from playwright.sync_api import Page, expect

from tests.jobs_by_hand import do_jobs
from tests.scenarios import test_hr_onboarding_rest as onboarding
from tests.scenarios import test_patient_care_plan_rest as care
from tests.scenarios.desk import Desk, assert_every_story_holds

Picture = Callable[[Page, str], Path]
SitDown = Callable[[str], Desk]


def offer(desk: Desk, name: str) -> str:
    """What the case's page says of that piece of ad hoc work."""
    return desk.page.locator(".offer", has=desk.page.get_by_text(name, exact=True)).inner_text()


def start(desk: Desk, name: str, reason: str = "") -> None:
    """Start one more piece of ad hoc work."""
    desk.page.locator(".offer", has=desk.page.get_by_text(name, exact=True)).get_by_role("button").click()
    if reason:
        desk.page.get_by_role("dialog").get_by_label("Why").fill(reason)
        desk.page.get_by_role("dialog").get_by_role("button", name="Start").click()
    desk.said(f"“{name}” is started.")


def test_a_patient_is_treated_by_three_people_each_with_what_they_may_start(desk: SitDown, screenshot: Picture) -> None:
    nora, paul, tess = desk("nora"), desk("paul"), desk("tess")
    number = nora.open_case("Patient care plan", "care-admission", care.ADMISSION)
    nora.do(number, "Assess the patient", "care-assessment", care.ASSESSMENT)
    paul.do(number, "Plan the care", "care-plan", care.PLAN)
    nora.do(number, "Agree on the plan", "care-agreement", {"agreement": "yes"})
    assert nora.stages()["Treatment"] == "now"

    paul.look_at(number)
    assert "Needs the result of a blood test." in offer(paul, "Change the medication")
    start(paul, "X-ray")
    assert "Only one at a time: “X-ray” is open." in offer(paul, "ECG")
    start(paul, "Refer to a specialist", "The shoulder does not get better.")
    screenshot(paul.page, "scenario-care-1-started")
    for _ in range(2):
        start(paul, "Blood test")
        nora.do(number, "Blood test", "care-blood-sample", care.SAMPLE)
        paul.do(number, "Read the blood test", "care-blood-result", care.BLOOD)
    assert "done 2 of 2" in offer(paul, "Blood test")
    start(paul, "Therapy session")
    tess.take(number, "Therapy session")
    tess.enter("care-session", care.SESSION)
    screenshot(tess.page, "scenario-care-2-session")
    tess.page.get_by_role("button", name="Complete, then the case").click()
    tess.said("“Therapy session” is done.")
    assert "You are not Physician of this case." in offer(tess, "Change the medication")

    paul.look_at(number)
    paul.page.get_by_role("button", name="Go back").click()
    dialog = paul.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Cancels First talk, X-ray, Refer to a specialist.")
    dialog.get_by_role("radio", name="Plan the care").check()
    dialog.get_by_label("Why").fill("He wants to go home earlier.")
    dialog.get_by_role("button", name="Go back").click()
    paul.said("The case went back.")
    assert paul.stages()["Planning"] == "now"
    expect(paul.page.get_by_label("Open tasks")).to_contain_text("Plan the care")
    assert any("went back to Plan the care" in line for line in paul.timeline())
    screenshot(paul.page, "scenario-care-3-back-to-planning")
    assert_every_story_holds()


def test_three_departments_get_ready_for_a_newcomer_at_once(desk: SitDown, screenshot: Picture) -> None:
    ann, ben, finn = desk("ann"), desk("ben"), desk("finn")
    begins = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    number = ann.open_case("HR onboarding", "onboarding-offer", {**onboarding.OFFER, "startsOn": begins})
    ann.do(number, "Prepare the contract", "onboarding-contract", onboarding.CONTRACT)
    do_jobs()
    ann.look_at(number)
    below = ann.page.get_by_label("Cases below this one")
    for part in ("IT", "payroll", "facilities"):
        expect(below).to_contain_text(f"Onboarding: {part}")
    screenshot(ann.page, "scenario-onboarding-1-children")

    year = datetime.now(UTC).year
    it, payroll, place = (f"{prefix}-{year}-00001" for prefix in ("OIT", "OPY", "OFC"))
    ben.do(it, "Set up the account", "onboarding-account", onboarding.ACCOUNT)
    for _ in onboarding.CONTRACT["equipment"]:
        ben.do(it, "Prepare a device", "onboarding-device", onboarding.DEVICE)
    finn.do(payroll, "Enter into payroll", "onboarding-payroll", onboarding.PAYROLL)
    finn.do(place, "Prepare a desk", "onboarding-desk", {"room": "214"})
    finn.do(place, "Make the badge", "onboarding-badge", {"badge": "B-77"})
    do_jobs()
    ann.look_at(number)
    expect(ann.page.get_by_label("What will happen by itself")).to_contain_text("First day")
    assert any("Everything ready" in line for line in ann.timeline())
    screenshot(ann.page, "scenario-onboarding-2-ready")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=11)):
        do_jobs()
        ann.sign_in()
        ann.look_at(number)
        assert ann.stages()["First days"] == "now"
        expect(ann.page.get_by_label("Open tasks")).to_contain_text("Welcome the newcomer")
        expect(below).to_contain_text("Buddy weeks")
    assert_every_story_holds()
