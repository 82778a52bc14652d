"""Activities, gateways and data as people draw them beyond the plain cases; each case is loaded again before a step."""

from __future__ import annotations

from typing import Any

import pytest

from service.engine.errors import NotReady
from tests.engine.diagrams import Case, flows, node, package, process, script, timer, user
from tests.engine.with_events import MESSAGE, ROOTS, boundary, case, deliver, end, sub

TWICE = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"


def over(items: str = "items", *, sequential: bool = False, until: str = "", results: str = "") -> str:
    """A multi-instance over a collection, with `item`, and `results` of each one's `out`."""
    end_ = f"<completionCondition>{until}</completionCondition>" if until else ""
    gathered = f"<loopDataOutputRef>{results}</loopDataOutputRef>" if results else ""
    made = '<outputDataItem id="out" name="out"/>' if results else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"<loopDataInputRef>{items}</loopDataInputRef>{gathered}"
        f'<inputDataItem id="item" name="item"/>{made}{end_}</multiInstanceLoopCharacteristics>'
    )


# Repetition


def test_a_multi_instance_in_a_multi_instance_keeps_its_own_counters() -> None:
    inner = node("userTask", "A", over("item").replace('id="item" name="item"', 'id="x" name="x"'))
    found = case(sub("S", over() + inner, "Ss A"), "s S e", items=[[1, 2], [3]])

    seen = sorted(
        (task.local["x"], task.local["loopCounter"], task.local["nrOfInstances"])
        for task in found.at_work().open_work().tasks
    )

    assert seen == [(1, 0, 2), (2, 1, 2), (3, 0, 1)]
    for _ in range(3):
        found.complete("A")
    assert found.state == "completed"


def test_a_sequence_of_sub_processes_stops_when_its_condition_holds() -> None:
    loop = over(sequential=True, until="nrOfCompletedInstances &gt;= 2 or stop")
    found = case(sub("S", loop + user("A", "B"), "Ss A B") + user("Z"), "s S Z e", items=[1, 2, 3], stop=False)

    for name in ("A", "B", "A"):
        found.complete(name)
    found.complete("B")

    assert found.open() == ["Z"]


def test_results_come_in_the_order_of_the_items_whoever_is_first() -> None:
    found = case(node("userTask", "A", over(results="all")), "s A e", items=["a", "b", "c"])

    for wanted in ("c", "a", "b"):
        tasks = found.at_work().open_work().tasks
        [chosen] = [task for task in tasks if task.local["item"] == wanted]
        found.workflow.complete(chosen.activity_id, {"out": wanted * 2})

    assert found.variables["all"] == ["aa", "bb", "cc"]


def test_a_called_process_for_each_item_gives_back_one_result_each() -> None:
    called = process(user("A"), "s A e", key="q")
    mapping = (
        '<extensionElements><case:ioMapping><case:input source="item" target="n"/>'
        '<case:output source="n * 10" target="out"/></case:ioMapping></extensionElements>'
    )
    call = node("callActivity", "call", mapping + over(results="all"), calledElement="q")
    found = case(call, "s call e", called=called, items=[1, 2])

    found.complete("A", 1)
    found.complete("A")

    assert found.variables["all"] == [10, 20]


def test_a_non_interrupting_boundary_timer_on_a_multi_instance_fires_once_for_all() -> None:
    elements = node("userTask", "A", TWICE) + boundary("b", "A", timer("PT1H"), interrupting=False) + user("B")
    found = case(elements + end("z"), "s A e", "b B z")

    found.advance(hours=5)

    assert found.open() == ["A", "A", "B"]


def test_a_receive_task_for_each_item_takes_one_message_each() -> None:
    elements = node("receiveTask", "W", TWICE, messageRef="m") + user("Z")
    found = case(elements, "s W Z e")

    assert deliver(found, "m") and found.open() == []
    assert deliver(found, "m") and found.open() == ["Z"]


def test_a_loop_on_a_sub_process_goes_on_while_its_condition_holds() -> None:
    loop = "<standardLoopCharacteristics><loopCondition>again</loopCondition></standardLoopCharacteristics>"
    found = case(sub("S", loop + user("A"), "Ss A") + user("Z"), "s S Z e", again=True)

    found.complete("A")
    found.complete("A", again=False)

    assert found.open() == ["Z"]


