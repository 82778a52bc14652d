"""What is drawn rarely, and still has one meaning: nested transactions, keys per instance, rethrown undoing."""

from __future__ import annotations

import pytest

from tests.engine.diagrams import flows, node, process, script, user
from tests.engine.test_compensation import undone
from tests.engine.with_events import (
    ERROR,
    ESCALATION,
    MESSAGE,
    UNDO,
    boundary,
    case,
    deliver,
    end,
    reaction,
    sub,
)

CANCEL = "<cancelEventDefinition/>"
TWICE = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"


def test_cancelling_an_inner_transaction_leaves_the_outer_one_alone() -> None:
    inner = sub("T2", user("B") + undone("B") + user("C") + end("x", CANCEL), "T2s B C x", tag="transaction")
    outer = user("A") + undone("A") + inner + boundary("b2", "T2", CANCEL) + user("D")
    elements = sub("T1", outer, "T1s A T2", "b2 D", tag="transaction") + boundary("b1", "T1", CANCEL) + user("Z")
    found = case(elements, "s T1 e", "b1 Z e", log=[])

    for name in "ABC":
        found.complete(name)

    assert (found.open(), found.variables["log"]) == (["D"], ["B"])


def test_each_instance_waits_for_the_message_with_its_own_key() -> None:
    loop = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>orders</loopDataInputRef>"
        '<inputDataItem id="order" name="order"/></multiInstanceLoopCharacteristics>'
    )
    receive = node("receiveTask", "W", loop, messageRef="m", case_correlationKey="= order")
    found = case(receive + user("Z"), "s W Z e", orders=["a", "b"])

    missed = found.at_work().deliver("m", {}, {"correlationKey": "c"})
    second = found.at_work().deliver("m", {}, {"correlationKey": "b"})
    again = found.at_work().deliver("m", {}, {"correlationKey": "b"})

    assert (missed, second, again, found.open()) == (False, True, False, [])
    assert found.at_work().deliver("m", {}, {"correlationKey": "a"})
    assert found.open() == ["Z"]


def test_an_event_sub_process_undoes_what_its_surroundings_have_done() -> None:
    throw = node("intermediateThrowEvent", "t", UNDO)
    reacts = reaction("R", MESSAGE, throw + user("X"), "Rs t X")
    found = case(user("A", "B") + undone("A") + reacts, "s A B e", log=[])
    found.complete("A")

    deliver(found, "m")

    assert (found.open(), found.variables["log"]) == (["X"], ["A"])


def test_work_inside_each_instance_is_undone_for_each() -> None:
    inner = user("A") + undone("A")
    elements = sub("S", inner + TWICE, "Ss A") + node("intermediateThrowEvent", "t", UNDO)
    found = case(elements, "s S t e", log=[])

    found.complete("A")
    found.complete("A")

    assert (found.state, found.variables["log"]) == ("completed", ["A", "A"])


def test_an_escalation_out_of_a_called_process_starts_an_event_sub_process_of_the_caller() -> None:
    called = process(node("intermediateThrowEvent", "t", ESCALATION) + user("A"), "s t A e", key="q")
    reacts = reaction("R", ESCALATION, user("B"), "Rs B", interrupting=False)
    found = case(node("callActivity", "call", calledElement="q") + reacts, "s call e", called=called)

    assert found.open() == ["A", "B"]


def test_an_interrupting_boundary_event_ends_an_ad_hoc_sub_process_and_what_is_open_in_it() -> None:
    elements = node("adHocSubProcess", "H", user("A", "B")) + boundary("b", "H", MESSAGE) + user("Z")
    found = case(elements, "s H e", "b Z e")
    opened = found.id_of("H")
    found.at_work().activate(opened, "A")

    deliver(found, "m")

    assert found.open() == ["Z"]


@pytest.mark.parametrize("condition", ["activationCount >= 2", "= activationCount >= 2", "ready"])
def test_a_complex_gateway_s_condition_may_be_written_in_either_language(condition: str) -> None:
    said = f"<activationCondition><![CDATA[{condition}]]></activationCondition>"
    elements = node("parallelGateway", "g") + node("complexGateway", "j", said) + user("A", "B", "C", "Z")
    found = case(elements, "s g A j", "g B j", "g C j", "j Z e", ready=False)

    found.complete("A")
    early = found.open()
    found.complete("B", ready=True)

    assert (early, found.open()) == (["B", "C"], ["C", "Z"])


def test_an_error_thrown_in_one_branch_ends_the_other_and_leaves_by_the_boundary() -> None:
    inner = user("A", "B") + node("parallelGateway", "g") + end("x", ERROR)
    elements = sub("S", inner, "Ss g A x", "g B") + boundary("b", "S", ERROR) + user("Z")
    found = case(elements, "s S e", "b Z e")

    found.complete("A")

    assert found.open() == ["Z"]


def test_a_sub_process_with_two_ends_is_complete_when_both_branches_are() -> None:
    inner = user("A", "B") + node("inclusiveGateway", "g") + end("x") + end("y")
    found = case(sub("S", inner, "Ss g", "g A: True", "g B: True", "A x", "B y") + user("Z"), "s S Z e")

    found.complete("B")
    early = found.open()
    found.complete("A")

    assert (early, found.open()) == (["A"], ["Z"])


def test_a_loop_over_sub_processes_with_event_sub_processes_starts_each_round_afresh() -> None:
    inner = user("A") + reaction("R", MESSAGE, user("B"), "Rs B")
    loop = "<standardLoopCharacteristics loopMaximum='2'/>"
    found = case(sub("S", inner + loop, "Ss A"), "s S e")
    deliver(found, "m")
    first = found.open()
    found.complete("B")

    assert (first, found.open()) == (["B"], ["A"])
    assert deliver(found, "m")
    found.complete("B")
    assert found.state == "completed"


def test_a_branch_that_a_non_interrupting_event_began_joins_nothing_and_ends_by_itself() -> None:
    elements = user("A", "B", "C") + boundary("b", "A", MESSAGE, interrupting=False) + node("parallelGateway", "j")
    elements += node("parallelGateway", "g")
    found = case(elements + end("z"), "s g A j", "g C j e", "b B z")
    deliver(found, "m")

    found.complete("A")
    found.complete("C")
    open_still = found.open()
    found.complete("B")

    assert (open_still, found.state) == (["B"], "completed")


def test_a_script_may_use_what_python_has_and_the_case_s_clock() -> None:
    text = """
        import json
        def days(n):
            return timedelta(days=n)
        due = (now() + days(3)).date().isoformat()
        parts = {name: len(name) for name in ['a', 'bb']}
        best = sorted(parts, key=lambda name: -parts[name])[0]
        if best == 'bb':
            text = json.dumps(parts)
    """
    found = case(script("T", text) + user("A"), "s T A e")

    wanted = {"due": "2026-03-04", "parts": {"a": 1, "bb": 2}, "best": "bb", "text": '{"a": 1, "bb": 2}'}
    assert dict(found.variables) == wanted


def test_flows_of_a_process_may_be_drawn_in_any_order() -> None:
    elements = flows("B e", "A B") + user("B", "A") + "<startEvent id='t'/>"
    found = case(elements, "s A")

    found.complete("A")
    found.complete("B")

    assert found.state == "completed"
