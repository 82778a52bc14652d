"""Graphs joined anyhow: the engine's every step is one that BPMN's token game allows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from service.engine.definition import Refused
from tests.engine.diagrams import Case, package
from tests.engine.token_game import Net, State, TooLong, nets


def fits(case: Case, state: State) -> bool:
    """Whether the case stands where the token game does: the same tasks open, ended or stuck alike."""
    if case.open() != list(state.busy):
        return False
    if state.busy:
        return case.state == "active"
    return case.state == ("failed" if state.tokens else "completed")


@pytest.mark.parametrize("reload", [False, True], ids=["in memory", "reloaded"])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(net=nets(), data=st.data())
def test_every_step_is_one_of_the_token_game(reload: bool, net: Net, data: st.DataObject) -> None:
    try:
        states = net.begin()
        case = Case(package(net.drawn()).definitions["p"], reload=reload)
    except (TooLong, Refused):
        assume(False)
        return

    for _ in range(12):
        states = {state for state in states if fits(case, state)}
        assert states, (case.open(), case.state, case.why)
        if not case.open() or len(case.open()) > 12:
            break
        task = data.draw(st.sampled_from(sorted(set(case.open()))), label="complete")
        try:
            states = {after for state in states for after in net.complete(state, task)}
        except TooLong:
            assume(False)
        case.complete(task)
