"""Ad hoc work through the case's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor, Case, HumanTask, ProcessDefinition
from service.operations import cases, deployments
from service.queries import definitions
from tests.pages.conftest import Visitor

CARE = (Path(__file__).parents[1] / "operations" / "care.bpmn").read_bytes()
Visit = Callable[[Actor | None], Visitor]


@pytest.fixture
def nia(app: Flask, person: Callable[..., Actor]) -> Actor:
    """A nurse who opened a care plan, and so owns it."""
    deployments.deploy({"care.bpmn": CARE}, by=SYSTEM)
    db.session.commit()
    return person("nia", "nurses")


@pytest.fixture
def plan(nia: Actor) -> Case:
    """Nia's patient, in treatment; the patient agrees to surgery."""
    definition = definitions.latest(ProcessDefinition, "care")
    case = cases.start(definition, by=nia, submitted={"patient": "Ada", "consent": True})
    db.session.commit()
    return case


def offer(page: str, name: str) -> dict[str, str]:
    """The hidden fields of the form that starts `name`."""
    part = page.split(f"<b>{name}</b>")[1].split("</li>")[0]
    return dict(re.findall(r'name="(activity|element)" value="([^"]*)"', part))


def open_tasks(case: Case) -> list[str]:
    """The names of the case's open tasks."""
    db.session.rollback()
    rows = db.session.query(HumanTask).filter_by(case_id=case.id, closed_at=None).order_by(HumanTask.id)
    return [task.name for task in rows]


def test_what_can_be_added_is_offered_and_started(plan: Case, nia: Actor, visit: Visit) -> None:
    browser = visit(nia)
    page = browser.get(f"/cases/{plan.number}").text
    assert "Therapy: what can be added" in page and "Tell the patient how it went." in page

    answer = browser.post(f"/cases/{plan.number}/activate", offer(page, "Blood test"))

    page = browser.get(answer.location).text
    assert "“Blood test” is started." in page and "<b>You</b> started <b>Blood test</b>" in page
    assert open_tasks(plan) == ["Blood test"]
    assert "1 open" in page


def test_an_event_that_nothing_leads_to_is_offered_and_started(nia: Actor, visit: Visit) -> None:
    event = b'<bpmn:intermediateThrowEvent id="Told" name="Tell the office"/></bpmn:adHoc'
    deployments.deploy({"care.bpmn": CARE.replace(b"</bpmn:adHoc", event)}, by=SYSTEM)
    case = cases.start(definitions.latest(ProcessDefinition, "care"), by=nia, submitted={"patient": "Ada"})
    db.session.commit()
    browser = visit(nia)

    answer = browser.post(
        f"/cases/{case.number}/activate", offer(browser.get(f"/cases/{case.number}").text, "Tell the office")
    )

    page = browser.get(answer.location).text
    assert "“Tell the office” is started." in page and "<b>You</b> started <b>Tell the office</b>" in page


def test_what_cannot_be_added_says_why(nia: Actor, visit: Visit) -> None:
    definition = definitions.latest(ProcessDefinition, "care")
    case = cases.start(definition, by=nia, submitted={"patient": "Ada"})
    db.session.commit()

    page = visit(nia).get(f"/cases/{case.number}").text

    assert "Needs the patient&#39;s consent." in page
    assert offer(page, "Surgery") == {}
    assert "needed" in page


def test_a_reason_is_asked_for_and_told(plan: Case, nia: Actor, browse: Callable[..., Page]) -> None:
    page = browse(nia)
    page.goto(f"/cases/{plan.number}")
    db.session.rollback()  # on SQLite our own open transaction would hold up the page's

    page.get_by_role("listitem").filter(has_text="Surgery").get_by_role("button", name="Start").click()
    page.get_by_role("dialog").get_by_label("Why").fill("The X-ray shows a fracture.")
    page.get_by_role("dialog").get_by_role("button", name="Start").click()

    expect(page.get_by_text("“Surgery” is started.")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("The X-ray shows a fracture.")
    assert open_tasks(plan) == ["Surgery"]


def test_it_ends_by_hand_once_what_is_needed_is_done(plan: Case, nia: Actor, visit: Visit) -> None:
    browser = visit(nia)
    page = browser.get(f"/cases/{plan.number}").text
    activity = offer(page, "Closing talk")
    assert "Nothing more is needed" not in page
    assert browser.post(f"/cases/{plan.number}/finish", {"activity": activity["activity"]}).status_code == 409
    browser.post(f"/cases/{plan.number}/activate", activity)
    task = db.session.query(HumanTask).filter_by(case_id=plan.id, name="Closing talk").one()
    browser.post(f"/tasks/{task.id}/claim")
    browser.post(f"/tasks/{task.id}/complete")

    assert "Nothing more is needed" in browser.get(f"/cases/{plan.number}").text
    browser.post(f"/cases/{plan.number}/finish", {"activity": activity["activity"], "reason": "Healthy again"})

    page = browser.get(f"/cases/{plan.number}").text
    assert "The case is completed" in page and "Healthy again" in page


def test_what_the_designer_wants_done_first_is_left_open_and_said_so(nia: Actor, visit: Visit) -> None:
    left = CARE.replace(b' name="Therapy">', b' name="Therapy" cancelRemainingInstances="false">')
    deployments.deploy({"care.bpmn": left.replace(b' case:required="true"', b"")}, by=SYSTEM)
    case = cases.start(definitions.latest(ProcessDefinition, "care"), by=nia, submitted={"patient": "Ada"})
    db.session.commit()
    browser = visit(nia)
    page = browser.get(f"/cases/{case.number}").text
    activity = offer(page, "Blood test")
    browser.post(f"/cases/{case.number}/activate", activity)

    answer = browser.post(f"/cases/{case.number}/finish", {"activity": activity["activity"]})

    after = browser.get(answer.location).text
    assert "It ends when what is open in it is done, and then the case goes on." in page
    assert "This part of the case ends when what is open in it is done." in after
    assert "Nothing more is needed" not in after and offer(after, "Blood test") == {}
    assert open_tasks(case) == ["Blood test"]


def test_a_stranger_starts_and_ends_nothing(plan: Case, nia: Actor, visit: Visit, person: Callable[..., Actor]) -> None:
    started = offer(visit(nia).get(f"/cases/{plan.number}").text, "Blood test")
    zoe, rex = visit(person("zoe")), visit(person("rex", "auditors"))

    for path in ("activate", "finish"):
        assert zoe.post(f"/cases/{plan.number}/{path}", started).status_code == 404
        assert rex.post(f"/cases/{plan.number}/{path}", started).status_code == 403
    assert open_tasks(plan) == []
    assert "You may only read this case." in rex.get(f"/cases/{plan.number}").text
