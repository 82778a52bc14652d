"""Service levels on the pages of cases and tasks, and their arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.engine.service_levels import Turn
from service.execution import levels as clocks
from service.models import SYSTEM, Actor, Case, ServiceClock
from service.operations import calendars, deployments, lifecycle
from service.operations import levels as operations
from service.web import words
from tests.pages.conftest import Office, Visitor, claim_files
from tests.pages.test_drafts_of_forms import SQLITE
from tests.pages.test_in_a_browser import Browse

HOURS = {day: ["09:00-12:00", "13:00-17:00"] for day in calendars.WEEKDAYS[:5]}


def working(office: Office) -> None:
    """Claims are counted by Munich's working time from now on, where two days of this week are off."""
    monday = utcnow().date() - timedelta(days=utcnow().date().weekday())
    off = {monday - timedelta(days=4): ([], "Day of prayer"), monday + timedelta(days=40): ([], "far")}
    calendars.put("munich", calendars.Said("Munich", "Europe/Berlin", HOURS, "DE", "BY", off), by=SYSTEM)
    files = claim_files()
    files["insurance-claim.bpmn"] = files["insurance-claim.bpmn"].replace(
        b'case:priority="50"\n', b'case:priority="50" case:calendar="munich"\n'
    )
    deployments.deploy(files, by=SYSTEM)
    db.session.commit()


def aged(case: Case, by: timedelta) -> Case:
    """The case as if it had begun so much earlier."""
    db.session.expire_all()
    for clock in db.session.scalars(sa.select(ServiceClock).where(ServiceClock.case_id == case.id)):
        turns = [replace(turn, at=turn.at - by) for turn in clocks.history_of(clock)]
        clock.history = [[turn.at.isoformat(), turn.calendar, turn.why] for turn in turns]
        clock.began_at -= by
    clocks.recount(case)
    db.session.commit()
    return case


def test_a_case_and_its_tasks_say_how_their_levels_stand(
    office: Office, visit: Callable[[Actor | None], Visitor]
) -> None:
    case = aged(office.open_claim(), timedelta(days=1, hours=16))
    number, task = case.number, office.task(case).id
    ben = visit(office.ben)

    shown, beside = ben.get(f"/cases/{number}").text, ben.get(f"/tasks/{task}").text

    assert "19 days 7 h left of 21 days, due" in shown and "Response running out" in shown
    assert "running out: 7 h 59 min left of 2 days, due" in beside and f"/tasks/{task}/service-levels" in beside


def test_the_arithmetic_lists_what_was_counted_and_why_the_rest_was_not(
    office: Office, visit: Callable[[Actor | None], Visitor]
) -> None:
    working(office)
    case = aged(office.open_claim(), timedelta(days=9))
    lifecycle.suspend(case, by=office.mia, reason="Wait.")
    db.session.commit()
    clock = db.session.scalars(sa.select(ServiceClock).where(ServiceClock.task_id.is_(None))).one()
    back = [[*turn] for turn in clock.history]
    back[-1][0] = (datetime.fromisoformat(back[-1][0]) - timedelta(days=2)).isoformat()
    clock.history = back
    db.session.commit()

    shown = visit(office.ben).get(f"/cases/{case.number}/service-levels").text

    assert "not worked: Day of prayer" in shown and "the case was on hold" in shown
    assert "Resolution of the case" in shown and "stands still: the case is on hold" in shown
    assert "3 h" in shown and "Counted together" in shown and "21 working days" in shown


def test_who_may_not_read_the_case_learns_nothing_of_its_levels(
    office: Office, visit: Callable[[Actor | None], Visitor]
) -> None:
    case = office.open_claim()
    zoe = visit(office.zoe)

    assert zoe.get(f"/cases/{case.number}/service-levels").status_code == 404
    assert zoe.get(f"/tasks/{office.task(case).id}/service-levels").status_code == 404


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_arithmetic_is_one_click_away(
    office: Office, browse: Browse, flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    working(office)
    case, how = aged(office.open_claim(), timedelta(days=6)), f"{width}{'-dark' if dark else ''}"
    page = browse(office.ben, width=width, dark=dark)
    page.goto(f"/cases/{case.number}")
    expect(page.get_by_role("region", name="Service levels")).to_contain_text("left of 21 working days")
    expect(page.get_by_text("Response late")).to_be_visible()
    assert flaws(page, f"case-levels-{how}") == []
    page.goto(f"/tasks/{office.task(case).id}")
    assert flaws(page, f"task-levels-{how}") == []

    page.get_by_role("link", name="Show the arithmetic").click()

    expect(page.get_by_role("heading", name="Service levels")).to_be_visible()
    expect(page.get_by_text("Counted together").first).to_be_visible()
    assert flaws(page, f"arithmetic-{how}") == []


@pytest.mark.parametrize(
    ("text", "working", "said"),
    [
        ("P2D", True, "2 working days"),
        ("PT4H", True, "4 working hours"),
        ("P1W", True, "1 week"),
        ("P1Y2M3DT4H5M", False, "1 year 2 months 3 days 4 hours 5 minutes"),
        ("P1DT1H", True, "1 working day 1 working hour"),
    ],
)
def test_durations_are_said_in_words(text: str, working: bool, said: str) -> None:
    assert words.duration(text, working=working) == said


def test_what_is_left_is_said_to_the_minute() -> None:
    assert words.left(timedelta(hours=31, minutes=5), working=True) == "31 h 5 min"
    assert words.left(timedelta(days=3, hours=2), working=False) == "3 days 2 h"
    assert words.left(timedelta(seconds=20), working=False) == "less than a minute"
    assert Turn(utcnow(), None, "hold").stands


def test_who_is_to_know_of_a_level_reads_it_among_their_mentions(
    office: Office, visit: Callable[[Actor | None], Visitor]
) -> None:
    case = aged(office.open_claim(), timedelta(days=3))
    clock = db.session.scalars(sa.select(ServiceClock).where(ServiceClock.task_id.is_not(None))).one()
    assert operations.look(clock.id, clock.seq)
    db.session.commit()

    story, mentions = visit(office.mia).get(f"/cases/{case.number}").text, visit(office.mia).get("/notes").text

    assert "The response time is running out for" in story and "The response time is over for" in story
    assert "The service level is breached: “Assess the claim” was to be taken up by" in mentions
    assert "<b>System</b>" in mentions
    assert "The service level is running out" in visit(office.ben).get("/notes").text
