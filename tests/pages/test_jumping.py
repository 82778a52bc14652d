"""The palette and the cases at hand: found by a few letters, and nothing that one may not see."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Page, expect

from service.db import db, limits, utcnow
from service.errors import WrongState
from service.models import Actor, Case
from service.operations import cases, notes, tasks
from service.operations import marks as operations
from service.queries import jumping, marks
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]
Browse = Callable[..., Page]


def found(visitor: Visitor, text: str = "") -> dict[str, list[str]]:
    """What the palette shows: the heading of each group, and its lines."""
    answer = visitor.get(f"/jump?q={text}")
    assert answer.status_code == 200
    groups: list[Any] = answer.json["groups"]
    return {group["title"]: [item["label"] for item in group["items"]] for group in groups}


@pytest.fixture(autouse=True)
def however_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is found, also on a machine that does much else."""
    monkeypatch.setattr(jumping, "SECONDS", 30.0)


def test_a_few_letters_find_tasks_cases_and_people(office: Office, visit: Visit) -> None:
    case = office.open_claim(claimant="Grace Hopper")
    office.open_claim(claimant="Alan Turing")

    shown = found(visit(office.mia), "hopper")

    assert shown["Tasks"] == ["Assess the claim"]
    assert shown["Cases"] == [case.title]
    assert "People" not in shown
    assert found(visit(office.mia), "mia")["People"] == ["Mia"]
    assert found(visit(office.mia), case.number.lower())["Cases"] == [case.title]
    assert list(found(visit(office.mia), "zz")) == ["Search"]
    assert found(visit(office.mia), "z") == {}


def test_nobody_finds_what_they_may_not_see(office: Office, visit: Visit) -> None:
    case = office.open_claim(claimant="Grace Hopper")
    zoe, mia = visit(office.zoe), visit(office.mia)

    for text in ("hopper", case.number, "assess"):
        assert list(found(zoe, text)) == ["Search"], text
    mia.get(f"/cases/{case.number}/version?seen=1")
    mia.post(f"/cases/{case.number}/star")
    assert list(found(mia)) == ["Starred"]
    case = db.session.get_one(Case, case.id)
    case.restricted, case.owner_id = True, office.ben.id
    db.session.commit()

    assert found(mia) == {} and list(found(mia, "hopper")) == ["Search"]
    assert zoe.post(f"/cases/{case.number}/star").status_code == 404
    assert zoe.get(f"/cases/{case.number}/version?seen=1").status_code == 404


def test_starred_and_recent_cases_are_at_hand(office: Office, visit: Visit) -> None:
    first, second, third = (office.open_claim(claimant=name) for name in ("Ada", "Grace", "Alan"))
    numbers = [case.number for case in (first, second, third)]
    titles = [first.title, third.title, second.title]
    with time_machine.travel(datetime(2030, 1, 1, 9, tzinfo=UTC), tick=False) as clock:
        ben = visit(office.ben)
        for number in (*numbers, numbers[0]):
            ben.get(f"/cases/{number}/version?seen=1")
            clock.shift(timedelta(seconds=90))

        assert found(ben) == {"Recent": titles}
        ben.post(f"/cases/{numbers[2]}/star")
        ben.post(f"/cases/{numbers[2]}/star")
        assert found(ben) == {"Starred": [titles[1]], "Recent": [titles[0], titles[2]]}

        page = ben.get("/tasks").text
        at_hand = page[page.index('class="at-hand"') :]
        assert (
            at_hand.index("Starred") < at_hand.index(numbers[2]) < at_hand.index("Recent") < at_hand.index(numbers[0])
        )
        assert 'aria-label="Take the star away"' in ben.get(f"/cases/{numbers[2]}").text
        ben.post(f"/cases/{numbers[2]}/star", {"starred": "no"})
    assert list(found(ben)) == ["Recent"]
    assert found(visit(office.mia)) == {}


def test_a_starred_case_says_when_somebody_else_did_something_there(office: Office, visit: Visit) -> None:
    case = office.open_claim()

    def news() -> bool:
        db.session.rollback()
        [row] = marks.starred(office.ben)
        said = "new</span>" in ben.get("/tasks").text
        assert said == row.news == ("something new" in ben.get("/jump").json["groups"][0]["items"][0]["about"])
        return said

    with time_machine.travel(utcnow() + timedelta(hours=1), tick=False) as clock:
        ben = visit(office.ben)
        ben.post(f"/cases/{case.number}/star")
        assert not news(), "what was there before is known"
        clock.shift(timedelta(minutes=2))
        tasks.claim(office.task(case), by=office.ben)
        db.session.commit()
        assert not news(), "they did that themselves"
        notes.write(case, "Look at this.", by=office.mia)
        db.session.commit()
        assert not news(), "mentions tell of notes"
        cases.change(case, by=office.mia, priority=80)
        db.session.commit()
        assert news()
        clock.shift(timedelta(minutes=2))
        ben.get(f"/cases/{case.number}/version?seen=1")
        assert not news()


