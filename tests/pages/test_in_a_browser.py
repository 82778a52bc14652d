"""The pages in a real browser: looked at, checked with axe, and worked with by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, Route, expect

from service.db import db, new_id
from service.http import batches as working
from service.models import (
    SYSTEM,
    Actor,
    BatchAction,
    Case,
    DecisionDefinition,
    FormDefinition,
    ProcessDefinition,
    TaskState,
    User,
)
from service.operations import batches, calendars, deployments, rehearsals, tasks
from service.policy.credentials import hash_password
from service.queries import definitions
from tests.browser import NewPage
from tests.pages.conftest import CLAIM, FINDING, Office, claim_files
from tests.pages.scenes import furnish

Browse = Callable[..., Page]
PASSWORD = "correct horse battery"
REFUSED = {"not-found": 404, "forbidden": 403}  #: pages that tell so
#: Keys that two things of the page have which can be seen: only the first would be heard.
TWICE = """() => {
  const seen = [...document.querySelectorAll('[data-key]')].filter((each) => each.checkVisibility());
  const keys = seen.map((each) => each.dataset.key);
  return keys.filter((key, place) => keys.indexOf(key) !== place);
}"""
WIDER = "document.documentElement.scrollWidth > innerWidth"


def _tried(office: Office, acts: list[Any]) -> UUID:
    """A rehearsal of an insurance claim."""
    found = rehearsals.begin(definitions.latest(ProcessDefinition, "insurance-claim"), by=office.ada)
    for act in acts:
        rehearsals.act(found, act, by=office.ada)
    db.session.commit()
    return found.id


def visits(office: Office, case: Case) -> list[tuple[str, Actor, str]]:
    """Every page: its picture's name, who looks at it, and its address."""
    form = db.session.query(FormDefinition).filter_by(key="claim-intake").one()
    decision = db.session.query(DecisionDefinition).one()
    task = office.task(case)
    batch = new_id()
    batches.begin(batch, [task.id, new_id()], batches.Wanted(BatchAction.PRIORITY, priority=70), by=office.mia)
    working.work(batch, by=office.mia, seconds=9)
    hours = {day: ["09:00-12:00", "13:00-17:00"] for day in calendars.WEEKDAYS[:5]}
    calendars.put("munich", calendars.Said("Munich", "Europe/Berlin", hours, "DE", "BY"), by=SYSTEM)
    db.session.commit()
    found = [
        ("my-tasks", office.ben, "/tasks"),
        ("no-tasks", office.mia, "/tasks"),
        ("team-queue", office.ben, "/tasks/team"),
        ("workload", office.mia, "/workload"),
        ("workload-of-ben", office.ada, "/workload/ben"),
        ("batch", office.mia, f"/tasks/batches/{batch}"),
        ("rehearsal-to-start", office.ada, f"/rehearsals/{_tried(office, [])}"),
        ("rehearsal", office.ada, f"/rehearsals/{_tried(office, [{'start': '', 'as': 'Anna', 'with': CLAIM}])}"),
        ("task", office.ben, f"/tasks/{task.id}?view=mine"),
        ("links-of-a-task", office.ben, f"/tasks/{task.id}/links"),
        ("board", office.mia, "/board/insurance-claim"),
        ("board-by-person", office.mia, "/board/insurance-claim?by=person"),
        ("second-factor", office.ben, "/profile/second-factor"),
        ("cases", office.mia, "/cases"),
        ("arranging", office.mia, "/lists/cases/arrange?type=insurance-claim"),
        ("case", office.mia, f"/cases/{case.number}"),
        ("service-levels", office.mia, f"/cases/{case.number}/service-levels"),
        ("case-stuck", office.mia, f"/cases/{case.number[:-1]}6"),
        ("case-cancelled", office.mia, f"/cases/{case.number[:-1]}7"),
        ("case-standing", office.mia, f"/cases/{case.number}/standing"),
        ("case-data", office.mia, f"/cases/{case.number}/data"),
        ("no-cases", office.ann, "/cases?q=xyzzy"),
        ("new-case", office.ann, "/cases/new"),
        ("start-form", office.ann, "/cases/new/insurance-claim"),
        ("case-types", office.ann, "/case-types"),
        ("case-type", office.ann, "/case-types/insurance-claim"),
        ("form", office.ann, f"/forms/{form.id}"),
        ("decision", office.ann, f"/decisions/{decision.id}"),
        ("deployments", office.ada, "/deployments"),
        ("drafts", office.ada, "/designs"),
        ("incidents", office.ada, "/incidents"),
        ("api-tokens", office.ada, "/api-tokens"),
        ("people", office.ada, "/people"),
        ("nobody", office.ada, "/people?some=locked"),
        ("person", office.ada, "/people/ben"),
        ("let-in", office.ada, "/accounts/new"),
        ("groups", office.ada, "/groups"),
        ("group", office.ada, "/groups/claims-intake"),
        ("away", office.ben, "/away"),
        ("calendar", office.ben, "/calendar"),
        ("agenda", office.ben, "/calendar?view=agenda"),
        ("week", office.ben, "/calendar?view=week"),
        ("reminders", office.ben, "/reminders"),
        ("news", office.ben, "/news"),
        ("what-is-told", office.ben, "/profile/notifications"),
        ("calendars", office.ada, "/calendars"),
        ("calendar", office.ada, "/calendars/munich?since=2026-05-13T16:00&duration=P2D"),
        ("calendar-edited", office.ada, "/calendars/munich/edit"),
        ("audit", office.ada, "/audit"),
        ("profile", office.ada, "/profile"),
        ("about", office.ann, "/about"),
        ("help", office.ann, "/help"),
        ("help-found", office.ann, "/help?q=hold+case"),
        ("help-not-found", office.ann, "/help?q=xyzzy"),
        ("help-with-code", office.ann, "/help/ten-minutes"),
        ("help-with-table", office.ann, "/help/diagram"),
        ("not-found", office.ann, "/cases/CLM-0000-00000"),
        ("forbidden", office.ann, "/incidents"),
    ]
    db.session.rollback()
    return found


