"""Random processes: at every step the open work is what an oracle says, in memory and reloaded before each step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.diagrams import Case, package
from tests.engine.oracle import Oracle
from tests.engine.random_processes import Block, Drawing, Key, blocks

Named = list[tuple[Key, str]]


def open_in(case: Case, drawing: Drawing) -> tuple[Named, Named]:
    """The open tasks and timers by element and the items of the multi-instances around it, with their ids."""
    workflow = case.at_work()
    work = workflow.open_work()

    def key(activity_id: str, element_id: str) -> Key:
        seen = workflow.visible(activity_id)
        return (element_id, tuple(seen[item] for item in drawing.leaves[element_id]))

    tasks = [(key(task.activity_id, task.element_id), task.activity_id) for task in work.tasks]
    timers = [(key(timer.activity_id, timer.element_id), timer.timer_id) for timer in work.timers]
    return sorted(tasks), sorted(timers)


@pytest.mark.parametrize("reload", [False, True], ids=["in memory", "reloaded"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(block=blocks(), data=st.data())
def test_a_random_process_does_what_its_blocks_say(reload: bool, block: Block, data: st.DataObject) -> None:
    drawing = Drawing()
    definitions = package(*drawing.whole(block)).definitions
    case = Case(definitions["p"], reload=reload)
    oracle = Oracle(block)
    written = {}

    for number in range(300):
        tasks, timers = open_in(case, drawing)
        assert [key for key, _ in tasks] == sorted(key for key, _ in oracle.open), case.why
        assert [key for key, _ in timers] == sorted(key for key, _ in oracle.timers), case.why
        if not tasks:
            break
        fires = bool(timers) and data.draw(st.integers(0, 4), label="fire?") == 0
        key, identity = data.draw(st.sampled_from(timers if fires else tasks), label="fire" if fires else "complete")
        if fires:
            case.now += timedelta(hours=3)
            assert case.at_work().fire(identity)
            oracle.fire(key)
        else:
            name = "did_" + "_".join([key[0], *map(str, key[1])])
            case.at_work().complete(identity, {**oracle.complete(key), name: number})
            written[name] = number

    assert oracle.ended
    assert case.state == "completed"
    assert len(case.workflow._run.tasks) == 1, "finished tokens stayed in the tree"
    assert all(name in written or name.startswith("again_") for name in case.variables)
