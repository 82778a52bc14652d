"""A patient care plan without a mouse, from what can be started to the outcome: issue 4's ten minutes of a new user."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import clock_at, db, utcnow
from service.models import Actor, Case, HumanTask, ProcessDefinition, Timer, User
from service.operations import adhoc, cases, roles, tasks, timers, users
from service.queries import adhoc as startable
from service.queries import definitions
from tests.browser import NewPage, serving
from tests.scenarios.desk import assert_every_story_holds
from tests.scenarios.keyboard import Keyboard
from tests.scenarios.test_patient_care_plan_rest import ADMISSION, ASSESSMENT, PLAN, SESSION


def actor(name: str) -> Actor:
    return users.actor_of(db.session.scalars(sa.select(User.id).where(User.name == name)).one())


def in_treatment() -> Case:
    """Walter Rossi's care plan as Nora and Paul made it two weeks ago, so that its first review is due."""
    nora, paul = actor("nora"), actor("paul")
    with clock_at(utcnow() - timedelta(days=15)):
        case = cases.start(definitions.latest(ProcessDefinition, "patient-care-plan"), by=nora, submitted=ADMISSION)
        for element, by, form in (
            ("Task_Assess", nora, ASSESSMENT),
            ("Task_Plan", paul, PLAN),
            ("Task_Agree", nora, {"agreement": "yes"}),
            ("Task_FirstTalk", nora, {"worries": "Who waters the plants?"}),
        ):
            _complete(case, element, by, form)
        adhoc.activate(case, startable.of_case(case, actor=paul)[0].activity_id, "Task_Session", by=paul)
        _complete(case, "Task_Session", actor("tess"), SESSION)
        roles.bind(case, "physician", ["user:paul"], by=paul)
        db.session.flush()
    review = db.session.scalars(sa.select(Timer).where(Timer.element_id == "Event_ReviewDue")).one()
    timers.fire(review.id, review.seq)
    db.session.commit()
    return case


def _complete(case: Case, element: str, by: Actor, form: Mapping[str, Any]) -> None:
    db.session.flush()
    wanted = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    task = db.session.scalars(wanted.where(HumanTask.element_id == element)).one()
    tasks.claim(task, by=by)
    tasks.complete(task, by=by, submitted=form)


@pytest.mark.timeout(120)
def test_a_physician_works_on_a_care_plan_with_the_keyboard_only(
    office: Flask, new_page: NewPage, screenshot: Callable[[Page, str], Path]
) -> None:
    number = in_treatment().number
    db.session.rollback()
    with serving(office) as address:
        keys = Keyboard(new_page(address))
        _find(keys, number)
        _start(keys, screenshot)
        _do_and_note(keys, number)
        _review_and_replan(keys)
        _discharge_and_hand_over(keys)
        omar = Keyboard(new_page(address))
        omar.sign_in("omar")
        omar.page.goto(f"/cases/{number}")
        _close(omar)
    assert_every_story_holds()


def _find(keys: Keyboard, number: str) -> None:
    keys.sign_in("paul")
    keys.press("g", "c")
    expect(keys.page).to_have_title("Cases · Casewright")
    keys.press("/")
    keys.page.keyboard.type("Rossi")
    keys.press("Enter")
    expect(keys.page.locator("[data-row]")).to_have_count(1)
    keys.reach(".*Walter Rossi", most=10)
    keys.press("Enter")
    expect(keys.page.locator(".eyebrow").first).to_contain_text(number)


def _start(keys: Keyboard, screenshot: Callable[[Page, str], Path]) -> None:
    page = keys.page
    expect(page.get_by_text("Needs the result of a blood test.")).to_be_visible()
    expect(page.get_by_text("Needs two therapy sessions.")).to_be_visible()
    expect(page.get_by_label("Open tasks").get_by_role("link", name="Review the care")).to_contain_text("You")
    keys.press("s")
    _to_offer(keys, "Blood test")
    keys.act("Enter", "“Blood test” is started.")
    assert _offer(page) == "Blood test"  # where one was before
    _to_offer(keys, "Refer to a specialist", "k")
    keys.press("Enter")
    keys.here()
    page.keyboard.type("The shoulder does not get better.")
    keys.reach("Start")
    keys.act("Enter", "“Refer to a specialist” is started.")
    assert _offer(page) == "Refer to a specialist"
    screenshot(page, "scenario-keyboard-1-started")
    keys.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("What can be started")
    keys.press("Escape")


