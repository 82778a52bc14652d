"""Modification: tokens put, moved and taken away by hand; afterwards each case runs to its end and leaves nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from service.engine.change.modify import Modified, modify
from service.engine.change.steps import Kind, Step
from service.engine.errors import Unmovable
from service.engine.work import OpenWork, What
from tests.engine.diagrams import NOW, Case, node, process, script, timer, user
from tests.engine.with_events import ERROR, MESSAGE, OTHER, SIGNAL, UNDO, boundary, case, deliver, end, reaction, sub

FORK = node("parallelGateway", "f") + node("parallelGateway", "j")
EACH = (
    "<multiInstanceLoopCharacteristics{more}><loopDataInputRef>items</loopDataInputRef>"
    '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="item" name="item"/>'
    '<outputDataItem id="result" name="result"/></multiInstanceLoopCharacteristics>'
)


def step(do: str, element: str | None = None, **more: Any) -> Step:
    return Step(Kind(do), element, **more)


def modified(found: Case, *steps: Step) -> Modified:
    """Modify the case, and go on with what came of it. What was there before must be as it was."""
    before = found.at_work().dump()
    done = modify(found.workflow, steps)
    assert found.workflow.dump() == before
    found.workflow = done.workflow
    assert done.after == found.at_work().open_work()  # nothing is lost as it is stored
    return done


def refused(found: Case, *steps: Step) -> str:
    before = found.at_work().dump()
    with pytest.raises(Unmovable) as caught:
        modify(found.workflow, steps)
    assert found.workflow.dump() == before
    return str(caught.value)


def ended(found: Case) -> None:
    """The case came to its end, and nothing waits any more."""
    assert (found.state, found.why) == ("completed", "")
    assert found.at_work().open_work() == OpenWork()
    assert len(found.workflow.run.tasks) == 1


def cancelled(done: Modified) -> list[str]:
    return [each.element_id for each in done.happened if each.what is What.CANCELLED]


# Tasks


def test_a_token_put_at_a_task_opens_it_beside_the_others() -> None:
    found = case(user("A", "B"), "s A e", "s B e")
    found.complete("B")

    done = modified(found, step("put", "B"))

    assert found.open() == ["A", "B"]
    assert [each.name for each in done.put] == ["B"]
    found.complete("A")
    found.complete("B")
    ended(found)


def test_a_token_moves_and_what_it_leaves_is_cancelled() -> None:
    found = case(user("A", "B", "C"), "s A B C e")

    done = modified(found, step("move", "A", to="C"))

    assert (found.open(), cancelled(done)) == (["C"], ["A"])
    found.complete("C")
    ended(found)


def test_a_moved_token_takes_its_boundary_events_along() -> None:
    found = case(user("A", "B", "L") + boundary("t", "A", timer("PT1H")), "s A B e", "t L e")

    done = modified(found, step("move", "A", to="B"))

    assert (len(done.before.timers), done.after.timers) == (1, ())
    found.advance(hours=2)
    assert found.open() == ["B"]
    found.complete("B")
    ended(found)


def test_a_token_is_taken_away_and_the_other_branch_ends_the_case() -> None:
    found = case(node("parallelGateway", "f") + user("A", "B"), "s f A e", "f B e")

    modified(found, step("take", "A"))

    assert found.open() == ["B"]
    found.complete("B")
    ended(found)


def test_where_nothing_would_be_open_it_is_refused() -> None:
    found = case(user("A"), "s A e")

    assert "Nothing would be open any more" in refused(found, step("take", "A"))


def test_an_activity_is_done_again_and_what_came_after_it_is_cancelled() -> None:
    found = case(user("A", "B", "C"), "s A B C e")
    found.complete("A")
    found.complete("B")

    done = modified(found, step("again", "A"))

    assert (found.open(), cancelled(done)) == (["A"], ["C"])
    for name in "ABC":
        found.complete(name)
    ended(found)


def test_an_open_activity_begins_anew() -> None:
    found = case(user("A"), "s A e")
    before = found.id_of("A")

    modified(found, step("again", "A"))

    assert found.open() == ["A"]
    assert found.id_of("A") != before
    found.complete("A")
    ended(found)


def test_an_activity_is_skipped_with_the_values_that_it_would_have_brought() -> None:
    mapping = '<case:ioMapping><case:output source="= missing.thing" target="x"/></case:ioMapping>'
    task = node("userTask", "A", f"<extensionElements>{mapping}</extensionElements>", case_postScript="y = 1")
    found = case(task + user("B"), "s A B e")

    done = modified(found, step("skip", "A", values={"x": 7}))

    assert (found.open(), found.variables["x"], "y" in found.variables) == (["B"], 7, False)
    assert done.skipped == {done.before.tasks[0].activity_id}
    found.complete("B")
    ended(found)


def test_one_of_two_tokens_at_an_element_is_named_by_its_activity() -> None:
    found = case(node("parallelGateway", "f") + node("exclusiveGateway", "x") + user("A", "B"), "s f x A B e", "f x")
    first, second = found.id_of("A", 0), found.id_of("A", 1)

    modified(found, step("move", "A", activity=second, to="B"))

    assert found.open() == ["A", "B"]
    assert found.id_of("A") == first
    found.complete("A")
    assert found.open() == ["B", "B"]
    found.complete("B")
    found.complete("B")
    ended(found)


def test_variables_are_set_and_what_waits_for_them_goes_on() -> None:
    wait = node(
        "intermediateCatchEvent",
        "c",
        "<conditionalEventDefinition><condition>n &gt; 3</condition></conditionalEventDefinition>",
    )
    found = case(wait + user("A"), "s c A e", n=1)

    modified(found, step("set", values={"n": 5}))

    assert found.open() == ["A"]
    found.complete("A")
    ended(found)


# Services, child cases


def test_a_service_is_skipped_and_nobody_waits_for_its_answer() -> None:
    found = case(node("serviceTask", "A", case_type="http", case_resultVariable="r") + user("B"), "s A B e")
    activity = found.id_of("A")

    done = modified(found, step("skip", "A", values={"r": {"status": 200}}))

    assert (len(done.before.services), done.after.services, found.variables["r"]) == (1, (), {"status": 200})
    assert activity not in found.workflow.run.tasks
    found.complete("B")
    ended(found)


def test_a_service_is_called_again_under_another_id() -> None:
    found = case(node("serviceTask", "A", case_type="http"), "s A e")
    before = found.id_of("A")

    done = modified(found, step("again", "A"))

    [service] = done.after.services
    assert service.activity_id != before
    found.complete("A")
    ended(found)


def test_a_child_case_is_skipped_or_taken_away() -> None:
    call = node("callActivity", "A", calledElement="other", case_childCase="true")
    found = case(call + user("B"), "s A B e")
    assert modified(found, step("skip", "A")).after.children == ()
    found.complete("B")
    ended(found)

    other = case(call + user("B"), "s A B e")
    done = modified(other, step("move", "A", to="B"))
    assert cancelled(done) == ["A"]
    other.complete("B")
    ended(other)


# Failed cases


def test_a_failed_step_is_skipped_and_the_case_goes_on() -> None:
    found = case(script("A", "x = 1 / 0") + user("B"), "s A B e")
    assert found.state == "failed"

    modified(found, step("skip", "A", values={"x": 0}))

    assert (found.state, found.open()) == ("active", ["B"])
    found.complete("B")
    ended(found)


def test_a_failed_step_is_done_again_after_its_data_was_mended() -> None:
    found = case(script("A", "x = 1 / n") + user("B"), "s A B e", n=0)

    modified(found, step("set", values={"n": 2}), step("again", "A"))

    assert (found.state, found.open(), found.variables["x"]) == ("active", ["B"], 0.5)


def test_a_step_that_fails_again_is_refused() -> None:
    found = case(script("A", "x = 1 / n") + user("B"), "s A B e", n=0)

    assert "could not go on" in refused(found, step("again", "A"))


def test_a_case_stays_failed_where_something_else_is_changed() -> None:
    found = case(node("parallelGateway", "f") + user("A", "B") + script("X", "x = 1 / n"), "s f A e", "f X e", n=0)
    assert found.state == "failed"

    modified(found, step("move", "A", to="B"))

    assert found.state == "failed"
    found.at_work().mend({"n": 1})
    found.workflow.retry()
    assert found.open() == ["B"]
    found.complete("B")
    ended(found)


def test_a_gateway_at_which_no_condition_held_is_left_by_a_flow_that_somebody_chooses() -> None:
    found = case(node("exclusiveGateway", "x") + user("A", "B"), "s x", "x A: n == 1", "x B: n == 2", "A e", "B e", n=3)
    assert found.state == "failed"

    modified(found, step("move", "x", to="f2_0_x_B"))

    assert found.open() == ["B"]
    found.complete("B")
    ended(found)


# Joins


def test_a_token_by_the_missing_flow_opens_the_join() -> None:
    found = case(FORK + user("A", "B"), "s f A j e", "f B j")
    found.complete("A")

    done = modified(found, step("take", "B"), step("put", "f1_1_B_j"))

    assert cancelled(done) == ["B"]
    ended(found)


def test_a_token_put_at_a_join_that_waits_opens_it() -> None:
    found = case(FORK + user("A", "B", "C"), "s f A j C e", "f B j")
    found.complete("A")

    modified(found, step("take", "B"), step("put", "j"))

    assert found.open() == ["C"]
    found.complete("C")
    ended(found)


def test_a_join_at_which_several_tokens_wait_is_skipped_once() -> None:
    gates = node("parallelGateway", "f") + node("parallelGateway", "j")
    found = case(gates + user("A", "B", "D", "C"), "s f A j C e", "f B j", "f D j")
    found.complete("A")
    found.complete("B")

    modified(found, step("skip", "j"), step("take", "D"))

    assert found.open() == ["C"]
    found.complete("C")
    ended(found)


def test_a_token_that_waits_at_a_join_is_taken_away() -> None:
    found = case(FORK + user("A", "B", "C"), "s f A j C e", "f B j")
    found.complete("A")

    modified(found, step("take", "j"), step("move", "B", to="C"))

    assert found.open() == ["C"]
    found.complete("C")
    ended(found)


def test_an_inclusive_join_opens_as_the_last_branch_is_taken_away() -> None:
    gates = node("inclusiveGateway", "f") + node("inclusiveGateway", "j")
    found = case(gates + user("A", "B", "C"), "s f", "f A: True", "f B: True", "A j C e", "B j")
    found.complete("A")

    modified(found, step("take", "B"))

    assert found.open() == ["C"]
    found.complete("C")
    ended(found)


def test_what_would_wait_for_ever_is_no_step_that_runs() -> None:
    """It is put, and stuck at once: the case would fail."""
    found = case(FORK + user("A", "B"), "s f A j e", "f B j")

    assert "no other can come any more" in refused(found, step("take", "B"), step("move", "A", to="f0_2_A_j"))


# Events


def test_a_timer_fires_now_and_another_is_due_later() -> None:
    wait = node("intermediateCatchEvent", "c", timer("P3D"))
    found = case(
        wait + user("A") + boundary("t", "A", timer("P1D"), interrupting=False) + user("L"), "s c A e", "t L e"
    )
    modified(found, step("fire", "c"))
    assert found.open() == ["A"]

    done = modified(found, step("time", "t", at=NOW + timedelta(hours=1)))

    assert [each.due_at for each in done.after.timers] == [NOW + timedelta(hours=1)]
    found.advance(hours=2)
    assert found.open() == ["A", "L"]
    found.complete("L")
    found.complete("A")
    ended(found)


def test_a_cycle_that_fires_early_goes_on_with_its_next_round() -> None:
    remind = boundary("t", "A", timer("R3/PT1H", "timeCycle"), interrupting=False)
    found = case(user("A", "L") + remind, "s A e", "t L e")

    done = modified(found, step("fire", "t"))

    [left] = done.after.timers
    assert (left.due_at, left.cycles_left) == (NOW + timedelta(hours=2), 2)
    found.complete("L")
    found.complete("A")
    ended(found)


def test_a_time_that_is_past_is_refused() -> None:
    found = case(node("intermediateCatchEvent", "c", timer("P3D")), "s c e")

    assert "is past" in refused(found, step("time", "c", at=NOW - timedelta(hours=1)))


def test_an_interrupting_boundary_event_happens() -> None:
    found = case(user("A", "L") + boundary("b", "A", ERROR), "s A e", "b L e")

    done = modified(found, step("fire", "b"))

    assert (found.open(), cancelled(done)) == (["L"], ["A"])
    found.complete("L")
    ended(found)


def test_a_token_at_a_boundary_event_begins_its_branch_beside_the_activity() -> None:
    found = case(user("A", "L") + boundary("b", "A", MESSAGE), "s A e", "b L e")

    modified(found, step("put", "b"))

    assert found.open() == ["A", "L"]
    found.complete("L")
    found.complete("A")
    ended(found)


def test_a_message_is_delivered_to_who_waits_for_it() -> None:
    found = case(node("receiveTask", "R", messageRef="m") + user("A"), "s R A e")

    done = modified(found, step("deliver", name="m", values={"x": 1}))

    assert (found.open(), found.variables["x"], done.after.subscriptions) == (["A"], 1, ())
    found.complete("A")
    ended(found)


def test_a_message_with_another_key_is_delivered_only_where_the_element_is_named() -> None:
    wait = node("receiveTask", "R", messageRef="m", case_correlationKey="= k")
    found = case(wait + user("A"), "s R A e", k=7)
    assert found.workflow.open_work().subscriptions[0].correlation == {"correlationKey": 7}
    assert "with another key" in refused(found, step("deliver", name="m"))

    modified(found, step("deliver", "R"))

    assert found.open() == ["A"]


def test_a_message_for_which_nobody_waits_is_refused_and_says_what_is_waited_for() -> None:
    found = case(node("receiveTask", "R", messageRef="m"), "s R e")

    assert "it waits for “m”" in refused(found, step("deliver", name="n"))


def test_a_receive_task_and_an_event_are_skipped() -> None:
    wait = node("receiveTask", "R", messageRef="m") + node("intermediateCatchEvent", "c", SIGNAL)
    found = case(wait + user("A"), "s R c A e")

    modified(found, step("skip", "R"))
    done = modified(found, step("skip", "c", values={"x": 1}))

    assert (found.open(), done.after.subscriptions, found.variables["x"]) == (["A"], (), 1)
    found.complete("A")
    ended(found)


def test_of_a_race_the_event_that_is_skipped_has_won() -> None:
    events = node("intermediateCatchEvent", "c", MESSAGE) + node("intermediateCatchEvent", "d", timer("P1D"))
    found = case(node("eventBasedGateway", "g") + events + user("A", "B"), "s g c A e", "g d B e")

    done = modified(found, step("skip", "c"))

    assert (found.open(), done.after.timers, done.after.subscriptions) == (["A"], (), ())
    found.complete("A")
    ended(found)


def test_a_race_is_left_as_a_whole() -> None:
    events = node("intermediateCatchEvent", "c", MESSAGE) + node("intermediateCatchEvent", "d", timer("P1D"))
    found = case(node("eventBasedGateway", "g") + events + user("A", "B"), "s g c A e", "g d B e")

    done = modified(found, step("move", "c", to="A"), step("take", "d"))

    assert (found.open(), done.after.timers, done.after.subscriptions) == (["A"], (), ())
    found.complete("A")
    ended(found)


def test_an_event_sub_process_begins_as_its_event_happens() -> None:
    found = case(user("A") + reaction("R", OTHER, user("H") + end("re"), "Rs H re"), "s A e")
    assert "let that event happen instead" in refused(found, step("put", "R"))
    assert "let the event happen instead" in refused(found, step("put", "Rs"))
    assert "which no event has begun" in refused(found, step("put", "H"))

    done = modified(found, step("deliver", "Rs", values={"x": 1}))

    assert (found.open(), cancelled(done)) == (["H"], ["A"])
    found.complete("H")
    ended(found)


def test_a_token_moves_inside_an_event_sub_process_and_out_of_it() -> None:
    inner = reaction("R", OTHER, user("H", "K") + end("re"), "Rs H K re", interrupting=False)
    found = case(user("A") + inner, "s A e")
    deliver(found, "n")
    modified(found, step("move", "H", to="K"))
    assert found.open() == ["A", "K"]

    modified(found, step("take", "K"))

    assert found.open() == ["A"]
    found.complete("A")
    ended(found)


# Sub-processes


def test_a_token_put_inside_a_closed_sub_process_opens_it() -> None:
    guard = boundary("t", "S", timer("P1D"))
    found = case(user("A", "L") + sub("S", user("B", "C") + end("Se"), "Ss B C Se") + guard, "s A S e", "t L e")

    done = modified(found, step("move", "A", to="C"))

    assert (found.open(), len(done.after.timers)) == (["C"], 1)
    found.complete("C")
    ended(found)


def test_a_sub_process_that_is_left_by_its_last_token_is_gone_rather_than_completed() -> None:
    found = case(sub("S", user("B") + end("Se"), "Ss B Se") + user("A", "C"), "s S A C e")

    done = modified(found, step("move", "B", to="C"))

    assert (found.open(), cancelled(done)) == (["C"], ["B", "S"])
    found.complete("C")
    ended(found)


def test_a_sub_process_is_skipped_with_all_that_is_open_in_it() -> None:
    inner = FORK + user("B", "D") + end("Se") + boundary("t", "B", timer("P1D")) + user("L")
    found = case(sub("S", inner, "Ss f B j Se", "f D j", "t L Se") + user("A"), "s S A e")

    done = modified(found, step("skip", "S"))

    assert (found.open(), done.after.timers) == (["A"], ())
    found.complete("A")
    ended(found)


def test_another_token_in_an_open_sub_process() -> None:
    found = case(sub("S", user("B", "C") + end("Se"), "Ss B C Se"), "s S e")

    modified(found, step("put", "C"))

    assert found.open() == ["B", "C"]
    found.complete("B")
    found.complete("C")
    found.complete("C")
    ended(found)


def test_ad_hoc_work_is_put_taken_away_and_skipped() -> None:
    inner = node("adHocSubProcess", "S", user("B", "C"))
    found = case(inner + user("A"), "s S A e")
    modified(found, step("put", "B"), step("put", "C"))
    assert found.open() == ["B", "C"]
    modified(found, step("take", "B"), step("take", "C"))
    assert len(found.at_work().open_work().adhoc) == 1

    modified(found, step("put", "B"))
    modified(found, step("skip", "S"))

    assert found.open() == ["A"]
    found.complete("A")
    ended(found)


def test_the_last_token_leaves_a_nested_sub_process_and_both_are_gone() -> None:
    inner = sub("T", user("B") + end("Te"), "Ts B Te") + end("Se")
    found = case(sub("S", inner, "Ss T Se") + user("A"), "s S A e")

    done = modified(found, step("move", "B", to="A"))

    assert (found.open(), cancelled(done)) == (["A"], ["B", "T", "S"])
    found.complete("A")
    ended(found)


# Called processes


def called() -> str:
    return process(user("X", "Y"), "s X Y e", key="q")


def test_a_token_moves_inside_a_called_process() -> None:
    found = case(node("callActivity", "A", calledElement="q") + user("B"), "s A B e", called=called())

    modified(found, step("move", "q:X", to="q:Y"))

    assert found.open() == ["Y"]
    found.complete("Y")
    found.complete("B")
    ended(found)


def test_a_called_process_is_left_or_skipped() -> None:
    call = node("callActivity", "A", calledElement="q") + user("B")
    found = case(call, "s A B e", called=called(), n=1)
    modified(found, step("move", "q:X", to="B"))
    found.complete("B")
    ended(found)

    other = case(call, "s A B e", called=called(), n=1)
    modified(other, step("skip", "A", values={"m": 2}))
    assert dict(other.variables) == {"n": 1, "m": 2}
    other.complete("B")
    ended(other)


def test_no_token_is_put_into_a_called_process_that_is_not_open() -> None:
    found = case(user("B") + node("callActivity", "A", calledElement="q"), "s B A e", called=called())

    assert "put the token on the call" in refused(found, step("put", "q:Y"))


# Repetition


def many(more: str = "", inner: str = "") -> str:
    return node("userTask", "A", inner + EACH.format(more=more))


@pytest.mark.parametrize("more", ["", ' isSequential="true"'])
def test_an_instance_is_taken_away_and_adds_no_result(more: str) -> None:
    found = case(many(more) + user("B"), "s A B e", items=[1, 2, 3])

    modified(found, step("take", activity=found.id_of("A")))

    for number in (2, 3):
        found.complete("A", result=number)
    assert (found.open(), found.variables["results"]) == (["B"], [2, 3])
    found.complete("B")
    ended(found)


@pytest.mark.parametrize("more", ["", ' isSequential="true"'])
def test_an_instance_is_skipped_and_brings_what_is_said(more: str) -> None:
    found = case(many(more) + user("B"), "s A B e", items=[1, 2])

    modified(found, step("skip", activity=found.id_of("A"), values={"result": "x"}))
    modified(found, step("skip", activity=found.id_of("A")))

    assert (found.open(), found.variables["results"]) == (["B"], ["x"])
    found.complete("B")
    ended(found)


def test_an_instance_begins_anew_with_its_item() -> None:
    found = case(many() + user("B"), "s A B e", items=["a", "b"])
    first = found.id_of("A")

    modified(found, step("again", activity=first))

    work = found.at_work().open_work()
    assert sorted(task.local["item"] for task in work.tasks) == ["a", "b"]
    assert first not in {task.activity_id for task in work.tasks}
    found.complete("A", result=1)
    found.complete("A", result=2)
    assert len(found.variables["results"]) == 2
    found.complete("B")
    ended(found)


def test_all_instances_move_as_one_token() -> None:
    found = case(many() + user("B"), "s A B e", items=[1, 2, 3])

    done = modified(found, step("move", "A", to="B"))

    assert (found.open(), cancelled(done).count("A")) == (["B"], 4)
    found.complete("B")
    ended(found)


def test_when_all_instances_were_taken_away_the_activity_has_ended() -> None:
    found = case(many() + user("B"), "s A B e", items=[1, 2])

    modified(found, *(step("take", activity=found.id_of("A", number)) for number in (0, 1)))

    assert (found.open(), found.variables["results"]) == (["B"], [])


def test_a_repeated_sub_process_loses_an_instance_with_its_last_token() -> None:
    inner = user("B") + end("Se") + EACH.format(more="")
    drawn = node(
        "subProcess",
        "S",
        f'<startEvent id="Ss"/>{inner}<sequenceFlow id="i1" sourceRef="Ss" targetRef="B"/>'
        '<sequenceFlow id="i2" sourceRef="B" targetRef="Se"/>',
    )
    found = case(drawn + user("A"), "s S A e", items=[1, 2])

    modified(found, step("take", activity=found.id_of("B")))

    assert found.open() == ["B"]
    found.complete("B", result=2)
    assert found.open() == ["A"]
    assert "is repeated: put the token on “S”" in refused(found, step("put", "B"))


def test_a_round_of_a_loop_is_skipped_and_the_loop_taken_away() -> None:
    loop = '<standardLoopCharacteristics loopMaximum="3"/>'
    found = case(node("userTask", "A", loop) + user("B"), "s A B e")
    modified(found, step("skip", activity=found.id_of("A")))
    assert found.open() == ["A"]

    modified(found, step("move", activity=found.id_of("A"), to="B"))

    assert found.open() == ["B"]
    found.complete("B")
    ended(found)


def test_a_loop_whose_round_loses_its_last_token_is_gone() -> None:
    loop = '<standardLoopCharacteristics loopMaximum="3"/>'
    body = f'<startEvent id="Ss"/>{user("B")}{end("Se")}{loop}'
    ways = '<sequenceFlow sourceRef="Ss" targetRef="B"/><sequenceFlow sourceRef="B" targetRef="Se"/>'
    found = case(node("subProcess", "S", body + ways) + user("A"), "s S A e")

    modified(found, step("move", "B", to="A"))

    assert found.open() == ["A"]
    found.complete("A")
    ended(found)


# Compensation


def undone() -> Case:
    handler = node("userTask", "H", isForCompensation="true")
    drawn = user("A", "B") + handler + boundary("c", "A", UNDO) + '<association id="as" sourceRef="c" targetRef="H"/>'
    return case(drawn + node("intermediateThrowEvent", "u", UNDO) + user("C"), "s A B u C e")


def test_what_was_skipped_is_not_undone_and_what_was_done_is() -> None:
    found = undone()
    modified(found, step("skip", "A"))
    found.complete("B")
    assert found.open() == ["C"]

    other = undone()
    other.complete("A")
    modified(other, step("skip", "B"))
    assert other.open() == ["H"]
    other.complete("H")
    other.complete("C")
    ended(other)


def test_undoing_is_skipped_as_a_whole_or_one_after_the_other() -> None:
    found = undone()
    found.complete("A")
    found.complete("B")
    assert found.open() == ["H"]
    assert "begins only where the diagram asks for that" in refused(found, step("put", "H"))
    other = undone()
    other.complete("A")
    other.complete("B")

    modified(found, step("skip", "u"))
    modified(other, step("take", "H"))

    for each in (found, other):
        assert each.open() == ["C"]
        each.complete("C")
        ended(each)


# What cannot be


def test_what_is_not_there_is_refused_by_name() -> None:
    found = case(user("A", "B"), "s A B e")

    assert "no element “Z”" in refused(found, step("put", "Z"))
    assert "At “B” nothing is open" in refused(found, step("move", "B", to="A"))
    assert "give its “to”" in refused(found, step("move", "A"))
    assert "give its “element”" in refused(found, step("put"))
    assert "The activity 7 is not open, or no longer" in refused(found, step("skip", activity="7"))
    assert "stands at “A”, not at “B”" in refused(found, step("skip", "B", activity=found.id_of("A")))
    assert "no event is waited for" in refused(found, step("fire", "A"))
    assert "no timer is running" in refused(found, step("time", "A", at=NOW + timedelta(days=1)))
    assert "no process “q”" in refused(found, step("put", "q:A"))
    assert "at least one step" in refused(found)


def test_one_step_that_cannot_be_undoes_all() -> None:
    found = case(user("A", "B"), "s A B e")

    refused(found, step("move", "A", to="B"), step("put", "Z"))

    assert found.open() == ["A"]


def test_steps_keep_their_meaning_as_json() -> None:
    at = NOW + timedelta(days=1)
    for each in (step("put", "A"), step("move", "A", to="B", activity="7"), step("time", "t", at=at)):
        assert Step.from_json(each.as_json()) == each
    assert step("skip", "A", values={"x": None}).as_json() == {"do": "skip", "element": "A", "values": {"x": None}}
