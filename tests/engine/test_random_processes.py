"""Random processes: at every step the open work is what an oracle says, in memory and reloaded before each step."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.diagrams import Case, package
from tests.engine.random_processes import Block, Drawing, Key, Oracle, blocks


def tasks_of(case: Case, drawing: Drawing) -> dict[Key, str]:
    """The open tasks by element and the items of the multi-instances around it, with their activity ids."""
    workflow = case.at_work()
    found: dict[Key, str] = {}
    for task in workflow.open_work().tasks:
        seen = workflow.visible(task.activity_id)
        key = (task.element_id, tuple(seen[item] for item in drawing.leaves[task.element_id]))
        assert key not in found, "the same task is open twice"
        found[key] = task.activity_id
    return found


@pytest.mark.parametrize("reload", [False, True], ids=["in memory", "reloaded"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(block=blocks(), data=st.data())
def test_a_random_process_does_what_its_blocks_say(reload: bool, block: Block, data: st.DataObject) -> None:
    drawing = Drawing()
    definitions = package(*drawing.whole(block)).definitions
    case = Case(definitions["p"], reload=reload)
    oracle = Oracle(block)
    written = {}

    for number in range(200):
        open_now = tasks_of(case, drawing)
        assert sorted(open_now) == sorted(oracle.open), case.why
        if not open_now:
            break
        key = data.draw(st.sampled_from(sorted(open_now)), label="complete")
        name = "did_" + "_".join([key[0], *map(str, key[1])])
        case.workflow.complete(open_now[key], {**oracle.complete(key), name: number})
        written[name] = number

    assert oracle.ended
    assert case.state == "completed"
    assert case.variables.items() >= written.items()
    assert len(case.workflow._run.tasks) == 1, "finished tokens stayed in the tree"