def settle(page: Page) -> None:
    """Wait until every form and diagram that can be seen is there."""
    for host in page.locator("[data-form], [data-diagram]").all():
        if host.is_visible():
            expect(host).to_have_attribute("data-ready", "")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_every_page_is_accessible_and_worth_looking_at(
    office: Office,
    browse: Browse,
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    case = furnish(office)
    seen, wrong, browsers = visits(office, case), {}, {}

    for name, actor, path in seen:
        if actor.id not in browsers:
            browsers[actor.id] = browse(actor, width=width, height=900, dark=dark)
        page = browsers[actor.id]
        answer = page.goto(path)
        settle(page)
        violations = axe(page)
        if answer is None or answer.status != REFUSED.get(name, 200):
            violations.append(f"answered {answer and answer.status}")
        if page.evaluate(WIDER):
            violations.append("wider than the screen")
        if twice := page.evaluate(TWICE):
            violations.append(f"keys of two things: {twice}")
        if violations:
            wrong[name] = violations
        screenshot(page, f"{name}-{width}{'-dark' if dark else ''}")

    assert wrong == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_sign_in_page_is_accessible(
    office: Office,
    address: str,
    new_page: NewPage,
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    page = new_page(address, width=width, dark=dark)
    page.goto("/cases")

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert axe(page) == []
    screenshot(page, f"sign-in-{width}{'-dark' if dark else ''}")


def test_a_whole_task_is_done_without_touching_the_mouse(office: Office, address: str, new_page: NewPage) -> None:
    db.session.get_one(User, office.ben.id).password_hash = hash_password(PASSWORD)
    db.session.commit()
    for name in ("Grace Hopper", "Ada Lovelace", "Alan Turing"):
        office.open_claim(claimant=name)
    db.session.rollback()
    page = new_page(address)

    page.goto("/")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ben")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    page.keyboard.type("gq")
    expect(page.get_by_role("heading", name="Team queue")).to_be_visible()
    page.wait_for_load_state()  # the heading is there before the scripts that know the keys
    for key in "jjk":
        page.keyboard.press(key)
    expect(page.locator("[data-row]:focus")).to_contain_text("Ada Lovelace")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row][aria-current=true]")).to_contain_text("Ada Lovelace")
    expect(page).to_have_url(re.compile(r"/tasks/[0-9a-f-]{36}\?view=team"))
    page.keyboard.press("c")
    expect(page.get_by_text("is yours now")).to_be_visible()
    settle(page)
    page.get_by_label("Reject").press("Space")
    page.get_by_label("Reasons for the finding").press_sequentially("The damage is older than the policy.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("“Assess the claim” is done.")).to_be_visible()
    case = db.session.query(Case).filter_by(title="Ada Lovelace · water").one()
    assert case.variables["finding"] == "reject"
    assert case.variables["assessorNote"] == "The damage is older than the policy."


def test_back_and_forward_show_the_tasks_that_were_open(office: Office, browse: Browse) -> None:
    for name in ("Grace Hopper", "Ada Lovelace"):
        office.open_claim(claimant=name)
    page = browse(office.ben)
    page.goto("/tasks/team")

    page.get_by_role("link", name="Ada Lovelace").click()
    heading = page.locator("#task .eyebrow")
    expect(heading).to_contain_text("Ada Lovelace")
    page.go_back()
    expect(heading).to_contain_text("Grace Hopper")
    page.go_forward()
    expect(heading).to_contain_text("Ada Lovelace")
    expect(page).to_have_title("Assess the claim · Team queue · Casewright")


def test_on_a_phone_the_list_makes_room_for_the_task_and_back(office: Office, browse: Browse) -> None:
    office.open_claim()
    page = browse(office.ben, width=400, height=800)
    page.goto("/tasks/team")
    expect(page.locator("#task")).to_be_hidden()

    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.get_by_role("button", name="Take it").first).to_be_visible()
    expect(page.locator("#rows")).to_be_hidden()
    page.get_by_role("link", name="Back").click()

    expect(page.locator("#rows")).to_be_visible()


def test_what_the_server_refuses_is_shown_at_the_field(office: Office, browse: Browse) -> None:
    task = office.task(office.open_claim())
    tasks.claim(task, by=office.ben)
    db.session.commit()
    page = browse(office.ben)

    def forged(route: Route) -> None:
        route.continue_(post_data=json.dumps({"data": {"finding": "reject", "assessorNote": "no"}}))

    page.route("**/complete", forged)
    page.goto(f"/tasks/{task.id}")
    db.session.rollback()  # on SQLite our own open transaction would hold up the page's
    settle(page)
    page.get_by_label("Reject").check()
    page.get_by_label("Reasons for the finding").fill("A long enough reason.")
    page.get_by_role("button", name="Complete").first.click()

    expect(page.locator("[data-problem]")).to_have_text("One answer needs another look: Reasons for the finding.")
    expect(page.locator(".fjs-form-field-error")).to_contain_text("minimum length of 5")
    expect(page.get_by_label("Reasons for the finding")).to_have_value("A long enough reason.")


def test_a_task_done_by_somebody_else_meanwhile_loses_nothing_typed(office: Office, browse: Browse) -> None:
    task = office.task(office.open_claim())
    tasks.claim(task, by=office.ben)
    db.session.commit()
    page = browse(office.ben)
    page.goto(f"/tasks/{task.id}")
    settle(page)
    page.get_by_label("Reject").check()
    page.get_by_label("Reasons for the finding").fill("A long enough reason.")

    tasks.complete(task, by=office.ben, submitted=FINDING)
    db.session.commit()
    page.keyboard.press("Control+Enter")

    expect(page.locator("[data-problem]")).to_contain_text("This task is completed.")
    expect(page.get_by_label("Reasons for the finding")).to_have_value("A long enough reason.")


def test_a_form_that_was_changed_meanwhile_is_drawn_anew_and_keeps_what_was_typed(
    office: Office, browse: Browse
) -> None:
    page = browse(office.ann)
    page.goto("/cases/new/insurance-claim")
    settle(page)
    page.get_by_label("Name").fill("Ada Lovelace")
    field = b'{"type": "textfield", "id": "Field_Broker", "key": "broker", "label": "Broker"},'
    changed = claim_files()["claim-intake.form"].replace(b'"components": [', b'"components": [' + field, 1)
    deployments.deploy({"claim-intake.form": changed}, by=SYSTEM)
    db.session.commit()
    fill_in_the_rest(page)

    page.keyboard.press("Control+Enter")
    page.get_by_label("Broker").fill("Byron")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    assert db.session.query(Case).one().variables["broker"] == "Byron"


def test_new_work_appears_in_the_list_by_itself(office: Office, browse: Browse) -> None:
    page = browse(office.ben)
    page.clock.install()
    page.goto("/tasks/team")
    expect(page.get_by_text("The queue is empty")).to_be_visible()

    office.open_claim()
    page.clock.fast_forward(21_000)

    expect(page.get_by_role("link", name="Ada Lovelace")).to_be_visible()


def report_a_broken_window(page: Page) -> None:
    """Fill in the form that opens a claim."""
    page.goto("/cases/new/insurance-claim")
    settle(page)
    page.get_by_label("Name").fill("Ada Lovelace")
    fill_in_the_rest(page)


def fill_in_the_rest(page: Page) -> None:
    """All but the name."""
    page.get_by_label("Policy number").fill("HH-204517")
    page.get_by_label("In force on the date of the loss").check()
    page.locator(".fjs-form-field-select .fjs-input-group").click()
    page.locator(".fjs-dropdownlist-item", has_text="Glass").click()
    page.get_by_label("Estimated amount").fill("310")
    page.get_by_label("Date of loss").fill("10/11/2026")
    page.get_by_label("Reported on").fill("20/11/2026")
    page.get_by_label("What happened").fill("A stone broke the window of the living room.")
    page.locator("input[id*=Field_Item]").fill("Window")
    page.locator("input[id*=Field_Claimed]").fill("310")


def open_and_leave_the_calendar(page: Page) -> None:
    """A calendar opens when asked for, and goes with Escape, with typing and with the focus; what was typed stays."""
    day, calendar = page.get_by_label("Date of loss"), page.locator(".flatpickr-calendar.open")
    day.click()
    expect(calendar).to_have_count(1)
    for key, focused in (("Escape", day), ("ArrowDown", page.get_by_label("November 10, 2026").first), ("Escape", day)):
        page.keyboard.press(key)
        expect(focused).to_be_focused()
        expect(calendar).to_have_count(1 if key == "ArrowDown" else 0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Reported on")).to_be_focused()
    expect(calendar).to_have_count(0)
    day.fill("12/11/2026")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("November 12, 2026").first).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(day).to_have_value("11/11/2026")
    expect(calendar).to_have_count(0)


def test_a_case_is_opened_and_ended_with_its_dialog(office: Office, browse: Browse) -> None:
    page = browse(office.ann)
    report_a_broken_window(page)
    open_and_leave_the_calendar(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("is open.")).to_be_visible()
    for key, opener in (("e", "Change"), ("h", "Hold"), ("t", "Add a task"), ("l", "Link")):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name=opener).first).to_be_focused()
    page.reload()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_label("Why").fill("Opened by mistake")
    page.get_by_role("button", name="Cancel the case").click()

    expect(page.get_by_text("The case is cancelled.")).to_be_visible()
    case = db.session.query(Case).one()
    assert (case.reason, case.variables["dateOfLoss"]) == ("Opened by mistake", "2026-11-11")


