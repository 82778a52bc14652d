"""The token game that judges ends, against the engine on graphs joined anyhow: what is said to end ends, in any order;
what is said never to end does not."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from service.engine.change.ahead import ahead
from service.engine.change.ending import troubles
from service.engine.change.marking import marking
from service.engine.change.plan import Plan
from service.engine.change.standing import Standing
from service.engine.definition import Refused
from service.engine.workflow import Workflow
from tests.engine.change.versions import Walk, run_out
from tests.engine.diagrams import package
from tests.engine.token_game import Net, TooLong, nets

_ORDERS = 5


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(net=nets(), data=st.data())
def test_what_is_said_to_end_ends_in_any_order(net: Net, data: st.DataObject) -> None:
    try:
        net.begin()
        definition = package(net.drawn()).definitions["p"]
    except (TooLong, Refused):
        assume(False)
    walk = Walk.begin(definition, {})
    for _ in range(data.draw(st.integers(0, 4), label="steps")):
        if walk.workflow.state == "active":
            task = data.draw(st.sampled_from(sorted(task.element_id for task in walk.workflow.open_work().tasks)))
            walk.do(task)
    assume(walk.workflow.state == "active")
    scope = Standing(definition, definition, marking(walk.workflow), Plan()).scope

    found = troubles(scope, ahead(scope))

    assume(not any(trouble.kind == "undecided" for trouble in found))
    snapshot = walk.workflow.dump()
    ends = {
        run_out(Workflow.load(definition, snapshot, walk.workflow.variables, now=walk.workflow.now), order, {}, 40)
        for order in range(_ORDERS)
    }
    if not found:
        assert ends == {"completed"}
    if any(trouble.always for trouble in found):
        assert "completed" not in ends, found
