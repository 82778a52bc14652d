"""Random processes, random edits, cases anywhere: what is judged safe ends, and an exact case has the history of a new
one. `CHANGES=2000` tries as many."""

from __future__ import annotations

import os

import pytest

from tests.engine.change.random_changes import Tally, attempt, weigh

MANY = int(os.environ.get("CHANGES", "60"))
_EACH = 20


@pytest.mark.parametrize("begin", range(0, MANY, _EACH))
def test_what_is_judged_safe_comes_to_its_end(begin: int) -> None:
    tally = Tally()

    wrong = [
        f"{why}: {trial.said}"
        for seed in range(begin, begin + _EACH)
        if (trial := attempt(seed)) is not None and (why := weigh(tally, trial))
    ]

    assert wrong == []
    assert tally.may_move
