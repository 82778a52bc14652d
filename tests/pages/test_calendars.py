"""The pages of calendars: made, read, counted by, changed, and refused at the field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from service.db import db
from service.errors import InvalidForm
from service.models import SYSTEM, Calendar
from service.operations import calendars
from service.web.calendars import days_in, spoken_week
from tests.pages.conftest import Office, Visitor

HOURS = dict.fromkeys(calendars.WEEKDAYS[:5], "9:00-12:00, 13:00-17:00")


def test_a_calendar_is_made_counted_by_changed_and_taken_away(office: Office, visit: Callable[..., Visitor]) -> None:
    ada = visit(office.ada)
    typed = {"key": "munich", "title": "Munich", "zone": "Europe/Berlin", "country": "de", "subdivision": "BY", **HOURS}
    made = ada.post("/calendars", {**typed, "days": "2026-05-15 closed bridging day\n\n2026-05-16 10:00-12:00"})
    shown = ada.get("/calendars/munich?since=2026-05-13T16:00&duration=PT4H").text

    assert made.location == "/calendars/munich"
    assert (
        "bridging day" not in ada.get("/calendars").text
        and "Mon–Fri 09:00-12:00, 13:00-17:00" in ada.get("/calendars").text
    )
    assert "Sat 16 May 2026, 10:00" in shown and "Stretches that were counted" in shown and "4 h" in shown
    assert ada.post("/calendars", typed).status_code == 422, "there is one of that key"
    assert "holidays of DE-BY" in ada.get("/calendars").text
    edited = ada.get("/calendars/munich/edit").text
    assert "2026-05-15 closed bridging day" in edited and 'value="BY"' in edited
    ada.post("/calendars/munich", {**typed, "title": "The office"})
    assert "The office" in ada.get("/calendars/munich").text
    assert ada.post("/calendars/munich/remove").location == "/calendars"
    assert ada.get("/calendars/munich").status_code == 404


def test_what_was_typed_wrongly_is_said_where_it_stands(office: Office, visit: Callable[..., Visitor]) -> None:
    typed = {"key": "Munich!", "title": "", "zone": "Minga", "monday": "nine", "days": "soon", "country": "DE"}
    refused = visit(office.ada).post("/calendars", {**typed, "days": ""})

    assert refused.status_code == 422 and 'value="nine"' in refused.text
    for message in ("no time zone “Minga”", "“nine” are no hours", "Give it a name", "Write small letters", "4 fields"):
        assert message in refused.text
    assert "Line 1, “soon”: begin with a day" in visit(office.ada).post("/calendars", typed).text


def test_who_works_reads_calendars_and_does_not_change_them(office: Office, visit: Callable[..., Visitor]) -> None:
    calendars.put("munich", calendars.Said("Munich", "Europe/Berlin", {}), by=SYSTEM)
    db.session.commit()
    ann = visit(office.ann)

    assert "Change" not in ann.get("/calendars/munich").text and "New calendar" not in ann.get("/calendars").text
    assert ann.get("/calendars/new").status_code == ann.post("/calendars/munich", {"title": "x"}).status_code == 403
    assert "twenty years" in ann.get("/calendars/munich?since=2026-05-13T16:00&duration=PT4H").text
    assert ann.get("/calendars/munich?since=yesterday").status_code == 400


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "2026-12-24 9:00-12:00, 13:00-14:00 Christmas",
            {date(2026, 12, 24): (["9:00-12:00", "13:00-14:00"], "Christmas")},
        ),
        ("2026-12-31", {date(2026, 12, 31): ([], "")}),
        (
            "2026-12-31 closed\n  2027-01-02 24th party",
            {date(2026, 12, 31): ([], ""), date(2027, 1, 2): ([], "24th party")},
        ),
        ("2026-12-31 closedown", {date(2026, 12, 31): ([], "closedown")}),
    ],
)
def test_days_are_read_line_by_line(text: str, found: dict[date, Any]) -> None:
    assert days_in(text) == found


@pytest.mark.parametrize(
    "text",
    ["tomorrow", "24.12.2026 closed", "2026-12-31\n2026-12-31", "2026-02-30", "x" * 100_001],
)
def test_lines_that_are_no_days_are_refused(text: str) -> None:
    with pytest.raises(InvalidForm):
        days_in(text)


def test_a_week_is_said_in_a_line() -> None:
    hours = ["09:00-17:00"]
    calendar = Calendar(week=[hours, hours, ["10:00-12:00"], hours, hours, [], []])

    assert spoken_week(calendar) == "Mon–Tue 09:00-17:00; Wed 10:00-12:00; Thu–Fri 09:00-17:00"
