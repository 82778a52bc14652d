"""Lists of tasks keep up without jumping: what is new is announced, who else is at a task is said, counts follow."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.maintenance.housekeeping import forget_expired
from service.models import Actor, HumanTask, Presence, ViewOf
from service.operations import tasks, views
from service.queries import views as view_lists
from service.web import navigation
from tests.api.test_statements import counted
from tests.pages.conftest import FINDING, Office, Visitor

Visit = Callable[[Actor | None], Visitor]
Browse = Callable[..., Page]


def asked(visitor: Visitor, query: str = "view=team") -> dict[str, Any]:
    """What a page that is open learns."""
    answer = visitor.get(f"/tasks/live?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


@pytest.mark.parametrize("query", ["", "&sort=priority", "&q=claim", "&q=type:insurance-claim"])
def test_a_page_learns_of_the_rows_that_there_are_now(office: Office, visit: Visit, query: str) -> None:
    first, second = (office.task(office.open_claim(claimant=name)) for name in ("Ada", "Grace"))
    ids, version = [str(first.id), str(second.id)], first.version
    ben = visit(office.ben)
    assert set(asked(ben, f"view=team{query}")["rows"]) == set(ids)

    ben.post(f"/tasks/{ids[0]}/claim")

    assert set(asked(ben, f"view=team{query}")["rows"]) == {ids[1]}
    rows = asked(ben, f"view=mine{query}")["rows"]
    assert list(rows) == [ids[0]] and rows[ids[0]] > version
    assert asked(visit(office.zoe), f"view=team{query}")["rows"] == {}


def test_what_is_set_aside_is_asked_for_as_it_is_listed(office: Office, visit: Visit) -> None:
    task = office.task(office.open_claim())
    task_id = str(task.id)
    visit(office.ben).post(f"/tasks/{task_id}/claim")
    db.session.get_one(HumanTask, uuid.UUID(task_id)).follow_up_at = utcnow() + timedelta(days=2)
    db.session.commit()
    ben = visit(office.ben)

    assert asked(ben, "view=mine")["rows"] == {}
    assert list(asked(ben, "view=mine&aside=1")["rows"]) == [task_id]


def test_the_same_answer_is_not_sent_twice(office: Office, visit: Visit) -> None:
    task_id = office.task(office.open_claim()).id
    ben = visit(office.ben)
    etag = ben.get("/tasks/live?view=team").headers["ETag"]

    assert ben.get("/tasks/live?view=team", **{"If-None-Match": etag}).status_code == 304
    ben.post(f"/tasks/{task_id}/claim")
    assert ben.get("/tasks/live?view=team", **{"If-None-Match": etag}).status_code == 200


def test_the_numbers_of_the_menu_come_along(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_lists, "COUNTING", 60.0)
    navigation._counted.clear()
    task_id = office.task(office.open_claim()).id
    wanted = views.Wanted(of=ViewOf.TASKS, name="Free", filter="state:free", sort="due", columns=["task"])
    view_id = views.keep(wanted, by=office.ben).id
    db.session.commit()
    ben = visit(office.ben)

    assert asked(ben)["menu"] == {
        "/tasks": ["", ""], "/tasks/team": ["1", ""], "/notes": ["", ""], "/news": ["", ""],
        f"/views/{view_id}": ["1", ""]
    }  # fmt: skip
    ben.post(f"/tasks/{task_id}/claim")
    menu = asked(ben)["menu"]
    assert (menu["/tasks"], menu["/tasks/team"], menu[f"/views/{view_id}"]) == (["1", ""], ["", ""], ["1", ""])
    navigation._counted.clear()
    assert asked(ben)["menu"][f"/views/{view_id}"] == ["", ""]


def test_who_looks_at_a_task_is_said_to_others_and_forgotten(office: Office, visit: Visit) -> None:
    task_id = office.task(office.open_claim()).id
    ben, mia = visit(office.ben), visit(office.mia)
    opened = f"view=team&task={task_id}&at=1"
    with time_machine.travel(utcnow(), tick=False) as clock:
        assert asked(ben, opened)["task"]["here"] == ""
        assert asked(mia, opened)["task"]["here"] == "Ben is here"
        assert asked(ben, opened)["task"]["here"] == "Mia is here"
        clock.shift(timedelta(seconds=50))
        asked(mia, opened)
        clock.shift(timedelta(seconds=20))

        assert asked(ben, f"view=team&task={task_id}")["task"]["here"] == "Mia is here"
        assert asked(mia, opened)["task"]["here"] == ""
        clock.shift(timedelta(seconds=61))
        forget_expired(utcnow())
        db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Presence)) == 0


def test_who_may_not_see_a_task_learns_nothing_of_it(office: Office, visit: Visit) -> None:
    task = office.task(office.open_claim())
    task_id, case = task.id, task.case
    zoe = visit(office.zoe)

    assert asked(zoe, f"task={task_id}&at=1")["task"] is None
    assert asked(zoe, f"task={uuid.uuid4()}&at=1")["task"] is None
    assert zoe.get("/tasks/live?task=x").status_code == 400
    assert zoe.get("/tasks/live?sort=size").status_code == 400
    assert zoe.get("/tasks/live?view=team&sort=newest").status_code == 400
    assert asked(visit(office.ada), f"task={task_id}&at=1")["task"] is not None
    case = db.session.merge(case)
    case.restricted = True
    db.session.commit()
    assert asked(visit(office.ada), f"task={task_id}&at=1")["task"] is None
    people = sa.select(sa.func.count()).select_from(Presence)
    assert db.session.scalar(people) == 1, "of Zoe nothing is kept"


def test_who_was_faster_is_named(office: Office, visit: Visit) -> None:
    task_id = office.task(office.open_claim()).id
    ben, mia = visit(office.ben), visit(office.mia)
    said = lambda who: asked(who, f"task={task_id}")["task"]["said"]  # noqa: E731
    assert said(mia) == "Nobody has this now."

    ben.post(f"/tasks/{task_id}/claim")
    assert said(mia) == "Ben has this now."
    ben.send(f"/tasks/{task_id}/complete", FINDING)

    assert said(mia) == "Ben was faster: this is done."
    assert said(ben) == "You have completed this."


def test_asking_costs_few_statements_and_writes_nothing(office: Office, visit: Visit) -> None:
    navigation._counted.clear()
    task_id = office.task(office.open_claim()).id
    ben = visit(office.ben)
    query = f"/tasks/live?view=team&task={task_id}&at=1"
    ben.get(query)

    with counted() as seen:
        ben.get(query)

    assert len([each for each in seen if each != "COMMIT"]) <= 6, "\n".join(seen)
    assert not any(each.startswith(("INSERT", "UPDATE", "DELETE")) for each in seen)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_a_list_says_what_is_new_and_moves_only_when_it_is_asked(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    first, second = (office.task(office.open_claim(claimant=name)).id for name in ("Ada", "Grace"))
    db.session.rollback()
    page = browse(office.ben, width=width, height=900, dark=dark)
    page.goto("/tasks/team")
    look = lambda: page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # noqa: E731
    rows = page.locator("#rows [data-row-version]")
    expect(rows).to_have_count(2)
    place = page.locator(f"#task-{second}").bounding_box()

    office.open_claim(claimant="Alan")
    tasks.claim(db.session.get_one(HumanTask, first), by=office.ben)
    db.session.commit()
    look()

    expect(page.get_by_role("button", name="1 new, 1 gone")).to_be_visible()
    expect(page.locator(f"#task-{first}")).to_contain_text("no longer here")
    expect(page.locator("#menu-entries a", has_text="My tasks")).to_contain_text("1")
    assert page.locator(f"#task-{second}").bounding_box() == place
    expect(rows).to_have_count(2)
    assert flaws(page, f"live-{width}{'-dark' if dark else ''}") == []

    page.keyboard.press(".")

    expect(page.locator(f"#task-{first}")).to_have_count(0)
    expect(rows).to_have_count(2)
    expect(page.locator("#rows")).to_contain_text("Alan")
    expect(page.get_by_role("button", name="1 new, 1 gone")).to_have_count(0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_task_page_says_who_is_here_and_who_was_faster(office: Office, browse: Browse) -> None:
    task_id = office.task(office.open_claim()).id
    db.session.rollback()
    ben, mia = browse(office.ben), browse(office.mia)
    ben.goto(f"/tasks/{task_id}?view=team")
    mia.goto(f"/tasks/{task_id}?view=team")

    expect(mia.get_by_text("Ben is here")).to_be_visible()
    ben.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(ben.get_by_text("Mia is here")).to_be_visible()
    tasks.claim(db.session.get_one(HumanTask, task_id), by=office.ben)
    db.session.commit()
    mia.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(mia.get_by_text("Ben has this now.")).to_be_visible()
    mia.get_by_role("link", name="Show it").click()
    expect(mia.get_by_text("Ben is working on this.")).to_be_visible()