def test_so_many_are_remembered(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "KEPT", 2)
    monkeypatch.setattr(operations, "MOST", 2)
    cases = [office.open_claim(claimant=f"Claimant {number}") for number in range(4)]
    with time_machine.travel(datetime(2030, 1, 1, 9, tzinfo=UTC), tick=False) as clock:
        ben = visit(office.ben)
        for number in [case.number for case in cases]:
            ben.get(f"/cases/{number}/version?seen=1")
            clock.shift(timedelta(seconds=90))

    assert [row.number for row in marks.recent(office.ben)] == [cases[3].number, cases[2].number]
    for case in cases[:2]:
        operations.star(case, by=office.ben)
    with pytest.raises(WrongState, match="take the star from one"):
        operations.star(cases[2], by=office.ben)
    operations.star(cases[0], by=office.ben)
    assert len(marks.starred(office.ben)) == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_waits_for_what_is_remembered_while_others_write(office: Office, visit: Visit) -> None:
    path = f"/cases/{office.open_claim().number}/version?seen=1"
    ben = visit(office.ben)
    ben.get("/about")
    db.session.rollback()

    with db.engine.begin():
        begun = time.monotonic()
        assert ben.get(path).status_code == 200
        assert time.monotonic() - begun < 5, "the lock is waited for up to 15 seconds by whoever needs it"

    assert found(ben) == {}
    ben.get(path)
    assert list(found(ben)) == ["Recent"]


def test_what_takes_too_long_is_left_to_the_lists(
    office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.open_claim(claimant="Grace Hopper")

    def slow(*_: object) -> None:
        raise limits.TookTooLong

    monkeypatch.setattr(jumping, "_tasks", slow)
    shown = found(visit(office.mia), "hopper")

    assert "Tasks" not in shown and shown["Cases"]
    assert shown["More, which takes longer"] == ["All cases with “hopper”", "My tasks with “hopper”"]


def test_jumping_counts_as_searching(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[str] = []
    monkeypatch.setattr("service.http.rate_limits.spend", lambda what, _by: spent.append(what))
    mia = visit(office.mia)

    found(mia), found(mia, "hopper")

    assert spent == ["search"]


def test_the_palette_is_quick(office: Office, visit: Visit) -> None:
    for number in range(30):
        office.open_claim(claimant=f"Claimant {number}")
    mia = visit(office.mia)
    found(mia, "claimant")
    took = []
    for _ in range(5):
        begun = time.process_time()
        assert len(found(mia, "claimant")["Tasks"]) == jumping.FOUND
        took.append(time.process_time() - begun)

    assert min(took) < 0.1, took


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_palette_by_keyboard(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    case = office.open_claim(claimant="Grace Hopper")
    tasks.claim(office.task(case), by=office.ben)
    operations.star(case, by=office.ben)
    db.session.commit()
    number, title = case.number, case.title
    db.session.rollback()
    page = browse(office.ben, width=width, height=900, dark=dark)
    page.goto("/tasks")
    name = f"{width}{'-dark' if dark else ''}"

    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or jump to")
    expect(field).to_be_focused()
    expect(page.get_by_role("option").first).to_contain_text(title)
    assert flaws(page, f"palette-empty-{name}") == []
    field.press_sequentially("nc")
    expect(page.get_by_role("group", name="Pages").get_by_role("option").first).to_contain_text("New case")
    field.fill("hopper")
    expect(page.get_by_role("group", name="Cases").get_by_role("option")).to_contain_text(title)
    expect(page.get_by_role("status").filter(has_text="results")).to_be_attached()
    assert flaws(page, f"palette-{name}") == []
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#palette')")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()

    page.keyboard.press("Control+k")
    field.fill("hopper")
    expect(page.get_by_role("group", name="Cases").get_by_role("option")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("group", name="Cases").get_by_role("option")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/cases/{number}$"))
    expect(page.get_by_role("button", name="Take the star away")).to_be_visible()
    page.get_by_role("button", name="Take the star away").press("*")
    expect(page.get_by_role("button", name="Star the case")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("group", name="Recent").get_by_role("option")).to_contain_text(title)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_action_of_the_page_is_found_and_done(office: Office, browse: Browse) -> None:
    task_id = office.task(office.open_claim()).id
    db.session.rollback()
    page = browse(office.ben)
    page.goto(f"/tasks/{task_id}?view=team")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search or jump to").fill("take it")
    expect(page.get_by_role("group", name="Actions").get_by_role("option").first).to_contain_text("Take it")
    page.get_by_role("group", name="Actions").get_by_role("option").first.click()

    expect(page.get_by_text("is yours now")).to_be_visible()
