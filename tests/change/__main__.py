"""`make change`: pairs of versions with known verdicts, random ones, fleets and kills; ends with one line of JSON.

`pairs`: pairs of versions, `right`: those of which each place is judged as it should be; `places`: all their places;
`random`: random cases. A verdict is wrongly safe when a case that may move does not come to its end; one that needs a
person or must stay is wrong when the case would have come to its end as it is. `CHANGES` says how many random cases
are tried. `preflight_10000_s` and so on: seconds that the pre-flight takes of so many running cases in 40 places, on
`database`, and `page_10000_s`: its whole page (`fleet.py`). `moved_per_s`: cases that one process moves there in a
second, `moved_per_cpu_s`: in a second of its processor's time; `interrupted_lost`: cases that were neither moved once
nor left with a reason, while the workers that moved them were killed (`moving.py`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import count

from service.engine.change.plan import Plan, Verdict
from service.engine.errors import Unmovable
from tests.change import fleet, moving
from tests.durability import interrupted_moves
from tests.engine.change.pairs import PAIRS, At, Pair
from tests.engine.change.random_changes import Tally, Trial, attempt, weigh
from tests.engine.change.test_pairs import come_to, ends, judged

MANY = int(os.environ.get("CHANGES", "2000"))


def main() -> int:
    """The exit code: 0 when nothing is judged wrongly."""
    figures: dict[str, int | float | str] = {**pairs(), **randoms(), **fleet.main(), **moving.main()}
    print(json.dumps(figures))
    wrong = [name for name in ("wrong_safe", "random_wrong_safe", *interrupted_moves.WRONG) if figures[name]]
    return 1 if wrong or figures["right"] != figures["pairs"] else 0


def pairs() -> dict[str, int | float]:
    """Judge every place of every pair, and run what may move to its end."""
    places = [(pair, at) for pair in PAIRS for at in pair.at]
    right = wrong_safe = held = wrong_held = 0
    faulty: set[str] = set()
    for pair, at in places:
        walk = come_to(pair, at)
        found = judged(pair, at, walk)
        right += found.verdict is at.verdict
        came = _came(pair, at, found.plan)
        if found.verdict.rank <= Verdict.WITH_PLAN.rank and came != {"completed"}:
            wrong_safe += 1
            print(f"wrongly safe: {pair.name} at {at.steps or 'start'}: {came}")
        held += found.verdict.rank > Verdict.WITH_PLAN.rank
        wrong_held += found.verdict.rank > Verdict.WITH_PLAN.rank >= at.verdict.rank
        if found.verdict is not at.verdict:
            faulty.add(pair.name)
            print(f"{pair.name} at {at.steps or 'start'}: {found.verdict}, and should be {at.verdict}")
    print(f"{len(PAIRS)} pairs of versions, {len(places)} places: {right} judged rightly, {held} held")
    share = round(wrong_held / len(places), 4)
    return {"pairs": len(PAIRS), "places": len(places), "right": len(PAIRS) - len(faulty), "wrong_safe": wrong_safe,
            "needs_person_wrong": share}  # fmt: skip


def _came(pair: Pair, at: At, plan: Plan) -> set[str]:
    try:
        return ends(pair, come_to(pair, at), plan)
    except Unmovable as problem:
        return {f"unmovable: {problem}"}


def trials() -> Iterator[Trial]:
    """Random trials, one for each seed with which a case runs."""
    return (trial for seed in count() if (trial := attempt(seed)) is not None)


def randoms() -> dict[str, int | float]:
    """Try as many random cases as asked for."""
    tally = Tally()
    found = trials()
    while tally.trials < MANY:
        trial = next(found)
        if why := weigh(tally, trial):
            print(f"wrong: {why}: {trial.said}")
    print(
        f"{tally.trials} random cases: {tally.may_move} may move, {tally.exact} of them exact and alike with new ones; "
        f"{tally.held} held, {tally.wrong_held} of these for nothing"
    )
    return {
        "random": tally.trials,
        "random_wrong_safe": tally.wrong_safe,
        "random_needs_person_wrong": round(tally.wrong_held / tally.trials, 4),
    }


if __name__ == "__main__":
    sys.exit(main())
