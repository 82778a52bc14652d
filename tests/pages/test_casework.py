"""What is done to a case as a whole, through its page: hold, close, reopen, go back, tasks and cases added by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.execution.running import running
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, User
from service.operations import cases, children, deployments, tasks
from tests.jobs_by_hand import do_jobs
from tests.operations.care_life import FRAGMENT, PROJECT
from tests.operations.family import CLAIM, customer, finish
from tests.operations.test_children import latest
from tests.pages.conftest import Visitor

Visit = Callable[[Actor | None], Visitor]
Person = Callable[..., Actor]
#: what is looked at, and the key that opens it
DIALOGS = {"": "", "hold": "h", "close": "x", "back": "b", "task": "t", "open": "f", "part": "p"}


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    """A clerk; the case types project, claim and visit are deployed."""
    deployments.deploy({"claim.bpmn": CLAIM, "project.bpmn": PROJECT, "visit.bpmn": FRAGMENT}, by=SYSTEM)
    db.session.commit()
    return person("ann", "clerks")


@pytest.fixture
def project(ann: Actor) -> Case:
    """Ann's project, planned: Work and a child case are open."""
    case = cases.start(latest("project"), by=ann, submitted={"item": "the bridge"})
    db.session.commit()
    done(case, ann, "Plan")
    return case


def done(case: Case, by: Actor, element_id: str) -> None:
    finish(open_task(case, element_id), by)
    db.session.commit()
    do_jobs()


def open_task(case: Case, element_id: str) -> HumanTask:
    wanted = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    return db.session.scalars(wanted.where(HumanTask.element_id == element_id)).one()


def now(case: Case) -> CaseState:
    """The case's state, read again."""
    db.session.rollback()
    do_jobs()
    db.session.expire_all()
    return case.state


def child_of(case: Case) -> Case:
    return db.session.scalars(sa.select(Case).where(Case.parent_id == case.id).order_by(Case.id)).all()[-1]


