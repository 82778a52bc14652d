"""The move: what is open goes on under another version, keeps its ids, and what is new around it begins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

import pytest

from service.engine import timing
from service.engine.change.move import Moved, move
from service.engine.change.plan import Clock, Plan
from service.engine.errors import Unmovable
from service.engine.parser import Definition
from service.engine.working_time import WorkingTime
from tests.engine.diagrams import NOW, Case, node, package, process, script, timer, user
from tests.engine.with_events import MESSAGE, OTHER, ROOTS, SIGNAL, boundary, deliver, end, reaction, sub

MANY = (
    "<multiInstanceLoopCharacteristics{more}><loopCardinality>{count}</loopCardinality>"
    "</multiInstanceLoopCharacteristics>"
)


def version(elements: str, *paths: str, called: str = "") -> Definition:
    drawn = package(process(elements, *paths), *([called] if called else []), roots=ROOTS)
    return drawn.definitions["p"]


def opened(definition: Definition, **variables: Any) -> Case:
    return Case(definition, reload=True, **variables)


def moved(case: Case, target: Definition, plan: Plan | None = None) -> Moved:
    """Move the case, and go on with it there. What was there before must be as it was."""
    before = case.workflow.dump()
    done = move(case.definition, target, case.workflow, plan or Plan(), now=case.now)
    assert case.workflow.dump() == before
    case.definition, case.workflow = target, done.workflow
    return done


def there_and_back(case: Case, target: Definition, plan: Mapping[str, str] | None = None) -> None:
    """Move and return: each byte is as before."""
    source, before, there = case.definition, case.workflow.dump(), plan or {}
    moved(case, target, Plan(elements=there))
    moved(case, source, Plan(elements={after: name for name, after in there.items()}))
    assert case.workflow.dump() == before


def refused(case: Case, target: Definition, plan: Plan | None = None) -> Unmovable:
    before = case.workflow.dump()
    with pytest.raises(Unmovable) as caught:
        move(case.definition, target, case.workflow, plan or Plan(), now=case.now)
    assert case.workflow.dump() == before
    return caught.value


def activate(case: Case, element_id: str) -> None:
    sub_process = case.id_of("S")
    case.workflow.activate(sub_process, element_id)


# Tasks


def test_a_task_keeps_its_id_and_what_comes_after_it_is_the_new_version_s() -> None:
    case = opened(version(user("A"), "s A e"))
    activity = case.id_of("A")

    moved(case, version(user("A", "B"), "s A B e"))

    assert case.id_of("A") == activity
    case.complete("A")
    assert case.open() == ["B"]


def test_an_element_that_is_gone_keeps_the_case_where_it_is() -> None:
    case = opened(version(user("A"), "s A e"))

    refusal = refused(case, version(user("B"), "s B e"))

    assert refusal.element_id == "A"
    assert "“A” is not in the other version" in str(refusal)


def test_a_renamed_element_is_found_by_the_plan() -> None:
    case = opened(version(user("A"), "s A e"))
    there_and_back(case, version(user("B"), "s B e"), {"A": "B"})

    moved(case, version(user("B"), "s B e"), Plan(elements={"A": "B"}))

    assert case.open() == ["B"]


def test_what_the_plan_takes_away_is_cancelled_and_the_rest_goes_on() -> None:
    fork = node("parallelGateway", "f") + node("parallelGateway", "j")
    case = opened(version(fork + user("A", "B"), "s f A j e", "f B j"))

    done = moved(case, version(node("parallelGateway", "f") + user("A"), "s f A e"), Plan(elements={"B": None}))

    assert case.open() == ["A"]
    assert [each.element_id for each in done.workflow.take_happenings() if each.what == "cancelled"] == ["B"]
    case.complete("A")
    assert case.state == "completed"


def test_another_kind_of_element_is_refused() -> None:
    case = opened(version(user("A"), "s A e"))

    refusal = refused(case, version(node("serviceTask", "A", case_type="http"), "s A e"))

    assert "is a task of a person, and would be a task of the worker" in str(refusal)


def test_what_was_evaluated_for_a_task_stays() -> None:
    drawn = node("userTask", "A", case_candidateGroups="=team", case_dueDate="P1D")
    case = opened(version(drawn, "s A e"), team="clerks")

    moved(case, version(node("userTask", "A", case_candidateGroups="=other", case_dueDate="P9D"), "s A e"))

    [task] = case.workflow.open_work().tasks
    assert task.candidate_groups == ("clerks",)
    assert task.due_at == NOW + timedelta(days=1)


def test_new_inputs_of_an_open_task_are_mapped_and_forgotten_on_the_way_back() -> None:
    said = '<case:ioMapping><case:input source="=n + 1" target="more"/></case:ioMapping>'
    mapping = f"<extensionElements>{said}</extensionElements>"
    case = opened(version(user("A"), "s A e"), n=1)
    target = version(node("userTask", "A", mapping), "s A e")

    there_and_back(case, target)
    moved(case, target)

    assert case.workflow.visible(case.id_of("A"))["more"] == 2


def test_values_of_the_plan_are_set() -> None:
    case = opened(version(user("A"), "s A e"), n=20)

    moved(case, version(user("A"), "s A e"), Plan(values={"rate": "=n * 2"}))

    assert case.variables["rate"] == 40


def test_a_value_that_cannot_be_worked_out_is_refused() -> None:
    case = opened(version(user("A"), "s A e"))

    assert "“rate”" in str(refused(case, version(user("A"), "s A e"), Plan(values={"rate": "1 / 0"})))


def test_a_service_task_goes_on_waiting_for_the_worker() -> None:
    case = opened(version(node("serviceTask", "A", case_type="http"), "s A e"))
    activity = case.id_of("A")

    moved(case, version(node("serviceTask", "A", case_type="http") + user("B"), "s A B e"))
    case.workflow.complete(activity, {"x": 1})

    assert case.open() == ["B"]


# Boundary events, timers, messages


def test_a_new_boundary_event_is_armed_from_now_and_one_that_is_gone_is_taken_away() -> None:
    plain, guarded = (
        version(user("A", "B"), "s A e", "A B e"),
        version(user("A", "B") + boundary("b", "A", timer("PT1H")), "s A e", "b B e"),
    )
    case = opened(plain)
    case.now += timedelta(hours=5)

    done = moved(case, guarded)

    assert done.added == ("b",)
    assert [(each.before, each.after) for each in done.timers] == [(None, case.now + timedelta(hours=1))]
    there_and_back(case, guarded)
    done = moved(case, plain)
    assert done.taken_away == ("b",)
    assert case.workflow.open_work().timers == ()


def test_a_boundary_event_there_and_back_leaves_no_trace() -> None:
    case = opened(version(user("A"), "s A e"))

    there_and_back(case, version(user("A", "B") + boundary("b", "A", timer("PT1H")), "s A e", "b B e"))


def test_a_boundary_event_that_has_fired_is_not_armed_again() -> None:
    drawn = user("A", "B") + boundary("b", "A", timer("PT1H"), interrupting=False)
    case = opened(version(drawn, "s A e", "b B e"))
    case.advance(hours=2)

    done = moved(case, version(drawn + user("C"), "s A C e", "b B e"))

    assert done.added == ()
    assert case.open() == ["A", "B"]


@pytest.mark.parametrize(("clock", "due"), [(Clock.KEEP, 10), (Clock.ENTRY, 3), (Clock.NOW, 1 + 3)])
def test_a_running_timer_is_kept_or_counted_anew(clock: Clock, due: int) -> None:
    case = opened(version(user("A", "B") + boundary("b", "A", timer("PT10H")), "s A e", "b B e"))
    case.now += timedelta(hours=1)
    target = version(user("A", "B") + boundary("b", "A", timer("PT3H")), "s A e", "b B e")

    moved(case, target, Plan(clocks={"b": clock}))

    assert [each.due_at for each in case.workflow.open_work().timers] == [NOW + timedelta(hours=due)]


def test_a_timer_that_counts_anew_counts_the_working_time_of_its_new_version() -> None:
    nights = WorkingTime("nights", UTC, (((0, 60), (1380, 1440)),) * 7)
    case = opened(version(user("A", "B") + boundary("b", "A", timer("PT10H")), "s A e", "b B e"))
    case.workflow.calendars = {"nights": nights}.__getitem__
    drawn = boundary("b", "A", timer("PT2H")).replace(' id="b"', ' id="b" case:calendar="nights"', 1)

    moved(case, version(user("A", "B") + drawn, "s A e", "b B e"), Plan(clocks={"b": Clock.NOW}))

    counted = nights.after(case.now, timing.duration("PT2H"))
    assert [each.due_at for each in case.workflow.open_work().timers] == [counted]
    assert counted > case.now + timedelta(hours=2)


def test_a_boundary_event_that_becomes_interrupting_ends_its_activity() -> None:
    def drawn(interrupting: bool) -> Definition:
        return version(user("A", "B") + boundary("b", "A", timer("PT1H"), interrupting=interrupting), "s A e", "b B e")

    case = opened(drawn(False))
    moved(case, drawn(True))

    case.advance(hours=1)

    assert case.open() == ["B"]


def test_a_renamed_message_is_waited_for_once_by_its_new_name() -> None:
    case = opened(version(node("receiveTask", "A", messageRef="m") + user("B"), "s A B e"))

    done = moved(case, version(node("receiveTask", "A", messageRef="n") + user("B"), "s A B e"))

    assert [(each.before, each.after) for each in done.subscriptions] == [("m", "n")]
    assert [each.event_name for each in case.workflow.open_work().subscriptions] == ["n"]
    assert not deliver(case, "m")
    assert deliver(case, "n")
    assert case.open() == ["B"]


def test_an_event_that_waits_for_something_of_another_kind_is_armed_anew() -> None:
    case = opened(version(node("intermediateCatchEvent", "A", MESSAGE), "s A e"))

    moved(case, version(node("intermediateCatchEvent", "A", timer("PT1H")), "s A e"))
    case.advance(hours=1)

    assert case.state == "completed"


def test_a_second_definition_of_an_event_is_armed_beside_the_first() -> None:
    case = opened(version(node("intermediateCatchEvent", "A", timer("PT5H")), "s A e"))

    moved(case, version(node("intermediateCatchEvent", "A", MESSAGE + timer("PT1H")), "s A e"))

    [kept] = case.workflow.open_work().timers
    assert kept.due_at == NOW + timedelta(hours=5)
    assert deliver(case, "m")
    assert case.state == "completed"


def test_a_condition_that_holds_by_the_new_version_s_text_fires_as_the_case_moves() -> None:
    def drawn(limit: int) -> Definition:
        event = f"<conditionalEventDefinition><condition>=n &gt; {limit}</condition></conditionalEventDefinition>"
        return version(user("A", "B") + boundary("b", "A", event), "s A e", "b B e")

    case = opened(drawn(10), n=5)

    moved(case, drawn(3))

    assert case.open() == ["B"]


def test_a_new_event_behind_an_event_based_gateway_joins_the_race() -> None:
    first = node("intermediateCatchEvent", "M", MESSAGE)
    second = node("intermediateCatchEvent", "T", timer("PT1H"))
    before = version(node("eventBasedGateway", "g") + first + second, "s g M e", "g T e")
    third = node("intermediateCatchEvent", "S", SIGNAL)
    after = version(node("eventBasedGateway", "g") + first + third + user("B"), "s g M e", "g S B e")
    case = opened(before)

    done = moved(case, after)

    assert (done.added, done.taken_away) == (("S",), ("T",))
    assert case.workflow.broadcast("sig")
    assert case.open() == ["B"]
    assert case.workflow.open_work().subscriptions == ()


# Event sub-processes


def test_a_new_event_sub_process_listens_and_one_that_is_gone_does_not() -> None:
    plain, listening = (
        version(user("A"), "s A e"),
        version(user("A") + reaction("r", MESSAGE, user("B") + end("re"), "rs B re"), "s A e"),
    )
    case = opened(plain)
    there_and_back(case, listening)

    done = moved(case, listening)

    assert done.added == ("rs",)
    assert deliver(case, "m")
    assert case.open() == ["B"]


def test_an_event_sub_process_at_work_goes_on_and_nothing_listens_beside_it() -> None:
    drawn = reaction("r", MESSAGE, user("B") + end("re"), "rs B re")
    other = reaction("q", OTHER, user("C") + end("qe"), "qs C qe")
    case = opened(version(user("A") + drawn, "s A e"))
    deliver(case, "m")

    done = moved(case, version(user("A") + drawn + other, "s A e"))

    assert done.added == ()
    assert case.open() == ["B"]
    case.complete("B")
    assert case.state == "completed"


# Sub-processes


def test_into_an_embedded_sub_process_and_out_again() -> None:
    outside = version(user("A", "B"), "s A B e")
    inside = version(
        sub("S", user("A") + end("Se"), "Ss A Se") + boundary("b", "S", timer("PT1H")) + user("B", "C"),
        "s S B e",
        "b C e",
    )
    case = opened(outside)
    there_and_back(case, inside)
    activity = case.id_of("A")

    done = moved(case, inside)

    assert sorted(done.added) == ["S", "b"]
    assert case.id_of("A") == activity
    case.complete("A")
    assert case.open() == ["B"]


def test_out_of_an_embedded_sub_process_that_is_gone() -> None:
    inside = version(sub("S", user("A") + end("Se"), "Ss A Se") + user("B"), "s S B e")
    case = opened(inside)

    done = moved(case, version(user("A", "B"), "s A B e"))

    assert done.taken_away == ("S",)
    case.complete("A")
    assert case.open() == ["B"]


def test_two_tokens_move_into_one_sub_process() -> None:
    fork, join = node("parallelGateway", "f"), node("parallelGateway", "j")
    case = opened(version(fork + join + user("A", "B"), "s f A j e", "f B j"))
    body = fork + join + user("A", "B") + end("Se")

    moved(case, version(sub("S", body, "Ss f A j Se", "f B j"), "s S e"))
    case.complete("A")
    case.complete("B")

    assert case.state == "completed"


def test_into_two_sub_processes_at_once_and_out_of_them() -> None:
    flat = version(user("A"), "s A e")
    deep = version(sub("S", sub("T", user("A") + end("Te"), "Ts A Te") + end("Se"), "Ss T Se"), "s S e")
    case = opened(flat)

    there_and_back(case, deep)
    moved(case, deep)
    case.complete("A")

    assert case.state == "completed"


def test_a_task_becomes_a_sub_process_by_the_plan() -> None:
    case = opened(version(user("A", "B"), "s A B e"))
    target = version(sub("A", user("A1", "A2") + end("Ae"), "As A1 A2 Ae") + user("B"), "s A B e")

    refused(case, target)
    moved(case, target, Plan(elements={"A": "A1"}))

    assert case.open() == ["A1"]
    case.complete("A1")
    case.complete("A2")
    assert case.open() == ["B"]


def test_into_a_sub_process_that_is_repeated_is_refused() -> None:
    body = MANY.format(more="", count=2) + user("A") + end("Se")
    case = opened(version(user("A"), "s A e"))

    assert "which is repeated" in str(refused(case, version(sub("S", body, "Ss A Se"), "s S e")))


def test_out_of_one_instance_of_a_sub_process_is_refused() -> None:
    body = MANY.format(more="", count=2) + user("A") + end("Se")
    case = opened(version(sub("S", body, "Ss A Se"), "s S e"))

    assert "“S” is not in the other version" in str(refused(case, version(user("A"), "s A e")))


def test_data_objects_move_with_what_uses_them() -> None:
    objects = '<dataObject id="d" name="found"/>'
    inside = version(sub("S", objects + script("w", "found = 7") + user("A") + end("Se"), "Ss w A Se"), "s S e")
    case = opened(inside)
    assert "found" not in case.variables

    moved(case, version(user("A"), "s A e"))

    assert case.variables["found"] == 7


# Joins


def test_a_token_that_waits_at_a_join_came_by_a_flow_that_the_plan_names() -> None:
    gates = node("parallelGateway", "f") + node("parallelGateway", "j")
    case = opened(version(gates + user("A", "B"), "s f A j e", "f B j"))
    case.complete("A")
    target = version(gates + user("A", "B", "C"), "s f A C j e", "f B j")

    assert "by the flow “f0_2_A_j”" in str(refused(case, target))
    there_and_back(case, target, {"f0_2_A_j": "f0_3_C_j"})
    moved(case, target, Plan(elements={"f0_2_A_j": "f0_3_C_j"}))
    case.complete("B")

    assert case.state == "completed"


def test_a_join_that_waits_for_a_branch_no_more_opens_as_the_case_moves() -> None:
    gates = node("parallelGateway", "f") + node("parallelGateway", "j")
    case = opened(version(gates + user("A", "B", "C"), "s f A j e", "f B j", "f C j"))
    case.complete("A")
    case.complete("B")
    names = {"C": None}

    moved(
        case, version(gates + user("A", "B", "D"), "s f A j D e", "f B j"), Plan(elements={**names, "f0_3_j_e": None})
    )

    assert case.open() == ["D"]


def test_an_inclusive_join_goes_on_where_a_parallel_one_waited() -> None:
    def drawn(kind: str) -> Definition:
        return version(node("parallelGateway", "f") + node(kind, "j") + user("A", "B"), "s f A j e", "f B j")

    case = opened(drawn("parallelGateway"))
    case.complete("A")

    there_and_back(case, drawn("inclusiveGateway"))
    moved(case, drawn("inclusiveGateway"))
    assert case.open() == ["B"]
    case.complete("B")

    assert case.state == "completed"


def test_a_complex_gateway_s_round_is_kept() -> None:
    def drawn(join: str) -> Definition:
        gate = node("complexGateway", join, "<activationCondition>activationCount >= 2</activationCondition>")
        return version(
            node("parallelGateway", "f") + gate + user("A", "B", "C", "D"),
            f"s f A {join} D e",
            f"f B {join}",
            f"f C {join}",
        )

    case = opened(drawn("j"))
    case.complete("A")
    case.complete("B")
    assert case.open() == ["C", "D"]
    renamed = {"j": "k", "f0_2_A_j": "f0_2_A_k", "f1_1_B_j": "f1_1_B_k"}

    there_and_back(case, drawn("k"), renamed)
    moved(case, drawn("k"), Plan(elements=renamed))
    case.complete("C")
    case.complete("D")

    assert case.state == "completed"


# Repetition


@pytest.mark.parametrize("more", ["", ' isSequential="true"'])
def test_instances_under_way_go_on(more: str) -> None:
    def drawn(until: str, *after: str) -> Definition:
        inner = MANY.format(more=more, count=3).replace("</loopC", f"</loopC{until}", 1)
        return version(node("userTask", "A", inner) + user(*after), " ".join(["s A", *after, "e"]))

    case = opened(drawn(""))
    case.complete("A")
    there_and_back(case, drawn("", "B"))

    moved(case, drawn("", "B"))
    case.complete("A")
    assert "A" in case.open()
    case.complete("A")

    assert case.open() == ["B"]


def test_a_task_that_becomes_repeated_while_open_is_refused_and_the_other_way_round() -> None:
    once, often = version(user("A"), "s A e"), version(node("userTask", "A", MANY.format(more="", count=3)), "s A e")

    assert "is done once, and is done many times at once" in str(refused(opened(once), often))
    assert "is done many times at once, and is done once" in str(refused(opened(often), once))


def test_a_task_that_becomes_repeated_before_it_is_open_is_repeated() -> None:
    case = opened(version(user("B", "A"), "s B A e"))

    moved(case, version(user("B") + node("userTask", "A", MANY.format(more="", count=3)), "s B A e"))
    case.complete("B")

    assert case.open() == ["A", "A", "A"]


# Ad hoc, calls, compensation


def test_an_ad_hoc_sub_process_offers_the_new_version_s_activities() -> None:
    def drawn(*names: str) -> Definition:
        return version(node("adHocSubProcess", "S", user(*names)), "s S e")

    case = opened(drawn("A", "B"))
    activate(case, "A")
    case.complete("A")
    activate(case, "B")
    there_and_back(case, drawn("A", "B", "C"))

    moved(case, drawn("A", "B", "C"))

    [open_] = case.workflow.open_work().adhoc
    assert [(each.element_id, each.done, each.open) for each in open_.enabled] == [
        ("A", 1, 0),
        ("B", 0, 1),
        ("C", 0, 0),
    ]


def test_an_open_ad_hoc_activity_that_is_gone_is_refused() -> None:
    case = opened(version(node("adHocSubProcess", "S", user("A", "B")), "s S e"))
    activate(case, "A")

    assert refused(case, version(node("adHocSubProcess", "S", user("B")), "s S e")).element_id == "A"
    assert refused(case, version(user("B"), "s B e")).element_id == "A"


def test_an_empty_ad_hoc_sub_process_that_is_gone_is_refused() -> None:
    case = opened(version(node("adHocSubProcess", "S", user("A")), "s S e"))

    assert refused(case, version(user("A"), "s A e")).element_id == "S"


def test_inside_a_called_process_ids_are_named_with_its_key() -> None:
    def drawn(inner: str) -> Definition:
        return version(
            node("callActivity", "C", calledElement="q"),
            "s C e",
            called=process(user(inner), f"s {inner} e", key="q")
            .replace("'s'", "'qs'")
            .replace("'e'", "'qe'")
            .replace('"s"', '"qs"')
            .replace('"e"', '"qe"'),
        )

    case = opened(drawn("A"), n=1)
    assert refused(case, drawn("B")).element_id == "q:A"
    there_and_back(case, drawn("B"), {"q:A": "q:B"})

    done = moved(case, drawn("B"), Plan(elements={"q:A": "q:B"}))

    assert ("q:A", "q:B") in [(each.before, each.after) for each in done.carried]
    case.complete("B", n=2)
    assert (case.state, case.variables["n"]) == ("completed", 2)


def test_a_child_case_stays_the_child_of_its_call() -> None:
    call = node("callActivity", "C", calledElement="q", case_childCase="true")
    case = opened(version(call, "s C e"))
    activity = case.id_of("C")

    moved(case, version(call + user("B"), "s C B e"))
    case.workflow.complete(activity, {})

    assert case.open() == ["B"]


UNDO = "<compensateEventDefinition/>"


def _compensated(handler: str, *, name: str = "A") -> Definition:
    association = f'<association id="as" sourceRef="c" targetRef="{handler}"/>'
    elements = (
        user(name, "B")
        + boundary("c", name, UNDO)
        + node("userTask", handler, isForCompensation="true")
        + association
        + node("intermediateThrowEvent", "t", UNDO)
    )
    return version(elements, f"s {name} B t e")


def test_compensation_records_move_with_their_handlers() -> None:
    case = opened(_compensated("H"))
    case.complete("A")
    names = {"A": "X", "H": "K"}
    there_and_back(case, _compensated("K", name="X"), names)

    moved(case, _compensated("K", name="X"), Plan(elements=names))
    case.complete("B")

    assert case.open() == ["K"]


def test_a_compensation_handler_at_work_goes_on() -> None:
    case = opened(_compensated("H"))
    case.complete("A")
    case.complete("B")
    assert case.open() == ["H"]

    moved(case, _compensated("K"), Plan(elements={"H": "K"}))
    case.complete("K")

    assert case.state == "completed"


def test_a_record_whose_handler_is_gone_is_dropped() -> None:
    case = opened(_compensated("H"))
    case.complete("A")

    moved(case, version(user("A", "B") + node("intermediateThrowEvent", "t", UNDO), "s A B t e"))
    case.complete("B")

    assert case.state == "completed"


# Failed workflows


def test_a_failed_step_is_tried_again_as_the_new_version_has_it() -> None:
    case = opened(version(script("X", "y = 1 / 0") + user("B"), "s X B e"))
    assert case.state == "failed"

    moved(case, version(script("X", "y = 1") + user("B"), "s X B e"))
    assert case.state == "failed"
    case.workflow.retry()

    assert case.open() == ["B"]
    assert case.variables["y"] == 1


def test_a_failed_step_may_become_something_else() -> None:
    case = opened(version(script("X", "y = 1 / 0") + user("B"), "s X B e"))

    moved(case, version(user("X", "B"), "s X B e"))
    case.workflow.retry()

    assert case.open() == ["X"]


def test_a_timer_that_cannot_be_armed_is_refused_by_name() -> None:
    case = opened(version(user("A"), "s A e"))
    target = version(user("A", "B") + boundary("b", "A", timer("=unknown")), "s A e", "b B e")

    assert refused(case, target).element_id == "b"


def test_another_process_is_refused() -> None:
    other = package(process(user("A"), "s A e", key="q")).definitions["q"]

    assert "another process" in str(refused(opened(version(user("A"), "s A e")), other))
