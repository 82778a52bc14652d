"""What pages say, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.web import rendering, words

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "text", "tone"),
    [
        (-72, "3 days late", "bad"),
        (-5, "5 hours late", "bad"),
        (-1, "1 hour late", "bad"),
        (2, "today 16:00", "warn"),
        (12, "tomorrow", "warn"),
        (72, "in 3 days", "good"),
        (24 * 30, "21 Dec", "good"),
        (24 * 60, "20 Jan 2027", "good"),
    ],
)
def test_a_due_date_says_what_is_left(hours: float, text: str, tone: str) -> None:
    chip = words.due(NOW + timedelta(hours=hours), now=NOW, zone=UTC)

    assert chip == words.Chip(text, tone)


def test_no_due_date_says_nothing() -> None:
    assert words.due(None, now=NOW, zone=UTC) is None


def test_today_is_the_day_of_the_services_zone() -> None:
    late_evening = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)

    chip = words.due(late_evening, now=NOW, zone=ZoneInfo("Europe/Vienna"))

    assert chip and chip.text == "tomorrow"


@pytest.mark.parametrize(
    ("value", "text"),
    [(95, "Urgent"), (80, "High"), (10, "Low")],
)
def test_a_priority_out_of_the_ordinary_has_a_name(value: int, text: str) -> None:
    chip = words.priority(value)

    assert chip and chip.text == text
    assert words.priority(50) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, "–"),
        ("", "–"),
        ([], "–"),
        (True, "Yes"),
        (False, "No"),
        (0, "0"),
        (2026, "2026"),
        (48000, "48,000"),
        (12.5, "12.50"),
        ("2026-11-10", "10 Nov 2026"),
        ("2026-11-10T09:30:00+00:00", "10 Nov 2026, 09:30 UTC"),
        ("2026-99-10", "2026-99-10"),
        ({"paidOn": "2026-11-10", "iban": "AT1"}, "Paid on: 10 Nov 2026, IBAN: AT1"),
        (["a", "b"], "a; b"),
    ],
)
def test_a_value_reads_as_people_write_it(data: object, text: str) -> None:
    assert words.value(data) == text


def test_an_option_is_called_what_the_form_calls_it() -> None:
    assert words.value("water", {"water": "Water damage"}) == "Water damage"
    assert words.value(["water", "fire"], {"water": "Water damage"}) == "Water damage; fire"


@pytest.mark.parametrize(
    ("name", "text"),
    [("policyNumber", "Policy number"), ("hr-officers", "HR officers"), ("x", "X"), ("", ""), ("IBAN_ok", "IBAN OK")],
)
def test_a_name_of_data_becomes_readable(name: str, text: str) -> None:
    assert words.readable(name) == text


def test_initials_are_those_of_the_first_and_last_name() -> None:
    assert [words.initials(name) for name in ("Ada Lovelace", "ann", "Ann de Vries", "")] == ["AL", "A", "AV", "?"]


@pytest.mark.parametrize(
    ("local", "said"),
    [
        (None, ""),
        ({"amount": 3}, ""),
        ({"loopCounter": 1, "system": "billing", "nrOfInstances": 3}, "billing"),
        ({"loopCounter": 0, "witness": {"name": "Eve", "topic": "rota"}, "nrOfInstances": 2}, "Eve"),
        ({"loopCounter": 1, "found": [], "nrOfInstances": 3, "nrOfActiveInstances": 3}, "2 of 3"),
        ({"loopCounter": 0, "item": {"id": 7}, "nrOfInstances": 3}, "1 of 3"),
        ({"note": "what it was told", "loopCounter": 0, "nrOfInstances": 3}, "1 of 3"),
    ],
)
def test_tasks_of_one_activity_are_told_apart(local: dict[str, Any] | None, said: str) -> None:
    assert words.instance(local, {"system", "witness", "found", "item"}) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PT15M", "15 minutes"),
        ("P1DT1H30M", "1 day 1 hour 30 minutes"),
        ("P14D", "14 days"),
        ("PT0S", "0 seconds"),
        ("P", "P"),
        ("PT", "PT"),
        ("P1DT", "P1DT"),
        ("P1Y", "1 year"),
        ("P8M", "8 months"),
        ("P2W", "2 weeks"),
        ("PT15", "PT15"),
    ],
)
def test_a_length_of_time_is_said_in_words(text: str, said: str) -> None:
    assert words.value(text) == said


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("Since 22 Nov 2026, 05:04 UTC <b>", 'Since <time datetime="2026-11-22T05:04:00+00:00" data-time="exact">'
         "22 Nov 2026, 05:04 UTC</time> &lt;b&gt;"),
        ("99 Nov 2026, 05:04 UTC", "99 Nov 2026, 05:04 UTC"),
        ("<i>", "&lt;i&gt;"),
    ],
)  # fmt: skip
def test_a_time_in_utc_is_left_to_the_browser_to_say_in_the_readers_zone(text: str, markup: str) -> None:
    assert rendering._timed(text) == markup