def test_a_case_is_put_on_hold_and_goes_on(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"
    page = browser.get(path).text
    assert 'data-dialog="hold"' in page and "Resume" not in page
    assert browser.post(f"{path}/hold", {"reason": " "}).status_code == 400
    assert browser.post(f"{path}/hold", {"reason": "Later", "until": "soon"}).status_code == 400

    browser.post(f"{path}/hold", {"reason": "Waiting for the court", "until": "2099-01-02T10:00"})

    assert now(project) is CaseState.SUSPENDED
    page = browser.get(path).text
    assert "<b>On hold</b> since" in page and "Waiting for the court" in page and "2 Jan 2099" in page
    assert "Resume" in page and 'data-dialog="hold"' not in page and 'data-dialog="add-task"' not in page
    assert "put the case on hold" in page and "until 2 Jan 2099" in page

    browser.post(f"{path}/resume")

    assert now(project) is CaseState.ACTIVE
    page = browser.get(path).text
    assert "let the case go on" in page and "<b>On hold</b> since" not in page


def test_a_case_is_closed_with_an_outcome_and_opened_again(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path, child = visit(ann), f"/cases/{project.number}", child_of(project)
    page = browser.get(path).text
    assert "<b>The case cannot be closed yet.</b> 1 thing has to be done before." in page
    assert f'href="/cases/{child.number}"' in page.split('id="close"')[1].split("</dialog>")[0]
    assert browser.post(f"{path}/close", {"outcome": "won"}).status_code == 409
    done(child, ann, "Settle")

    browser.post(f"{path}/close", {"outcome": "won", "summary": "The bridge stands."})

    assert now(project) is CaseState.COMPLETED
    page = browser.get(path).text
    assert "<b>Closed as “Won”.</b>" in page and "closed the case as <b>Won</b>" in page
    assert 'data-dialog="reopen"' in page and 'data-dialog="close"' not in page

    browser.post(f"{path}/reopen", {"reason": "It shakes.", "element": "Plan"})

    assert now(project) is CaseState.ACTIVE
    page = browser.get(path).text
    assert "opened the case again at <b>Make a plan</b>" in page and "It shakes." in page
    assert open_task(project, "Plan").state == "ready"


def test_going_back_says_before_what_it_cancels(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path, child = visit(ann), f"/cases/{project.number}", child_of(project)
    page = browser.get(path).text
    choice = page.split('value="Plan"')[1].split("</label>")[0]
    assert "Make a plan" in choice and "Cancels" in choice and "Work" in choice
    assert "Planned <span" in page and "reached" in page

    browser.post(f"{path}/go-back", {"element": "Plan", "reason": "The plan was wrong."})

    assert now(project) is CaseState.ACTIVE
    page = browser.get(path).text
    assert "went back to <b>Make a plan</b>" in page and "cancelled: " in page and "The plan was wrong." in page
    assert open_task(project, "Plan")
    assert child.number in choice or child.state is CaseState.ACTIVE


def test_a_task_nobody_drew_is_added_for_a_group(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"
    page = browser.get(path).text
    assert 'data-dialog="add-task"' in page
    assert browser.post(f"{path}/tasks", {"name": "Call"}).status_code == 400
    assert browser.post(f"{path}/tasks", {"name": "Call", "to": "nobody-known"}).status_code == 400

    answer = browser.post(
        f"{path}/tasks",
        {
            "name": "Call the mayor",
            "description": "Ask about the lamp.",
            "group": "clerks",
            "due_at": "2099-01-02T10:00",
            "checklist": "Number\n\nTime\n",
        },
    )

    page = browser.get(answer.location).text
    assert "“Call the mayor” is added." in page and "added the task <b>Call the mayor</b>" in page
    db.session.rollback()
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.name == "Call the mayor")).one()
    assert [item["text"] for item in task.checklist or ()] == ["Number", "Time"]
    browser.post(f"/tasks/{task.id}/claim")
    assert "took <b>Call the mayor</b>" in browser.get(path).text
    assert "Ask about the lamp." in browser.get(f"/tasks/{task.id}").text
    assert browser.post(f"/tasks/{task.id}/checklist", {"done": "7"}).status_code == 400
    assert browser.post(f"/tasks/{task.id}/checklist", {"done": "x"}).status_code == 400
    saved = browser.get(browser.post(f"/tasks/{task.id}/checklist", {"done": "1"}).location).text
    assert 'value="1" checked' in saved and 'value="0" checked' not in saved
    assert "ticked items of <b>Call the mayor</b>" in browser.get(path).text


def test_the_family_shows_what_is_below_and_above(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path, child = visit(ann), f"/cases/{project.number}", child_of(project)
    open_task(child, "Settle").due_at = utcnow() - timedelta(days=1)
    db.session.commit()

    page = browser.get(path).text
    below = page.split("Cases below this one")[1].split("</ul>")[0]
    assert f"/cases/{child.number}" in below and "1 open task" in below and "1 late task" in below
    assert "has to end first" in below
    assert f"/cases/{project.number}" in browser.get(f"/cases/{child.number}").text.split("<h1>")[0]


def test_a_case_is_opened_under_another_by_hand(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"
    assert f"{path}/children/new/claim" in browser.get(path).text
    form = browser.get(f"{path}/children/new/claim?blocking=1").text
    assert f"{project.number} waits for it: it is not closed before" in form

    answer = browser.send(f"{path}/children/new/claim?blocking=1", {"item": "the lamp"})

    child = child_of(project)
    assert answer.json and answer.json["location"] == f"/cases/{child.number}"
    assert child.blocking and child.title == "claim the lamp"
    assert f'opened the case <a href="/cases/{child.number}"><b>{child.number}</b></a>' in browser.get(path).text


def test_a_kept_child_goes_on_without_its_call_and_its_parent_ends_after_it(ann: Actor, visit: Visit) -> None:
    timer = (
        '<boundaryEvent id="Late" attachedToRef="Claim"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        "</timerEventDefinition></boundaryEvent>"
    )
    drawn = customer('case:onParentCancel="keep"', "", timer, "Late End")
    deployments.deploy({"customer.bpmn": drawn, "claim.bpmn": CLAIM}, by=SYSTEM)
    file, other = (cases.start(latest("customer"), by=ann, submitted={"what": what}) for what in ("roof", "car"))
    db.session.commit()
    do_jobs()
    browser, kept = visit(ann), child_of(file)
    assert f"<p>{kept.number} goes on without it.</p>" in browser.get(f"/cases/{file.number}").text

    with running(file.id, by=SYSTEM) as workflow:  # the call comes to its end, the child does not
        workflow.now = utcnow() + timedelta(hours=2)
        workflow.fire(workflow.open_work().timers[0].timer_id)
    db.session.commit()
    assert (now(file), now(kept)) == (CaseState.ACTIVE, CaseState.ACTIVE)
    page = browser.get(f"/cases/{file.number}").text
    assert f"The case ends as soon as {kept.number} has ended." in page and "has to end first" in page
    done(kept, ann, "Settle")
    browser.post(f"/cases/{other.number}/cancel", {"reason": "Moved away"})

    assert now(file) is CaseState.COMPLETED
    assert (now(other), now(child_of(other))) == (CaseState.TERMINATED, CaseState.ACTIVE)  # alone from now on


def test_a_part_is_added_from_the_library(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"
    assert 'data-dialog="add-part"' in browser.get(path).text

    browser.post(f"{path}/fragments", {"process": "visit", "reason": "To see the bridge"})

    page = browser.get(path).text
    assert f'added the part <a href="/cases/{project.number}.1"><b>{project.number}.1</b></a>' in page
    assert "To see the bridge" in page


def test_what_one_may_not_do_is_not_offered_and_refused(project: Case, visit: Visit, person: Person) -> None:
    path, ben, zoe = f"/cases/{project.number}", visit(person("ben", "clerks")), visit(person("zoe"))
    page = ben.get(path).text

    for name in ("hold", "close", "go-back"):
        assert f'data-dialog="{name}"' not in page
    assert 'data-dialog="add-task"' in page
    for name in ("hold", "resume", "close", "reopen", "go-back"):
        assert ben.post(f"{path}/{name}", {"reason": "x", "element": "Plan"}).status_code == 403
        assert zoe.post(f"{path}/{name}", {"reason": "x", "element": "Plan"}).status_code == 404
    for name in ("tasks", "fragments", "children/new/claim"):
        assert zoe.post(f"{path}/{name}", {"name": "x", "group": "clerks", "process": "visit"}).status_code == 404
    assert now(project) is CaseState.ACTIVE


def furnish(project: Case, ann: Actor) -> None:
    """A claim that somebody opened by hand, a late one, a part, an added task."""
    kin = children.open_child(project, latest("claim"), by=ann, submitted={"item": "the lamp"}, blocking=True)
    children.open_child(kin, latest("claim"), by=ann, submitted={"item": "its bulb"})
    db.session.commit()
    kin.due_at = utcnow() - timedelta(days=2)
    db.session.commit()
    children.insert(project, latest("visit"), by=ann, reason="To see the bridge")
    tasks.add(project, by=ann, name="Call the mayor", to=db.session.get_one(User, ann.id), checklist=["Number"])
    db.session.commit()
    do_jobs()
    db.session.rollback()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_case_work_is_accessible_and_worth_looking_at(
    project: Case,
    ann: Actor,
    visit: Visit,
    browse: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    furnish(project, ann)
    number = project.number
    db.session.rollback()  # on SQLite our own open transaction would hold up the page's
    page, look = browse(ann, width=width, height=900, dark=dark), f"{width}{'-dark' if dark else ''}"
    wrong: dict[str, list[str]] = {}
    for name, key in DIALOGS.items():
        page.goto(f"/cases/{number}")
        if key:
            page.locator("body").press(key)
            expect(page.get_by_role("dialog")).to_be_visible()
        found = axe(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("wider than the screen")
        wrong |= {name or "page": found} if found else {}
        screenshot(page, f"casework{'-' if name else ''}{name}-{look}")
    visit(ann).post(f"/cases/{number}/hold", {"reason": "Waiting for the court"})
    page.goto(f"/cases/{number}")
    wrong |= {"on hold": found} if (found := axe(page)) else {}
    screenshot(page, f"casework-held-{look}")
    page.locator("body").press("h")
    expect(page.get_by_text("The case goes on.")).to_be_visible()
    page.get_by_role("link", name="Call the mayor").click()
    expect(page.get_by_role("checkbox", name="Number")).to_be_visible()
    wrong |= {"added task": found} if (found := axe(page)) else {}
    screenshot(page, f"casework-added-{look}")

    assert wrong == {}
