"""Random processes move to the same under other ids, and back, at every step: nothing differs, and they go on there."""

from __future__ import annotations

import re
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.engine.change.move import move
from service.engine.change.plan import Plan
from service.engine.parser import Definition, parse
from tests.engine.diagrams import Case, written
from tests.engine.oracle import Oracle
from tests.engine.random_processes import Block, Drawing, blocks
from tests.engine.test_random_processes import open_in

_ID = re.compile(r"<(?!process|definitions)\w+ id=[\"']([^\"']+)[\"']")


def renamed(file: bytes) -> tuple[bytes, dict[str, str]]:
    """The file with an `r_` before each element's id, and these ids by what they were."""
    text = file.decode()
    names = {name: f"r_{name}" for name in _ID.findall(text)}
    return re.sub(r"([\"'])([^\"']+)\1", lambda m: f'"{names.get(m[2], m[2])}"', text).encode(), names


def plans(names: dict[str, str], definition: Definition) -> tuple[Plan, Plan]:
    """There and back, the elements of called processes included."""
    whole = dict(names)
    for key in definition.info.calls + tuple(definition._siblings):
        whole |= {f"{key}:{name}": f"{key}:{other}" for name, other in names.items()}
    return Plan(elements=whole), Plan(elements={other: name for name, other in whole.items()})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(block=blocks(), data=st.data())
def test_there_and_back_at_every_step(block: Block, data: st.DataObject) -> None:
    drawing = Drawing()
    file = written(*drawing.whole(block))
    other, names = renamed(file)
    there, back = parse({"t.bpmn": file}).definitions["p"], parse({"t.bpmn": other}).definitions["p"]
    to, fro = plans(names, there)
    case, oracle = Case(there, reload=True), Oracle(block)

    for _ in range(60):
        tasks, timers = open_in(case, drawing)
        assert [key for key, _ in tasks] == sorted(key for key, _ in oracle.open), case.why
        if not tasks:
            break
        before = case.workflow.dump()
        moved = move(there, back, case.workflow, to, now=case.now)
        assert sorted(each.element_id for each in moved.after.tasks) == [f"r_{key[0]}" for key, _ in tasks]
        assert (moved.added, moved.taken_away, moved.subscriptions) == ((), (), ())
        returned = move(back, there, moved.workflow, fro, now=case.now).workflow
        assert returned.dump() == before
        case.workflow = returned
        fires = bool(timers) and data.draw(st.integers(0, 4), label="fire?") == 0
        key, identity = data.draw(st.sampled_from(timers if fires else tasks), label="fire" if fires else "complete")
        if fires:
            case.now += timedelta(hours=3)
            assert case.at_work().fire(identity)
            oracle.fire(key)
        else:
            case.at_work().complete(identity, oracle.complete(key))
