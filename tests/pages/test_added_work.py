"""Work that nobody drew, and what a task's page says: with a form, withdrawn, on hold; parts are no case types."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor, Case, HumanTask, TaskState, User
from service.operations import deployments, tasks
from tests.operations.family import diagram
from tests.pages.conftest import ROOT, Office, Visitor
from tests.pages.test_casework import ann, latest, project  # noqa: F401

# ruff: noqa: F811  the fixtures of another file
Visit = Callable[[Actor | None], Visitor]
Person = Callable[..., Actor]
PART = diagram(
    "part",
    "PAR",
    '<userTask id="Visit" name="Visit" case:candidateGroups="clerks"/>',
    "Begin Visit End",
    attributes='case:insertable="true"',
)


def added(case: Case, ann: Actor) -> HumanTask:
    """A task that Ann added for herself."""
    task = tasks.add(case, by=ann, name="Call the mayor", to=db.session.get_one(User, ann.id))
    db.session.commit()
    return task


def test_a_task_is_added_with_a_form(project: Case, ann: Actor, visit: Visit) -> None:
    deployments.deploy({"claim-intake.form": (ROOT / "forms" / "claim-intake.form").read_bytes()}, by=SYSTEM)
    db.session.commit()
    browser, path = visit(ann), f"/cases/{project.number}"
    assert '<option value="claim-intake">Claim intake</option>' in browser.get(path).text

    browser.post(f"{path}/tasks", {"name": "Ask them", "to": "ann", "form": "claim-intake"})

    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.name == "Ask them")).one()
    assert "data-schema" in browser.get(f"/tasks/{task.id}").text
    assert browser.post(f"{path}/tasks", {"name": "x", "to": "ann", "form": "no-such"}).status_code == 404


def test_an_added_task_is_withdrawn_with_a_reason_and_a_drawn_one_is_not(
    project: Case, ann: Actor, visit: Visit, person: Person
) -> None:
    task, browser = added(project, ann), visit(ann)
    address = f"/tasks/{task.id}"
    drawn = db.session.scalars(sa.select(HumanTask).where(HumanTask.element_id == "Work")).one().id
    assert 'data-dialog="withdraw"' in browser.get(address).text
    assert 'data-dialog="withdraw"' not in browser.get(f"/tasks/{drawn}").text
    assert browser.post(f"{address}/withdraw", {"reason": " "}).status_code == 400
    assert visit(person("ben", "clerks")).post(f"{address}/withdraw", {"reason": "x"}).status_code == 403
    assert visit(person("zoe")).post(f"{address}/withdraw", {"reason": "x"}).status_code == 404

    answer = browser.post(f"{address}/withdraw", {"reason": "He called us"})

    assert answer.location == f"/cases/{project.number}"
    db.session.rollback()
    assert db.session.get_one(HumanTask, task.id).state is TaskState.CANCELLED
    page = browser.get(answer.location).text
    assert "withdrew <b>Call the mayor</b>" in page and "He called us" in page
    assert browser.post(f"/tasks/{drawn}/withdraw", {"reason": "x"}).status_code == 409


def test_the_task_of_a_case_on_hold_says_so_and_offers_nothing(project: Case, ann: Actor, visit: Visit) -> None:
    task, browser = added(project, ann), visit(ann)
    browser.post(f"/cases/{project.number}/hold", {"reason": "Waiting for the court", "until": "2099-01-02T10:00"})

    page = browser.get(f"/tasks/{task.id}").text

    assert "<b>The case is on hold</b> since" in page and "2 Jan 2099" in page and "Waiting for the court" in page
    assert "/complete" not in page and "This goes on with the case." in page and "is working on this" not in page


def test_a_plan_fragment_is_offered_inside_cases_only(project: Case, ann: Actor, visit: Visit) -> None:
    deployments.deploy({"part.bpmn": PART}, by=SYSTEM)
    db.session.commit()
    browser, path = visit(ann), f"/cases/{project.number}"
    assert '<option value="part">part</option>' in browser.get(path).text
    browser.post(f"{path}/fragments", {"process": "part"})

    assert "/cases/new/part" not in browser.get("/cases/new").text
    assert "/children/new/part" not in browser.get(path).text
    listed = browser.get("/cases?state=all").text
    assert f"{project.number}.1" not in listed and project.number in listed
    assert '<option value="part"' not in listed
    assert f"/cases/{project.number}.1" in browser.get(path).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_task_is_added_and_withdrawn_by_keyboard(project: Case, ann: Actor, browse: Callable[..., Page]) -> None:
    number = project.number
    db.session.rollback()
    page = browse(ann)
    page.goto(f"/cases/{number}")

    page.keyboard.press("t")
    page.keyboard.type("Call the mayor")
    page.get_by_label("Who does it").focus()
    page.keyboard.type("Ann")
    page.get_by_role("button", name="Add the task").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Call the mayor” is added.")).to_be_visible()
    page.get_by_role("link", name="Call the mayor").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Withdraw").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Not needed")
    page.get_by_role("button", name="Withdraw it").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("“Call the mayor” is withdrawn.")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_only_read_in_a_form_is_written_for_people(office: Office, browse: Callable[..., Page]) -> None:
    case = office.open_claim(estimatedAmount=12000, damagedItems=[{"item": "Floor", "claimed": 9000}])
    task = office.task(case)
    tasks.claim(task, by=office.ben)
    address = f"/tasks/{task.id}"
    db.session.commit()
    page = browse(office.ben)

    page.goto(address)

    form = page.locator("[data-form]")
    expect(form).to_have_attribute("data-ready", "")
    expect(form).to_contain_text("10 Nov 2026, reported 20 Nov 2026, estimated at € 12,000")
    expect(form.locator("td").nth(1)).to_have_text("9,000")
    expect(form.get_by_role("radiogroup", name="Finding")).to_be_visible()
    assert page.evaluate("document.querySelector('[data-form]').form._getState().data.dateOfLoss") in (
        None,
        "2026-11-10",
    )
