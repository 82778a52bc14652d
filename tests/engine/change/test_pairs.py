"""Pairs of versions with known verdicts; what may move is moved, and run to its end in many orders."""

from __future__ import annotations

import pytest

from service.engine.change.judge import judge
from service.engine.change.marking import marking, signature
from service.engine.change.move import move
from service.engine.change.plan import Judgement, Plan, Verdict
from service.engine.workflow import Workflow
from tests.engine.change.pairs import PAIRS, At, Pair
from tests.engine.change.versions import Walk, run_out

CASES = [
    pytest.param(pair, at, id=f"{pair.name} @ {at.steps or 'start'} {at.plan or ''}")
    for pair in PAIRS
    for at in pair.at
]
ORDERS = 12


def come_to(pair: Pair, at: At) -> Walk:
    walk = Walk.begin(pair.before, pair.variables)
    for step in filter(None, at.steps.split("; ")):
        walk.do(step)
    return walk


def judged(pair: Pair, at: At, walk: Walk) -> Judgement:
    return judge(
        pair.before,
        pair.after,
        marking(walk.workflow),
        walk.visits,
        at.plan,
        known=at.known.split(),
        names=pair.names,
        contents=pair.contents,
    )


def ends(pair: Pair, walk: Walk, plan: Plan) -> set[str]:
    """How the case ends once it is moved, in many orders."""
    found = set()
    snapshot = walk.workflow.dump()
    for seed in range(ORDERS):
        workflow = Workflow.load(pair.before, snapshot, walk.workflow.variables, now=walk.workflow.now)
        moved = move(pair.before, pair.after, workflow, plan, now=walk.workflow.now)
        found.add(run_out(moved.workflow, seed, pair.answers))
    return found


@pytest.mark.parametrize(("pair", "at"), CASES)
def test_what_a_version_means_is_what_happens(pair: Pair, at: At) -> None:
    walk = come_to(pair, at)

    found = judged(pair, at, walk)

    assert found.verdict == at.verdict, found.reasons
    assert any(at.says in reason.message + reason.way_out for reason in found.reasons) or not at.says, found.reasons
    if found.verdict.rank <= Verdict.WITH_PLAN.rank:
        assert ends(pair, walk, found.plan) == {"completed"}


@pytest.mark.parametrize(("pair", "at"), [each for each in CASES if each.values[1].verdict is Verdict.EXACT])
def test_an_exact_case_stands_where_its_history_leads_in_the_new_version(pair: Pair, at: At) -> None:
    walk, anew = come_to(pair, at), Walk.begin(pair.after, pair.variables)
    moved = move(pair.before, pair.after, walk.workflow, judged(pair, at, walk).plan, now=walk.workflow.now)

    for step in filter(None, (at.steps if at.anew is None else at.anew).split("; ")):
        anew.do(step)

    assert signature(moved.workflow) == signature(anew.workflow)