def test_a_loop_stops_at_its_maximum_although_its_condition_holds() -> None:
    loop = (
        '<standardLoopCharacteristics loopMaximum="2"><loopCondition>True</loopCondition></standardLoopCharacteristics>'
    )
    found = case(node("userTask", "A", loop), "s A e")

    found.complete("A")
    found.complete("A")

    assert found.state == "completed"


# Gateways


def test_an_inclusive_join_after_an_inner_choice_waits_for_no_branch_that_was_not_taken() -> None:
    elements = node("inclusiveGateway", "g") + node("inclusiveGateway", "j") + node("exclusiveGateway", "x")
    found = case(
        elements + user("A", "B", "C", "Z"), "s g", "g A: a", "g x: b", "x B: low", "x C: not low", "A j", "B j",
        "C j", "j Z e", a=True, b=True, low=False,
    )  # fmt: skip

    found.complete("C")
    early = found.open()
    found.complete("A")

    assert (early, found.open()) == (["A"], ["Z"])


def test_an_inclusive_gateway_in_a_loop_starts_over_in_each_round() -> None:
    elements = node("inclusiveGateway", "g") + node("inclusiveGateway", "j") + node("exclusiveGateway", "x")
    found = case(
        elements + user("A", "B"), "s g", "g A: a", "g B: True", "A j", "B j x", "x g: again", "x e: not again",
        a=True, again=True,
    )  # fmt: skip

    found.complete("A")
    found.complete("B", a=False)
    second = found.open()
    found.complete("B", again=False)

    assert (second, found.state) == (["B"], "completed")


def test_a_parallel_join_does_not_take_two_tokens_of_one_branch_for_two_branches() -> None:
    elements = node("parallelGateway", "g") + node("parallelGateway", "j") + node("exclusiveGateway", "m")
    found = case(elements + user("A", "B", "C", "Z"), "s g A m", "g B m", "m j", "g C j Z e")

    found.complete("A")
    found.complete("B")

    assert found.open() == ["C"]


def test_two_of_three_reviewers_are_enough_and_a_second_round_starts_clean() -> None:
    condition = "<activationCondition>activationCount &gt;= 2</activationCondition>"
    elements = node("parallelGateway", "g") + node("complexGateway", "j", condition) + node("exclusiveGateway", "x")
    elements += node("exclusiveGateway", "m")
    found = case(
        elements + user("A", "B", "C", "Z"), "s m g A j", "g B j", "g C j", "j Z x", "x m: again", "x e: not again",
        again=False,
    )  # fmt: skip

    found.complete("A")
    found.complete("C")
    first = found.open()
    found.complete("B")
    found.complete("Z", again=True)
    second = found.open()
    found.complete("B")
    found.complete("A")

    assert (first, second, found.open()) == (["B", "Z"], ["A", "B", "C"], ["C", "Z"])


def test_an_event_based_gateway_hears_message_signal_condition_timer_and_receive_task() -> None:
    when = "<conditionalEventDefinition><condition>= ready</condition></conditionalEventDefinition>"
    events = {
        "c1": MESSAGE,
        "c2": '<signalEventDefinition signalRef="sig"/>',
        "c3": when,
        "c4": timer("PT1H"),
    }
    elements = node("eventBasedGateway", "g") + node("receiveTask", "c5", messageRef="n")
    elements += "".join(node("intermediateCatchEvent", name, inner) for name, inner in events.items())
    paths = ["s g", *(f"g c{n} T{n} e" for n in range(1, 6))]
    acts = {
        1: lambda found: deliver(found, "m"),
        2: lambda found: found.at_work().broadcast("sig"),
        3: lambda found: found.at_work().set_variables({"ready": True}),
        4: lambda found: found.advance(hours=2),
        5: lambda found: deliver(found, "n"),
    }
    for number, act in acts.items():
        found = case(elements + user(*(f"T{n}" for n in range(1, 6))), *paths, ready=False)

        act(found)

        assert found.open() == [f"T{number}"]
        waiting = found.at_work().open_work()
        assert not waiting.timers and not waiting.subscriptions