@pytest.mark.parametrize("send", ["key", "click"])
def test_a_date_that_is_corrected_last_is_the_one_that_is_sent(office: Office, browse: Browse, send: str) -> None:
    page = browse(office.ann)
    report_a_broken_window(page)

    page.get_by_label("Date of loss").fill("09/11/2026")
    if send == "key":
        page.keyboard.press("Control+Enter")
    else:
        page.locator("[data-send]").first.evaluate("(button) => { document.activeElement.blur(); button.click(); }")

    expect(page.get_by_text("is open.")).to_be_visible()
    assert db.session.query(Case).one().variables["dateOfLoss"] == "2026-11-09"


def test_the_diagram_shows_where_the_case_stands(office: Office, browse: Browse) -> None:
    case = office.open_claim()
    page = browse(office.mia)
    page.goto(f"/cases/{case.number}")
    settle(page)

    expect(page.locator("[data-element-id=Task_Assess].is-active")).to_have_count(1)
    expect(page.locator("[data-element-id=Task_CheckCover].is-done")).to_have_count(1)
    page.get_by_text("The steps as a list").click()
    expect(page.get_by_role("listitem").filter(has_text="Assess the claim Task, now here")).to_be_visible()


def test_times_are_told_in_the_readers_zone(office: Office, browse: Browse) -> None:
    case = office.open_claim()
    page = browse(office.mia)
    page.goto(f"/cases/{case.number}")

    expect(page.locator(".timeline time").first).to_have_text("just now")
    title = page.locator(".timeline time").first.get_attribute("title")

    assert title is not None and re.fullmatch(r"\d{1,2} \w{3,4} \d{4}, \d\d:\d\d", title)
    assert office.task(case).state is TaskState.READY
