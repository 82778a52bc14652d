"""Event sub-processes at every level (BPMN 2.0.2 §13.5.4); each case is loaded again before every step."""

from __future__ import annotations

import pytest

from tests.engine.diagrams import node, process, script, timer, user
from tests.engine.with_events import (
    ERROR,
    ESCALATION,
    MESSAGE,
    OTHER,
    OTHER_ESCALATION,
    SIGNAL,
    UNDO,
    boundary,
    case,
    deliver,
    end,
    reaction,
    sub,
)


def test_an_event_sub_process_inside_an_event_sub_process_reacts_there_only() -> None:
    inner = reaction("R2", OTHER, user("C"), "R2s C")
    found = case(user("A") + reaction("R", MESSAGE, user("B") + inner, "Rs B"), "s A e")
    before = deliver(found, "n")

    deliver(found, "m")
    during = found.open()
    deliver(found, "n")

    assert (before, during, found.open()) == (False, ["B"], ["C"])
    found.complete("C")
    assert found.state == "completed"


def test_each_instance_of_a_repeated_sub_process_has_its_own_event_sub_process() -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    inner = user("A") + reaction("R", MESSAGE, user("B"), "Rs B")
    found = case(sub("S", loop + inner, "Ss A"), "s S e")

    deliver(found, "m")

    assert found.open() == ["A", "B"]
    deliver(found, "m")
    assert found.open() == ["B", "B"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_sub_process_of_a_called_process_reacts_while_it_runs(interrupting: bool) -> None:
    reacts = reaction("R", MESSAGE, user("B"), "Rs B", interrupting=interrupting)
    called = process(user("A") + reacts, "s A e", key="q")
    found = case(node("callActivity", "call", calledElement="q") + user("Z"), "s call Z e", called=called)

    assert deliver(found, "m")

    assert found.open() == (["B"] if interrupting else ["A", "B"])
    for name in found.open():
        found.complete(name)
    assert found.open() == ["Z"]
    assert not deliver(found, "m")


def test_a_non_interrupting_event_sub_process_runs_as_often_as_its_event_comes() -> None:
    found = case(user("A") + reaction("R", SIGNAL, user("B"), "Rs B", interrupting=False), "s A e")

    for _ in range(3):
        found.at_work().broadcast("sig")
    found.complete("A")

    assert found.open() == ["B"] * 3
    assert found.state == "active"


def test_an_interrupting_event_sub_process_ends_the_running_non_interrupting_one() -> None:
    reacts = reaction("R", MESSAGE, user("B"), "Rs B", interrupting=False) + reaction("Q", OTHER, user("C"), "Qs C")
    found = case(user("A") + reacts, "s A e")
    deliver(found, "m")

    deliver(found, "n")

    assert found.open() == ["C"]


def test_a_parallel_multiple_start_of_an_event_sub_process_needs_both_each_time() -> None:
    reacts = reaction("R", MESSAGE + OTHER, user("B"), "Rs B", interrupting=False, parallel=True)
    found = case(user("A") + reacts, "s A e")

    deliver(found, "m")
    half = found.open()
    deliver(found, "n")
    whole = found.open()
    deliver(found, "n")
    deliver(found, "m")

    assert (half, whole, found.open()) == (["A"], ["A", "B"], ["A", "B", "B"])


def test_a_multiple_start_of_an_event_sub_process_reacts_to_either() -> None:
    reacts = reaction("R", MESSAGE + timer("PT1H"), user("B"), "Rs B", interrupting=False)
    found = case(user("A") + reacts, "s A e")

    deliver(found, "m")
    found.advance(hours=2)

    assert found.open() == ["A", "B", "B"]


def test_an_error_event_sub_process_goes_before_the_boundary_event_outside() -> None:
    inner = user("A") + end("x", ERROR) + reaction("R", ERROR, user("B"), "Rs B")
    elements = sub("S", inner, "Ss A x") + boundary("b", "S", ERROR) + user("Z") + end("z")
    found = case(elements, "s S e", "b Z z")

    found.complete("A")

    assert found.open() == ["B"]


def test_an_error_that_its_own_event_sub_process_throws_again_goes_outside() -> None:
    inner = user("A") + end("x", ERROR) + reaction("R", ERROR, user("B") + end("y", ERROR), "Rs B y")
    elements = sub("S", inner, "Ss A x") + boundary("b", "S", ERROR) + user("Z") + end("z")
    found = case(elements, "s S e", "b Z z")
    found.complete("A")

    found.complete("B")

    assert found.open() == ["Z"]


@pytest.mark.parametrize("begun_by", [ESCALATION, MESSAGE])
def test_an_escalation_that_an_event_sub_process_throws_goes_past_its_own_start(begun_by: str) -> None:
    again = end("y", ESCALATION)
    start = begun_by if begun_by == ESCALATION else begun_by + ESCALATION
    inner = node("intermediateThrowEvent", "t", ESCALATION) if begun_by == ESCALATION else ""
    inner += user("A") + reaction("R", start, again, "Rs y", interrupting=False)
    outer = boundary("b", "S", ESCALATION, interrupting=False) + user("Z") + end("z")
    found = case(sub("S", inner, "Ss t A" if begun_by == ESCALATION else "Ss A") + outer, "s S e", "b Z z")

    deliver(found, "m")

    assert (found.state, found.open()) == ("active", ["A", "Z"])


def test_what_one_handler_throws_is_caught_by_no_handler_beside_it() -> None:
    answers = reaction("R", ESCALATION, end("y", OTHER_ESCALATION), "Rs y", interrupting=False)
    answers += reaction("Q", OTHER_ESCALATION, end("q", ESCALATION), "Qs q", interrupting=False)
    inner = node("intermediateThrowEvent", "t", ESCALATION) + user("A") + answers
    outer = boundary("b", "S", OTHER_ESCALATION, interrupting=False) + user("Z") + end("z")

    found = case(sub("S", inner, "Ss t A") + outer, "s S e", "b Z z")

    assert (found.state, found.open()) == ("active", ["A", "Z"])


def test_an_error_in_work_that_a_message_began_is_handled_in_its_scope() -> None:
    answers = reaction("R", MESSAGE, end("y", ERROR), "Rs y", interrupting=False) + reaction(
        "Q", ERROR, user("B"), "Qs B"
    )
    found = case(sub("S", user("A") + answers, "Ss A") + boundary("b", "S", ERROR), "s S e", "b e")

    deliver(found, "m")

    assert found.open() == ["B"]


@pytest.mark.parametrize("begun_by", [ESCALATION, MESSAGE])
def test_compensation_that_an_event_sub_process_throws_undoes_what_its_scope_did_once(begun_by: str) -> None:
    undone = script("D", "n = n + 1") + boundary("c", "D", UNDO)
    undone += node("scriptTask", "H", "<script>undone = undone + 1</script>", isForCompensation="true")
    undone += '<association id="as" sourceRef="c" targetRef="H"/>'
    answers = reaction("R", begun_by, end("y", UNDO), "Rs y", interrupting=False)
    thrown = node("intermediateThrowEvent", "t", ESCALATION)
    found = case(sub("S", undone + thrown + user("A") + answers, "Ss D t A"), "s S e", n=0, undone=0)

    deliver(found, "m")
    deliver(found, "m")

    assert (found.state, found.variables["undone"]) == ("active", 1)


def test_a_signal_that_its_own_event_sub_process_sends_on_without_end_stops_the_case_and_says_so() -> None:
    inner = user("A") + reaction("R", SIGNAL, end("y", SIGNAL), "Rs y", interrupting=False)
    found = case(sub("S", inner, "Ss A"), "s S e")

    found.at_work().broadcast("sig")

    assert found.state == "failed"
    assert "loop" in found.why


def test_an_error_out_of_a_called_process_reaches_the_event_sub_process_of_the_caller() -> None:
    called = process(user("A") + end("x", ERROR), "s A x", key="q")
    elements = node("callActivity", "call", calledElement="q") + user("P") + reaction("R", ERROR, user("B"), "Rs B")
    found = case(elements + node("parallelGateway", "g"), "s g call e", "g P e", called=called)

    found.complete("A")

    assert found.open() == ["B"]


def test_an_escalation_out_of_a_called_process_lets_it_go_on() -> None:
    called = process(node("intermediateThrowEvent", "t", ESCALATION) + user("A"), "s t A e", key="q")
    elements = node("callActivity", "call", calledElement="q") + user("B") + end("z")
    found = case(elements + boundary("b", "call", ESCALATION, interrupting=False), "s call e", "b B z", called=called)

    assert found.open() == ["A", "B"]


def test_an_escalation_is_caught_by_its_code_before_any_other() -> None:
    inner = end("x", ESCALATION)
    elements = sub("S", inner, "Ss x") + boundary("any", "S", "<escalationEventDefinition/>") + user("B", "C")
    found = case(elements + boundary("one", "S", ESCALATION), "s S e", "any B e", "one C e")

    assert found.open() == ["C"]


def test_an_escalation_event_sub_process_may_interrupt_its_scope() -> None:
    inner = user("A") + node("intermediateThrowEvent", "t", ESCALATION) + user("Y")
    found = case(sub("S", inner + reaction("R", ESCALATION, user("B"), "Rs B"), "Ss A t Y"), "s S e")

    found.complete("A")

    assert found.open() == ["B"]


def test_a_condition_that_holds_from_the_start_starts_the_event_sub_process_at_once() -> None:
    when = "<conditionalEventDefinition><condition>urgent</condition></conditionalEventDefinition>"
    reacts = reaction("R", when, user("B"), "Rs B", interrupting=False)

    found = case(user("A") + reacts, "s A e", urgent=True)

    assert found.open() == ["A", "B"]


def test_a_timer_event_sub_process_with_a_cycle_reacts_as_often_as_it_says() -> None:
    reacts = reaction("R", timer("R3/PT10M", "timeCycle"), user("B"), "Rs B", interrupting=False)
    found = case(user("A") + reacts, "s A e")

    found.advance(hours=3)

    assert found.open() == ["A", "B", "B", "B"]


def test_an_event_sub_process_of_an_ad_hoc_sub_process_reacts_while_that_is_open() -> None:
    inner = user("A") + reaction("R", MESSAGE, user("B"), "Rs B", interrupting=False)
    found = case(node("adHocSubProcess", "H", inner), "s H e")

    deliver(found, "m")

    assert found.open() == ["B"]
    found.complete("B")
    opened = found.id_of("H")
    found.at_work().finish_adhoc(opened)
    assert found.state == "completed"
