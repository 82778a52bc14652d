"""How often somebody may do something, counted in the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from limits import parse

from service.config import WrongSetting
from service.db import db
from service.errors import TooMany
from service.http import rate_limits
from tests.conftest import config_for

REFUSAL = "Too many searches"
LIMIT = parse("3 per minute")


def is_counted(*what: str) -> bool:
    try:
        rate_limits.count(LIMIT, *what, refusal=REFUSAL)
    except TooMany:
        return False
    return True


def test_a_limit_counts_for_each_what_it_names(app: Flask) -> None:
    counted = [is_counted("search", name) for name in ("ann", "ann", "ben", "ann", "ann", "ben")]

    assert counted == [True, True, True, True, False, True]


def test_who_is_refused_learns_how_long_to_wait(app: Flask) -> None:
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=UTC), tick=False) as clock:
        for _ in range(3):
            is_counted("search", "ann")
        clock.shift(timedelta(seconds=20))

        with pytest.raises(TooMany, match=r"^Too many searches; wait 40 seconds\.$") as refused:
            rate_limits.count(LIMIT, "search", "ann", refusal=REFUSAL)

        clock.shift(timedelta(seconds=refused.value.retry_after))
        assert is_counted("search", "ann")


def test_what_is_taken_back_or_forgotten_does_not_count(app: Flask) -> None:
    for _ in range(6):
        assert is_counted("search", "ann")
        rate_limits.take_back(LIMIT, "search", "ann")
    for _ in range(3):
        is_counted("search", "ann")

    rate_limits.forget(LIMIT, "search", "ann")

    assert is_counted("search", "ann")


def test_what_comes_at_once_counts_in_full(app: Flask) -> None:
    def count_in_a_thread(_: int) -> bool:
        with app.app_context():
            return is_counted("search", "ann")

    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(count_in_a_thread, range(24)))

    assert sum(counted) == 3
    db.session.rollback()


@pytest.mark.parametrize("text", ["10", "0 per minute", "ten per minute", "5 per minute; 10 per hour", "5 per moment"])
def test_a_setting_that_is_no_single_limit_is_refused(text: str) -> None:
    with pytest.raises(WrongSetting, match="CASEWRIGHT_LOGIN_LIMIT"):
        config_for("sqlite:///x.db", CASEWRIGHT_LOGIN_LIMIT=text)
