"""One's due dates in a calendar program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from icalendar import Calendar

from service.db import db, utcnow
from service.models import Actor, User
from service.operations import cases, tasks, users
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]


def issued(actor: Actor, *scopes: str) -> users.Issued:
    made = users.issue_token(db.session.get_one(User, actor.id), "calendar", scopes, by=actor)
    db.session.commit()
    return made


def test_a_calendar_program_sees_when_ones_work_is_due_and_nothing_else(office: Office, visit: Visit) -> None:
    case, other = office.open_claim(), office.open_claim()
    task = office.task(case)
    tasks.claim(task, by=office.ben)
    soon = (utcnow() + timedelta(days=2)).replace(microsecond=0)
    task.due_at, task.follow_up_at, task.name = soon, soon - timedelta(days=1), "Assess; this,\r\nBEGIN:VALARM"
    cases.change(other, by=office.mia, owner=db.session.get_one(User, office.ben.id), due_at=soon)
    db.session.commit()
    number, of_other, title = case.number, other.number, case.title
    key = issued(office.ben, "calendar").secret

    answer = visit(None).get(f"/calendar-feed.ics?key={key}")
    events = Calendar.from_ical(answer.text).walk("VEVENT")

    assert answer.content_type == "text/calendar; charset=utf-8"
    assert len(Calendar.from_ical(answer.text).walk("VALARM")) == 0, "what is typed stays text"
    assert sorted((str(event["SUMMARY"]).replace("\n", " "), event.decoded("DTSTART")) for event in events) == [
        (f"Due: Assess; this, BEGIN:VALARM · {number}", soon),
        (f"Due: {of_other}", soon),
        (f"Take up again: Assess; this, BEGIN:VALARM · {number}", soon - timedelta(days=1)),
    ]
    assert str(events[0]["DESCRIPTION"]) == title
    again = Calendar.from_ical(visit(None).get(f"/calendar-feed.ics?key={key}").text).walk("VEVENT")
    assert [str(event["UID"]) for event in again] == [str(event["UID"]) for event in events]


def test_only_a_link_that_can_do_nothing_else_opens_it(office: Office, visit: Visit) -> None:
    mine, wide = issued(office.ben, "calendar"), issued(office.ben, "read", "calendar")
    anybody = visit(None)

    assert anybody.get(f"/calendar-feed.ics?key={mine.secret}").status_code == 200
    for key in ("", "x", wide.secret, mine.secret[:-1], mine.secret.upper()):
        assert anybody.get(f"/calendar-feed.ics?key={key}").status_code == 404
    for path in ("/api/v1/me", "/api/v1/tasks", "/api/v1/cases", "/tasks"):
        headers = {"Authorization": f"Bearer {mine.secret}", "Accept": "application/json"}
        assert anybody.get(path, **headers).status_code == 403, path
    users.revoke_token(mine.token, by=office.ben)
    db.session.commit()
    assert anybody.get(f"/calendar-feed.ics?key={mine.secret}").status_code == 404


def test_the_profile_gives_the_address(office: Office, visit: Visit) -> None:
    made = visit(office.ben).post("/profile/tokens", {"name": "Phone", "scopes": ["calendar"], "days": "365"})

    assert "Your calendar link “Phone” is ready" in made.text
    address = made.text.split('value="http://localhost', 1)[1].split('"', 1)[0]
    assert visit(None).get(address.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_address_is_in_no_log(office: Office, visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    key = issued(office.ben, "calendar").secret
    visit(None).get(f"/calendar-feed.ics?key={key}")

    said = capsys.readouterr()
    assert key not in said.out + said.err