def _do_and_note(keys: Keyboard, number: str) -> None:
    _open(keys, "Blood test")
    keys.fill(Taken_on="20/11/2026", Number_of_the_sample="B-881")
    keys.complete("Blood test")
    _open(keys, "Read the blood test")
    keys.fill(Haemoglobin="10.1", CRP="42", Normal="")
    keys.complete("Read the blood test")
    keys.press("n")
    keys.here()
    keys.page.keyboard.type("He wants **no visitors** before ten.")
    keys.press("Control+Enter")
    expect(keys.page.get_by_label("Notes, the newest first")).to_contain_text("no visitors")
    expect(keys.page.locator(".eyebrow").first).to_contain_text(number)


def _review_and_replan(keys: Keyboard) -> None:
    page = keys.page
    keys.press("s")
    _to_offer(keys, "Therapy session")
    keys.act("Enter", "“Therapy session” is started.")
    _open(keys, "Therapy session")
    keys.fill(Held_on="20/11/2026", Minutes="40", Physiotherapy="", Course_of_the_session="Eight stairs.", Better="")
    keys.complete("Therapy session")
    _open(keys, "Review the care")
    keys.fill(Still_leads_to_the_goals="", Why="Eight stairs.")
    keys.complete("Review the care")
    keys.press("b")
    keys.here()
    expect(page.get_by_role("dialog")).to_contain_text("Cancels")
    keys.reach("Plan the care", key="ArrowDown", most=6)
    keys.press("Space", "Tab")
    page.keyboard.type("He wants to go home earlier.")
    keys.reach("Go back")
    keys.act("Enter", "The case went back.")
    keys.here()
    _open(keys, "Plan the care")
    keys.fill(What_shall_be_done=" Stairs every day.")
    keys.complete("Plan the care")
    _open(keys, "Agree on the plan")
    keys.fill(Yes="")
    keys.complete("Agree on the plan")


def _discharge_and_hand_over(keys: Keyboard) -> None:
    page = keys.page
    _open(keys, "First talk")
    keys.fill(What_worries_the_patient="Nothing any more.")
    keys.complete("First talk")
    keys.press("s")
    _to_offer(keys, "Final examination")
    keys.act("Enter", "“Final examination” is started.")
    _open(keys, "Final examination")
    keys.fill(Yes="", Findings="Climbs twelve stairs.")
    keys.complete("Final examination")
    _open(keys, "Discharge the patient")
    keys.fill(Goes_home_on="23/11/2026", Family_doctor="Dr Adler", Advice_for_home="Stairs twice a day.")
    keys.complete("Discharge the patient")
    keys.press("u")
    expect(page).to_have_title(re.compile("^People of"))
    keys.reach("Hand over")
    keys.press("Enter")
    expect(page).to_have_title(re.compile("^Hand over"))
    keys.reach("To$")
    page.keyboard.type("o")  # as one chooses in a list
    keys.reach("See what goes over", most=2)
    keys.press("Enter")
    expect(page.get_by_role("button", name="Hand over to Omar Okafor")).to_be_enabled()
    keys.reach("Hand over to Omar", most=4)  # the focus stayed where one chose
    keys.act("Enter", "Omar Okafor is Physician now")


def _close(keys: Keyboard) -> None:
    page = keys.page
    keys.press("x")
    keys.here()
    page.keyboard.type("Goals reached")
    keys.press("Tab")
    page.keyboard.type("Walks alone again.")
    keys.reach("Close the case")
    keys.act("Enter", "The case is closed.")
    expect(page.get_by_text("Closed as “Goals reached”.")).to_be_visible()
    keys.here()


def _open(keys: Keyboard, task: str) -> None:
    """From the case's page: walk to the task and open it; take it when nobody has it."""
    expect(keys.page.get_by_label("Open tasks")).to_be_visible()
    keys.reach(task, key="k" if _offer(keys.page) else "j", most=30)
    keys.press("Enter")
    expect(keys.page.locator("#task h1")).to_contain_text(task)
    if keys.page.get_by_role("button", name="Take it").count():
        keys.act("c", f"“{task}” is yours now.")


def _offer(page: Page) -> str:
    """The name of the offer that has the focus."""
    found = page.evaluate("document.activeElement?.closest('.offer')?.querySelector('b')?.innerText ?? ''")
    return str(found)


def _to_offer(keys: Keyboard, name: str, key: str = "j") -> None:
    for _ in range(20):
        keys.here()
        if _offer(keys.page) == name:
            return
        keys.press(key)
    raise AssertionError(f"{key} does not lead to {name}")
