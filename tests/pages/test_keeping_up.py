"""What a page tells of things that happened meanwhile, and of what stands in the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.models import Actor, Case, LoginSession, User
from service.operations import cases, children, notes, tasks
from tests.jobs_by_hand import do_jobs
from tests.pages.conftest import Visitor
from tests.pages.test_casework import ann, latest, project  # noqa: F401
from tests.pages.test_in_a_browser import Browse

# ruff: noqa: F811  the fixtures of another file
Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def badge(page: str, label: str) -> str:
    """What the menu says waits behind `label`."""
    found = re.search(rf'{label}(?:<span class="count [a-z]*">([^<]+)</span>)?</a>', page)
    assert found
    return found[1] or ""


def children_of(parent: Case, by: Actor, count: int) -> list[Case]:
    made = [
        children.open_child(parent, latest("claim"), by=by, submitted={"item": f"lamp {n}"}, blocking=True)
        for n in range(count)
    ]
    db.session.commit()
    return made


def test_a_mention_counts_in_the_menu_until_it_was_looked_at(
    project: Case, ann: Actor, person: Callable[..., Actor], visit: Visit
) -> None:
    bob = person("bob", "heads")
    notes.write(project, "Please look, @bob, and @ann", by=ann, visibility=notes.NoteVisibility.TEAM)
    db.session.commit()

    assert badge(visit(bob).get("/tasks").text, "Mentions") == "1"
    assert badge(visit(ann).get("/tasks").text, "Mentions") == "", "one's own note is no news"
    visit(bob).get("/notes")
    assert badge(visit(bob).get("/tasks").text, "Mentions") == ""


def test_a_list_that_keeps_itself_up_to_date_brings_the_numbers_of_the_menu_along(
    project: Case, ann: Actor, visit: Visit
) -> None:
    children_of(project, ann, 2)
    for task in db.session.query(tasks.HumanTask).filter(tasks.HumanTask.name == "Settle").all():
        tasks.claim(task, by=ann)
    db.session.commit()

    part = visit(ann).get("/tasks", part="div#rows").text

    assert 'hx-target="#menu-entries"' in part
    assert badge(part, "My tasks") == "3" == str(part.count("data-row-version"))


def test_what_keeps_a_case_from_being_closed_is_a_list_that_leads_there(
    project: Case, ann: Actor, visit: Visit
) -> None:
    kin = children_of(project, ann, 8)

    dialog = visit(ann).get(f"/cases/{project.number}").text.split('id="close"')[1].split("</dialog>")[0]

    assert "things have to be done before" in dialog
    assert all(f'href="/cases/{each.number}"' in dialog for each in kin)
    assert "3 more" in dialog and "claim lamp 0" in dialog


def test_a_new_owner_gets_the_cases_below_too_unless_told_otherwise(
    project: Case, ann: Actor, person: Callable[..., Actor], visit: Visit
) -> None:
    bob = person("bob", "heads")
    mine, other = children_of(project, ann, 2)
    cases.change(other, by=ann, owner=db.session.get_one(User, bob.id))
    db.session.commit()
    browser, path = visit(bob), f"/cases/{project.number}"
    assert "A new owner also gets the 2 open cases below that Ann owns" in browser.get(path).text

    browser.post(f"{path}/change", {"owner": "bob"})
    do_jobs()
    assert owner(mine) == "ann"
    cases.change(project, by=bob, owner=db.session.get_one(User, ann.id))
    db.session.commit()
    answer = browser.post(f"{path}/own", {"below": "yes"})
    do_jobs()

    assert owner(mine) == "bob" and owner(project) == "bob"
    assert "2 cases below will follow in a moment." in browser.get(answer.location).text


def owner(case: Case) -> str:
    db.session.rollback()
    found = db.session.get_one(Case, case.id, populate_existing=True).owner
    assert found
    return found.name


def test_a_page_that_only_watches_does_not_keep_its_person_signed_in(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}/version"
    before = browser.get(path).get_json()
    notes.write(project, "News.", by=ann)
    earlier = utcnow() - timedelta(minutes=20)
    db.session.query(LoginSession).update({"seen_at": earlier})
    db.session.commit()

    assert browser.get(path, **{"X-Watching": "yes"}).get_json() > before
    assert db.session.scalar(sa.select(LoginSession.seen_at)) == earlier
    browser.get("/tasks")
    db.session.rollback()
    assert db.session.scalar(sa.select(LoginSession.seen_at)) > earlier


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_list_that_asks_for_news_says_that_it_only_watches(
    project: Case, ann: Actor, browse: Browse, width: int, dark: bool
) -> None:
    page = browse(ann, width=width, dark=dark)
    page.goto("/tasks")
    page.wait_for_load_state()
    with page.expect_request(lambda request: "/tasks/live" in request.url) as asked:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    assert asked.value.headers["x-watching"] == "yes"


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_case_page_says_that_the_case_has_changed_and_keeps_what_is_typed(
    project: Case, ann: Actor, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    page = browse(ann, width=width, dark=dark)
    page.clock.install()
    db.session.rollback()
    page.goto(f"/cases/{project.number}")
    page.get_by_label("Note", exact=True).fill("I was about to say")
    expect(page.get_by_text("This case has changed.")).to_be_hidden()
    notes.write(project, "News.", by=ann)
    db.session.commit()

    page.clock.fast_forward(21_000)

    expect(page.get_by_text("This case has changed.")).to_be_visible()
    expect(page.get_by_label("Note", exact=True)).to_have_value("I was about to say")
    assert flaws(page, f"case-changed-{width}") == []
    page.get_by_role("link", name="Show it").click()
    expect(page.get_by_text("News.")).to_be_visible()
    expect(page.get_by_label("Note", exact=True)).to_have_value("I was about to say")
