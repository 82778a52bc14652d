"""What takes long to work out waits for its turn; few wait, and nobody has turns without end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from flask import Flask

from service.engine import expressions
from service.engine.expressions import ExpressionError, feel, turns

FEEL = "= count(for x in 1..100 return count(for y in 1..40 return x * y + string length(string(x))))"
PYTHON = "sum([number * number for number in range(400000)])"
ENDLESS = "= count(for x in 1..1000 return count(for y in 1..1000 return x * y))"


@pytest.fixture(autouse=True)
def own_turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[turns.Turns]:
    """Nobody owes anything, and this thread's evaluations are nobody's."""
    fresh = turns.Turns()
    monkeypatch.setattr(turns, "one", fresh.one)
    monkeypatch.setattr(turns, "allow", fresh.allow)
    monkeypatch.setattr(turns, "dear", fresh.dear)
    turns.begin(None)
    yield fresh
    turns.begin(None)
    feel._bundle.forget()  # it may have other limits


def at_once(whose: list[str | None], text: str) -> Counter[str]:
    """How each fares who asks for `text`, all at once."""
    fared: Counter[str] = Counter()
    together = threading.Barrier(len(whose))

    def ask(who: str | None) -> None:
        turns.begin(who)
        together.wait()
        try:
            expressions.evaluate(text, {})
            fared["done"] += 1
        except (turns.Busy, turns.Spent, ExpressionError) as refusal:
            fared[type(refusal).__name__] += 1

    threads = [threading.Thread(target=ask, args=(who,)) for who in whose]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return fared


@pytest.mark.parametrize("text", [FEEL, PYTHON])
def test_of_eight_at_once_three_are_worked_out_and_the_others_come_again(text: str) -> None:
    fared = at_once([f"person {number}" for number in range(8)], text)

    turn = fared["done"] + fared["ExpressionError"]  # on a busy machine one may come to its limit
    assert turn >= 1 + turns.WAITING
    assert turn + fared["Busy"] == 8
    assert fared["Busy"] >= 1


def test_jobs_wait_as_long_as_it_takes() -> None:
    assert at_once([None] * 6, FEEL) == {"done": 6}


@pytest.mark.parametrize("text", [FEEL, PYTHON])
def test_what_is_worked_out_in_a_turn_is_what_it_is_otherwise(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = expressions.evaluate(text, {})
    monkeypatch.setattr(turns, "QUICK", 60)
    feel._bundle.forget()

    assert expressions.evaluate(text, {}) == found


def test_who_asks_for_dear_things_without_end_has_to_wait() -> None:
    turns.begin("mallory")
    with pytest.raises(turns.Spent) as refused:
        for _ in range(40):
            with suppress(ExpressionError):
                expressions.evaluate(ENDLESS, {})

    assert 1 <= refused.value.retry_after <= 60


def test_who_has_to_wait_gets_nothing_and_others_do(own_turns: turns.Turns) -> None:
    own_turns._left["mallory"] = -1.0, time.monotonic()  # twenty seconds from now

    turns.begin("mallory")
    with pytest.raises(turns.Spent):
        expressions.evaluate(FEEL, {})
    with pytest.raises(turns.Spent):
        expressions.evaluate("= 6 * 7 + count([1])", {})
    turns.begin("ann")
    assert expressions.evaluate("= 6 * 7", {}) == 42


@pytest.mark.parametrize("text", ["= count([6, 7])", "sum([number for number in [1, 1]])"])
def test_who_had_much_lately_waits_before_anything_is_tried(own_turns: turns.Turns, text: str) -> None:
    own_turns._left["mallory"] = turns.SAVED - turns.LIKELY - 0.1, time.monotonic()
    with own_turns._line.place, own_turns._line._room, own_turns._line._room:  # somebody's turn, and two who wait
        turns.begin("mallory")
        with pytest.raises(turns.Busy):
            expressions.evaluate(text, {})
        turns.begin("ann")
        assert expressions.evaluate(text, {}) == 2
    turns.begin("mallory")
    assert expressions.evaluate(text, {}) == 2
    assert own_turns._balance("mallory") > turns.SAVED - turns.LIKELY - 2 * turns.TRIED  # pays for what it took only


def test_who_waited_may_again(own_turns: turns.Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    own_turns._left["mallory"] = -0.2, time.monotonic() - 5
    turns.begin("mallory")

    assert expressions.evaluate("= 6 * 7", {}) == 42


def test_a_context_that_was_interrupted_is_not_used_again() -> None:
    expressions.evaluate("= 1", {})
    before = feel._bundle._state()["context"]

    expressions.evaluate(FEEL, {})

    assert feel._bundle._state()["context"] is not before
    assert expressions.evaluate("= 6 * 7", {}) == 42


def test_a_date_is_the_same_in_a_turn() -> None:
    now = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)

    assert expressions.evaluate(f"{FEEL} + today().day", {}, now=now) == 100 + 29


def test_a_request_leaves_nobody_to_pay_for_what_comes_after_it(app: Flask) -> None:
    app.test_client().get("/sign-in")

    assert turns._whose.get() is None