def test_the_default_of_a_task_with_conditional_flows_is_taken_when_none_holds() -> None:
    text = process(user("A", "B", "C"), "s A", "A B: x > 1", "A C", "B e", "C e")
    text = text.replace('<userTask id="A"', '<userTask default="f2_0_A_C" id="A"')
    for x, expected in ((2, ["B"]), (0, ["C"])):
        found = Case(package(text).definitions["p"], reload=True, x=x)

        found.complete("A")

        assert found.open() == expected


# Sub-processes and calls


def test_processes_that_call_each_other_for_ever_are_stopped_and_named() -> None:
    one = process(node("callActivity", "c", calledElement="q"), "s c e")
    two = process(node("callActivity", "d", calledElement="p"), "s d e", key="q")

    found = Case(package(one, two).definitions["p"])

    assert found.state == "failed"
    assert "call each other more than" in found.why


def test_a_sub_process_without_a_start_event_begins_everywhere_at_once() -> None:
    inner = user("A", "B") + flows("A B") + user("C")
    found = case(node("subProcess", "S", inner) + user("Z"), "s S Z e")

    started = found.open()
    for name in ("A", "B", "C"):
        found.complete(name)

    assert (started, found.open()) == (["A", "C"], ["Z"])


def test_an_ad_hoc_sub_process_holds_a_whole_little_process() -> None:
    inner = user("A", "B", "C") + node("exclusiveGateway", "g") + flows("A g", "g B: deep", "g C: not deep")
    found = case(node("adHocSubProcess", "H", inner + node("userTask", "N", TWICE)), "s H e", deep=True)
    opened = found.id_of("H")
    names = [item.element_id for item in found.at_work().open_work().adhoc[0].enabled]

    found.at_work().activate(opened, "A")
    found.at_work().activate(opened, "N")
    found.complete("A")

    assert (names, found.open()) == (["A", "N"], ["B", "N", "N"])


def test_people_start_events_and_gateways_of_an_ad_hoc_sub_process_too() -> None:
    """BPMN 2.0.2 §10.3.5: it may hold intermediate events and gateways."""
    inner = node("intermediateCatchEvent", "T", timer("PT1H"), case_maxRepetitions="1") + user("A", "B", "C")
    inner += node("intermediateThrowEvent", "M", MESSAGE) + node("parallelGateway", "g") + flows("T A", "g B", "g C")
    until = "<completionCondition>enough</completionCondition>"
    found = case(node("adHocSubProcess", "H", inner + until), "s H e", enough=False)
    opened = found.id_of("H")
    names = [item.element_id for item in found.at_work().open_work().adhoc[0].enabled]

    for name in ("T", "M", "g"):
        found.at_work().activate(opened, name)
    with pytest.raises(NotReady, match="once only"):
        found.at_work().activate(opened, "T")
    found.advance(hours=1)
    counted = {item.element_id: item.done for item in found.at_work().open_work().adhoc[0].enabled}
    at_last = found.open()
    found.at_work().set_variables({"enough": True})
    found.at_work().activate(opened, "M")

    assert names == ["T", "M", "g"]
    assert at_last == ["A", "B", "C"]
    assert counted == {"T": 1, "M": 1, "g": 1}
    assert found.state == "completed"


def test_an_ad_hoc_sub_process_in_an_ad_hoc_sub_process() -> None:
    inner = node("adHocSubProcess", "I", user("A"))
    found = case(node("adHocSubProcess", "H", inner + user("B")), "s H e")
    outer = found.id_of("H")
    found.at_work().activate(outer, "I")

    inside = found.id_of("I")
    found.at_work().activate(inside, "A")
    found.complete("A")
    found.at_work().finish_adhoc(inside)
    found.at_work().finish_adhoc(outer)

    assert found.state == "completed"


