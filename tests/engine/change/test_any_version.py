"""Each place of the pairs under any other version of them, however little they have to do with each other: what is
judged to be safe moves and comes to its end, unless the other version's own script or condition fails."""

from __future__ import annotations

import random

import pytest

from service.engine.change.judge import judge
from service.engine.change.marking import marking
from service.engine.change.move import move
from service.engine.change.plan import Verdict
from service.engine.workflow import Workflow
from tests.engine.change.pairs import PAIRS, At, Pair
from tests.engine.change.test_pairs import come_to
from tests.engine.change.versions import run_out

_PLACES = [(pair, at) for pair in PAIRS for at in pair.at]
_OWN_FAILURES = ("NameError", "ZeroDivisionError")


def ends(pair: Pair, at: At, other: Pair, *, back: bool) -> set[str]:
    """How the case ends in the other pair's version; nothing where it is not judged safe."""
    walk, target = come_to(pair, at), other.before if back else other.after
    known = {**other.variables, **walk.workflow.variables}
    found = judge(pair.before, target, marking(walk.workflow), walk.visits, known=known)
    if walk.workflow.state == "completed" or found.verdict.rank > Verdict.WITH_PLAN.rank:
        return set()
    snapshot, now, came = walk.workflow.dump(), walk.workflow.now, set()
    answers = {**{name: [value] for name, value in other.variables.items()}, **pair.answers, **other.answers}
    for order in range(4):
        loaded = Workflow.load(pair.before, snapshot, walk.workflow.variables, now=now)
        moved = move(pair.before, target, loaded, found.plan, now=now).workflow
        if moved.state == "active":
            moved.set_variables({name: value for name, value in known.items() if name not in moved.variables})
        came.add(run_out(moved, order, answers))
    return {end for end in came if not any(own in end for own in _OWN_FAILURES)}


@pytest.mark.parametrize("seed", range(6))
def test_what_is_judged_safe_ends_under_any_version(seed: int) -> None:
    chance = random.Random(seed)
    tried = [(*chance.choice(_PLACES), chance.choice(PAIRS), chance.random() < 0.5) for _ in range(25)]

    wrong = [
        (pair.name, at.steps, other.name, came)
        for pair, at, other, back in tried
        if (came := ends(pair, at, other, back=back)) - {"completed"}
    ]

    assert wrong == []
