"""The story of a case on its pages: narrowed, each entry with an address, and the case as it stood at any moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor, AuditEntry, Case, HumanTask
from service.operations import cases, deployments, tasks
from tests.operations.family import diagram
from tests.operations.test_children import latest
from tests.pages.conftest import Visitor
from tests.pages.test_casework import ann, project  # noqa: F401

# ruff: noqa: F811  the fixtures of another file
Visit = Callable[[Actor | None], Visitor]
Person = Callable[..., Actor]
REVIEW = diagram(
    "review",
    "REV",
    '<userTask id="Ask" name="Ask" case:candidateGroups="clerks"><multiInstanceLoopCharacteristics>'
    "<loopDataInputRef>experts</loopDataInputRef><inputDataItem id='expert'/></multiInstanceLoopCharacteristics>"
    "</userTask>",
    "Begin Ask End",
)


def seq_of(case: Case, action: str) -> int:
    db.session.rollback()
    found = sa.select(AuditEntry.seq).where(AuditEntry.case_id == case.id, AuditEntry.action == action)
    return int(db.session.scalars(found.order_by(AuditEntry.seq)).all()[-1])


def story(page: str) -> str:
    return page.split('id="story"')[1].split("</section>")[0]


def test_the_timeline_is_narrowed_as_a_page_and_as_a_part(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"
    browser.post(f"{path}/notes", {"text": "A note"})
    cases.change_variables(project, {"money": 20}, by=ann)
    cases.change(project, by=ann, priority=80)
    db.session.commit()

    shown = {
        name: story(browser.get(f"{path}/timeline?show={name}").text) for name in ("work", "data", "notes", "people")
    }

    assert "completed <b>Make a plan</b>" in shown["work"] and "wrote" not in shown["work"]
    assert "corrected the data" in shown["data"] and "changed the priority" not in shown["data"]
    assert "wrote" in shown["notes"] and "for the team" in shown["notes"] and shown["notes"].count("<li") == 1
    assert "changed the priority from 50 to 80" in shown["people"]
    part = browser.get(f"{path}/timeline?show=cases", part="story").text
    assert "A case was opened below:" in part and "<html" not in part
    assert "Nothing of the kind happened yet." in browser.get(f"{path}/timeline?show=decisions").text
    assert browser.get(f"{path}/timeline?show=nonsense&all=1").status_code == 200


def test_every_entry_has_an_address_that_shows_the_case_as_it_stood(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"
    cases.change_variables(project, {"item": "the tunnel"}, by=ann)
    db.session.commit()
    page = browser.get(path).text
    addresses = set(re.findall(rf'href="({path}/timeline/\d+)"', story(page)))
    assert len(addresses) >= 4
    for address in addresses:
        assert browser.get(address).status_code == 200, address

    opened = browser.get(f"{path}/timeline/1").text
    changed = browser.get(f"{path}/timeline/{seq_of(project, 'variables:changed')}").text

    assert "the bridge" in opened and "the tunnel" not in opened and "<b>Make a plan</b>" in opened
    assert "Planning</span>" in opened and "opened the case" in opened and "Later" in opened
    assert '<del><span class="hidden-label">was </span>the bridge</del>' in changed and "the tunnel" in changed
    assert "<b>Work</b>" in changed and "<b>Make a plan</b>" not in changed.split("Open work then")[1].split("</ul>")[0]
    for wrong in ("0", "9999", "99999999999999999999"):
        assert browser.get(f"{path}/timeline/{wrong}").status_code == 404


def test_who_may_not_see_the_case_sees_nothing_of_its_story(project: Case, visit: Visit, person: Person) -> None:
    zoe, path = visit(person("zoe")), f"/cases/{project.number}/timeline"

    assert zoe.get(path).status_code == 404 and zoe.get(f"{path}/1").status_code == 404


def test_the_tasks_of_several_instances_are_told_apart(app: Flask, person: Person, visit: Visit) -> None:
    deployments.deploy({"review.bpmn": REVIEW}, by=SYSTEM)
    db.session.commit()
    ann = person("ann", "clerks")
    case = cases.start(latest("review"), by=ann, submitted={"item": "x", "experts": ["Nia", "Bo"]})
    db.session.commit()
    for task in db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).all():
        tasks.claim(task, by=ann)
    db.session.commit()

    told = story(visit(ann).get(f"/cases/{case.number}").text)

    assert "took <b>Ask · Nia</b>" in told and "took <b>Ask · Bo</b>" in told


def test_what_is_told_of_other_cases_and_notes_leads_to_them(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"
    browser.post(f"{path}/notes", {"text": "A note"})
    child = db.session.scalars(sa.select(Case.number).where(Case.parent_id == project.id)).one()

    told = story(browser.get(path).text)

    assert f'<a href="/cases/{child}"><b>{child}</b></a>' in told
    assert f'<a href="{path}/notes#note-' in told


@pytest.mark.timeout(120)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_story_is_walked_by_keyboard_and_worth_looking_at(
    project: Case,
    ann: Actor,
    browse: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    cases.change_variables(project, {"item": "the tunnel", "money": 20}, by=ann)
    db.session.commit()
    number, look = project.number, f"{width}{'-dark' if dark else ''}"
    db.session.rollback()
    page, wrong = browse(ann, width=width, height=900, dark=dark), {}

    page.goto(f"/cases/{number}")
    page.get_by_role("navigation", name="What the timeline shows").get_by_role("link", name="Data").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#story")).not_to_contain_text("took")
    expect(page.locator("#story")).to_contain_text("the tunnel")
    wrong |= {"filtered": found} if (found := axe(page)) else {}
    screenshot(page, f"story-filtered-{look}")
    page.locator("#story .when").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="At this moment")).to_be_visible()
    page.wait_for_load_state()  # the heading is there before the scripts that know the keys
    page.keyboard.press("p")
    expect(page.get_by_text("entry 1 of").or_(page.get_by_text(re.compile(r"entry \d+ of")))).to_be_visible()
    wrong |= {"moment": found} if (found := axe(page)) else {}
    screenshot(page, f"moment-{look}")
    page.goto(f"/cases/{number}/timeline")
    wrong |= {"timeline": found} if (found := axe(page)) else {}
    screenshot(page, f"timeline-{look}")

    assert wrong == {}
