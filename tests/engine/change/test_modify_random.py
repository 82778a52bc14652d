"""Random processes, cases anywhere, random steps by hand: either nothing is changed, or the case goes on, and where
nothing speaks against it, it comes to its end in every order tried, with nothing left behind. `MODIFIED=2000` tries as
many."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from service.engine.change.choices import stood, targets
from service.engine.change.consequences import consequences, verdict
from service.engine.change.modify import modify, pinned
from service.engine.change.plan import Verdict
from service.engine.change.steps import Kind, Step
from service.engine.errors import Unmovable
from service.engine.work import OpenWork
from service.engine.workflow import Workflow
from tests.engine.change.random_changes import Kept, act, blocks_in, choose, grown, is_open, shown
from tests.engine.change.versions import Walk, run_out
from tests.engine.diagrams import NOW, package, restarted

MANY = int(os.environ.get("MODIFIED", "80"))
_EACH = 20
_ORDERS = 3


@dataclass
class Tally:
    """What came of trials, and what was wrong."""

    said: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def chosen_step(chance: random.Random, workflow: Workflow) -> Step:
    """Something that may be done with something that stands there, or a token somewhere."""
    there, places = stood(workflow), targets(workflow)
    if not there or chance.random() < 0.3:
        return Step(chance.choice([Kind.PUT, Kind.AGAIN]), chance.choice(places).element)
    one = chance.choice(there)
    kind = chance.choice(one.may)
    to = chance.choice(places).element if kind is Kind.MOVE else None
    activity = one.activity_id if chance.random() < 0.7 else None
    at = NOW.replace(year=2030) if kind is Kind.TIME else None
    return Step(kind, one.element, activity, to, at=at)


def attempt(seed: int, tally: Tally) -> None:
    chance = random.Random(seed)
    block = grown(chance, chance.randint(2, 9))
    definition = package(*Kept(count()).whole(block)).definitions["p"]
    answers = {f"again_{each.name}": [True, False] for each in blocks_in(block) if each.kind == "back"}
    walk = Walk.begin(definition, {})
    for _ in range(chance.randint(0, 8)):
        if is_open(walk):
            act(walk, *choose(walk, chance, answers))
    if not is_open(walk):
        return
    steps = [chosen_step(chance, walk.workflow) for _ in range(chance.choice([1, 1, 2, 3]))]
    told = f"{seed}: {shown(block)}; {[step.as_json() for step in steps]} at {walk.workflow.open_work().marked}"
    before = walk.workflow.dump()
    try:
        done = modify(walk.workflow, steps)
        again = modify(walk.workflow, pinned(walk.workflow, steps))
    except Unmovable as refusal:
        tally.said["refused"] += 1
        if walk.workflow.dump() != before:
            tally.wrong.append(f"{told}: {refusal}")
        return
    if walk.workflow.dump() != before or _marks(done.after) != _marks(again.after):
        tally.wrong.append(f"{told}: changed, or otherwise when pinned")
    if restarted(done.workflow, now=walk.workflow.now).open_work() != done.after:
        tally.wrong.append(f"{told}: is not as it was when it is loaded again")
    known = {*walk.workflow.variables, *answers}
    found = verdict(consequences(walk.workflow, done, walk.visits, known=known))
    came = _came(done.workflow, answers)
    tally.said[f"{found} {'ends' if came == {'completed'} else 'does not'}"] += 1
    if found.rank <= Verdict.SAFE.rank and came != {"completed"}:
        tally.wrong.append(f"{told}: {found}, but {came}")
    if found is Verdict.STAY and came == {"completed"}:
        tally.wrong.append(f"{told}: would wait for ever, but {came}")


def _marks(work: OpenWork) -> list[str]:
    return sorted(work.marked)


def _came(workflow: Workflow, answers: Mapping[str, list[Any]]) -> set[str]:
    """How it ends, in several orders; with something open although it has ended, that is said."""
    found = set()
    for order in range(_ORDERS):
        copy = restarted(workflow, now=workflow.now)
        came = run_out(copy, order, answers)
        left = came == "completed" and (copy.open_work() != OpenWork() or len(copy.run.tasks) > 1)
        found.add(f"{came}, {len(copy.run.tasks)} left" if left else came)
    return found


@pytest.mark.parametrize("begin", range(0, MANY, _EACH))
def test_what_nothing_speaks_against_comes_to_its_end(begin: int) -> None:
    tally = Tally()

    for seed in range(begin, begin + _EACH):
        attempt(seed, tally)

    assert tally.wrong == []
    assert tally.said
