"""FEEL's dates and times: which day it is, and where."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from service.engine.expressions import feel

VIENNA = ZoneInfo("Europe/Vienna")

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "now", [datetime(2026, 7, 1, 0, 30, tzinfo=VIENNA), datetime(2026, 7, 1, 23, 30, tzinfo=NEW_YORK)]
)
@pytest.mark.parametrize(
    "text",
    [
        "date(now()) = today()",
        "date(from: now()) = today()",
        "date(later) = date(2026, 7, 2)",
        "date(earlier) = date(2026, 6, 30)",
        "date(year: 2026, month: 7, day: 1) = today()",
        'date(@"2026-07-01T00:10:00@Asia/Tokyo") = @"2026-07-01"',
        'date("2026-07-01T23:50:00-05:00") = @"2026-07-01"',
        "date and time(today(), time(now())) = now()",
        'date and time(@"2026-07-01", time("23:30:00")).day = 1',
        'last day of month(now()) = @"2026-07-31"',
        "date and  time (date(now()), time(now())) = now()",
    ],
)
def test_the_day_of_a_date_and_time_is_the_day_where_it_was_said(text: str, now: datetime) -> None:
    given = {"later": datetime(2026, 7, 2, 0, 30, tzinfo=VIENNA), "earlier": datetime(2026, 6, 30, 23, tzinfo=NEW_YORK)}

    assert feel.evaluate(text, given, now=now) is True
    assert feel.check(text) is None
    assert feel.unknown_functions(text) == frozenset()


def test_there_is_no_day_that_the_calendar_does_not_have() -> None:
    assert feel.evaluate("[date(2026, 2, 30), date(2026, 1), date(null), date(1.5, 1, 1), date([1])]", {}) == [None] * 5


def test_what_is_named_like_a_function_is_still_meant() -> None:
    assert feel.evaluate(
        'date + 1 = 3 and date("2026-01-01").year = 2026 and "date (x)" = text', {"date": 2, "text": "date (x)"}
    )