def test_finished_by_hand_an_ad_hoc_sub_process_leaves_or_cancels_what_is_open_as_it_says() -> None:
    found = {}
    for kept in ("true", "false"):
        inner = user("A", "B") + flows("A B")
        each = case(node("adHocSubProcess", "H", inner, cancelRemainingInstances=kept) + user("Z"), "s H Z e")
        opened = each.id_of("H")
        each.at_work().activate(opened, "A")

        each.at_work().finish_adhoc(opened)

        found[kept] = each
    assert (found["true"].open(), found["false"].open()) == (["Z"], ["A"])
    [closing] = found["false"].at_work().open_work().adhoc
    assert (closing.may_finish, closing.missing) == (False, ())
    assert closing.enabled[0].why_not == "This part of the case is being finished; nothing new starts."
    with pytest.raises(NotReady, match="ends when what is open in it is done"):
        found["false"].at_work().finish_adhoc(opened)
    found["false"].complete("A")
    assert found["false"].open() == ["B"]
    found["false"].complete("B")
    assert found["false"].open() == ["Z"]


def test_a_completion_condition_in_feel_ends_an_ad_hoc_sub_process() -> None:
    until = "<completionCondition>= count(done) &gt; 1</completionCondition>"
    found = case(node("adHocSubProcess", "H", user("A") + until), "s H e", done=[])
    opened = found.id_of("H")
    for number in (1, 2):
        found.at_work().activate(opened, "A")
        found.complete("A", done=list(range(number)))

    assert found.state == "completed"


# Data


def test_a_process_s_properties_and_data_objects_are_variables() -> None:
    data = '<dataObject id="d" name="sheet"/><dataObjectReference id="r" dataObjectRef="d" name="sheet"/>'
    task = node("scriptTask", "T", "<script>sheet = {'n': 1}</script>")

    found = case(data + task + user("A"), "s T A e")

    assert found.variables["sheet"] == {"n": 1}


def test_a_variable_of_any_name_that_python_allows_can_be_used() -> None:
    values: dict[str, Any] = {"id": 7, "type": "x", "größe": 2, "class_": 1, "_hidden": 3}
    found = case(
        script("T", "seen = [id, type, größe, class_, _hidden]") + node("exclusiveGateway", "g") + user("A", "B"),
        "s T g", "g A: id == 7 and type == 'x'", "g B: id != 7", "A e", "B e", **values,
    )  # fmt: skip

    assert found.variables["seen"] == [7, "x", 2, 1, 3]
    assert found.open() == ["A"]


@pytest.mark.parametrize("value", [0, "", [], None, False, {}])
def test_conditions_take_python_s_idea_of_truth(value: Any) -> None:
    found = case(node("exclusiveGateway", "g") + user("A", "B"), "s g", "g A: x", "g B: not x", "A e", "B e", x=value)

    assert found.open() == ["B"]


def test_a_message_brings_a_deep_value_and_its_receiver_reads_it() -> None:
    catch = node("intermediateCatchEvent", "c", MESSAGE)
    found = Case(
        package(process(catch + script("T", "town = who['at'][0]['town']"), "s c T e"), roots=ROOTS).definitions["p"],
        reload=True,
    )

    deliver(found, "m", who={"at": [{"town": "Graz"}]})

    assert found.variables["town"] == "Graz"


@pytest.mark.parametrize(("behavior", "times"), [("None", 3), ("One", 1), ("All", 0)])
def test_a_multi_instance_throws_the_event_of_its_behavior(behavior: str, times: int) -> None:
    loop = (
        f'<multiInstanceLoopCharacteristics behavior="{behavior}" noneBehaviorEventRef="def" oneBehaviorEventRef="def">'
        "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    told = boundary("b", "A", '<signalEventDefinition signalRef="sig"/>', interrupting=False)
    drawn = process(node("userTask", "A", loop) + told + user("B"), "s A e", "b B e")
    roots = ROOTS + '<signalEventDefinition id="def" signalRef="sig"/>'
    found = Case(package(drawn, roots=roots).definitions["p"], reload=True)

    for _ in range(3):
        found.complete("A")

    assert found.open() == ["B"] * times


def test_the_event_of_the_first_instance_may_end_the_others() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="def">'
        "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    told = boundary("b", "A", '<signalEventDefinition signalRef="sig"/>')
    drawn = process(node("userTask", "A", loop) + told + user("B"), "s A e", "b B e")
    roots = ROOTS + '<signalEventDefinition id="def" signalRef="sig"/>'
    found = Case(package(drawn, roots=roots).definitions["p"], reload=True)

    found.complete("A")

    assert found.open() == ["B"]
