"""The façade: what waits, what is refused, what fails and how it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from service.engine.errors import EngineError, NotReady, Unfit
from service.engine.work import What
from service.engine.workflow import Workflow
from tests.engine.diagrams import NOW, Case, flows, node, package, process, restarted, run, script, timer, user


def told(case: Case) -> list[tuple[str, str]]:
    return [(str(happening.what), happening.element_id) for happening in case.workflow.take_happenings()]


def test_what_happened_is_told_once_and_in_order() -> None:
    case = run(user("A"), "s A e")
    first = told(case)
    case.complete("A")

    assert first == [("entered", "s"), ("completed", "s"), ("flowed", "f0_0_s_A"), ("entered", "A")]
    assert told(case) == [("completed", "A"), ("flowed", "f0_1_A_e"), ("entered", "e"), ("completed", "e")]
    assert told(case) == []


def test_what_normalisation_makes_is_never_told() -> None:
    case = run(user("A", "B", "C"), "s A B e", "A C e")  # two flows out of A: a gateway is made for them
    case.complete("A")

    known = set(case.definition.elements)
    assert {element for _, element in told(case)} <= known
    assert set(case.workflow.open_work().marked) == {"B", "C"}


def test_cancelled_work_is_told() -> None:
    guard = f'<boundaryEvent id="b" attachedToRef="A">{timer("PT1H")}</boundaryEvent>'
    case = run(user("A", "H") + guard, "s A e", "b H e")
    told(case)

    case.advance(hours=1)

    assert told(case)[:3] == [("cancelled", "A"), ("entered", "b"), ("completed", "b")]


def test_an_activity_id_is_the_same_from_entry_to_end() -> None:
    case = run(user("A"), "s A e", reload=True)
    happened = case.workflow.take_happenings()
    [entered] = [item for item in happened if item.what is What.ENTERED and item.element_id == "A"]
    open_id = case.id_of("A")

    case.complete("A")

    [completed] = [item for item in case.workflow.take_happenings() if item.element_id == "A"]
    assert entered.activity_id == open_id == completed.activity_id


@pytest.mark.parametrize("activity_id", ["", "nothing", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_activity_is_refused(activity_id: str) -> None:
    case = run(user("A"), "s A e")

    with pytest.raises(NotReady):
        case.workflow.complete(activity_id, {})


def test_a_waiting_timer_cannot_be_completed_as_a_task() -> None:
    case = run(node("intermediateCatchEvent", "t", timer("PT1H")), "s t e")
    [open_timer] = case.workflow.open_work().timers

    with pytest.raises(NotReady):
        case.workflow.complete(open_timer.activity_id, {})


def test_a_script_that_fails_stops_the_case_and_can_be_tried_again() -> None:
    case = run(script("S", "y = 10 / x") + user("A"), "s S A e", x=0)
    failure = case.workflow.failure

    with pytest.raises(NotReady):
        case.workflow.set_variables({"x": 1})
    case.workflow = restarted(case.workflow)
    case.workflow.mend({"x": 2})
    case.workflow.retry()

    assert failure is not None and failure.element_id == "S" and "division by zero" in failure.message
    assert (case.state, case.variables["y"], case.open()) == ("active", 5, ["A"])


def test_a_step_that_failed_while_leaving_does_not_run_its_work_again() -> None:
    case = run(
        script("S", "n = n + 1") + node("exclusiveGateway", "g") + user("A"), "s S g", "g A: missing > 1", "A e", n=0
    )
    first = case.workflow.failure

    case.workflow.mend({"missing": 5})
    case.workflow.retry()

    assert first is not None and first.element_id == "g"
    assert case.variables["n"] == 1
    assert case.open() == ["A"]


def test_other_branches_are_untouched_when_one_fails() -> None:
    gateway = node("parallelGateway", "g")
    case = run(gateway + user("A", "B") + script("S", "x = 1 / 0"), "s g A S e", "g B e", reload=True)

    case.complete("A")
    case.workflow.mend({})

    assert case.state == "failed"
    assert case.open() == ["B"]


def test_terminating_cancels_everything() -> None:
    case = run(node("parallelGateway", "g") + user("A", "B"), "s g A e", "g B e")
    told(case)

    case.workflow.terminate()

    assert sorted(told(case)) == [("cancelled", "A"), ("cancelled", "B")]
    assert (case.state, case.open()) == ("terminated", [])
    with pytest.raises(NotReady):
        case.workflow.set_variables({})


def test_a_start_event_that_is_not_there_is_refused() -> None:
    with pytest.raises(EngineError, match="no start event"):
        Workflow.start(package(process(user("A"), "s A e")).definitions["p"], {}, now=NOW, start_event="nope")


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(EngineError, match="zone"):
        Workflow.start(package(process(user("A"), "s A e")).definitions["p"], {}, now=NOW.replace(tzinfo=None))


def test_a_service_task_waits_for_the_worker_and_shows_its_inputs() -> None:
    given = '<case:ioMapping><case:input source="a + 1" target="b"/></case:ioMapping>'
    mapping = f"<extensionElements>{given}</extensionElements>"
    case = run(node("serviceTask", "S", mapping, case_type="http") + user("A"), "s S A e", a=1)
    [service] = case.workflow.open_work().services

    case.workflow.complete(service.activity_id, {"answer": 42})

    assert (service.kind, service.inputs) == ("http", {"b": 2})
    assert (case.open(), case.variables) == (["A"], {"a": 1, "answer": 42})


ERROR = '<error id="err" name="Too late" errorCode="late"/>'
CATCH = '<boundaryEvent id="b" attachedToRef="S"><errorEventDefinition errorRef="err"/></boundaryEvent>'


def test_an_error_out_of_a_service_task_goes_to_its_boundary_event() -> None:
    case = run(node("serviceTask", "S", case_type="x") + CATCH + user("H"), "s S e", "b H e", roots=ERROR)

    case.workflow.throw_error(case.id_of("S"), "late", "After the deadline", {"days": 3})

    assert (case.open(), case.variables) == (["H"], {})


MAPPED = (
    '<extensionElements><case:ioMapping><case:output source="days * 24" target="hours"/>'
    '<case:output source="message" target="why"/></case:ioMapping></extensionElements>'
)
WHOLE = {"code": "late", "message": "After the deadline", "status": 404, "days": 3}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (CATCH, {}),
        (CATCH.replace(" attachedToRef", ' case:errorVariable="failure" attachedToRef'), {"failure": WHOLE}),
        (CATCH.replace(" errorRef", ' case:errorVariable="failure" errorRef'), {"failure": WHOLE}),
        (CATCH.replace(" attachedToRef", ' case:variableName="failure" attachedToRef'), {"failure": WHOLE}),
        (
            CATCH.replace(" attachedToRef", ' case:errorCodeVariable="c" case:errorMessageVariable="m" attachedToRef'),
            {"c": "late", "m": "After the deadline"},
        ),
        (CATCH.replace("<errorEvent", MAPPED + "<errorEvent"), {"hours": 72, "why": "After the deadline"}),
    ],
)
def test_what_an_error_brings_stays_with_the_event_that_catches_it_unless_the_diagram_takes_it(
    said: str, expected: dict[str, Any]
) -> None:
    elements = node("serviceTask", "S", case_type="x") + said + user("H")
    case = run(elements, "s S e", "b H e", roots=ERROR, reload=True, status="open", days=1)

    waiting = case.id_of("S")
    case.at_work().throw_error(waiting, "late", "After the deadline", {"status": 404, "days": 3})

    assert (case.open(), case.variables) == (["H"], {"status": "open", "days": 1, **expected})


def test_an_error_end_event_takes_along_what_it_says() -> None:
    thrown = (
        '<endEvent id="x" case:payloadExpression="= {sum: amount}"><errorEventDefinition errorRef="err"/></endEvent>'
    )
    inner = node("subProcess", "S", f"<startEvent id='Ss'/>{thrown}{flows('Ss x')}")
    caught = CATCH.replace(" attachedToRef", ' case:errorVariable="failure" attachedToRef')

    case = run(inner + caught + user("H"), "s S e", "b H e", roots=ERROR, amount=4)

    assert case.variables == {"amount": 4, "failure": {"code": "late", "message": "", "sum": 4}}


def test_an_error_that_nobody_catches_fails_the_case_and_the_service_task_still_waits() -> None:
    case = run(node("serviceTask", "S", case_type="x") + CATCH + user("H"), "s S e", "b H e", roots=ERROR)

    case.workflow.throw_error(case.id_of("S"), "other", "Something else")
    failure = case.workflow.failure
    case.workflow.retry()

    assert failure is not None and (failure.error_code, failure.element_id) == ("other", "S")
    assert [service.element_id for service in case.workflow.open_work().services] == ["S"]


def test_a_call_as_a_case_of_its_own_waits_for_the_child() -> None:
    mapping = (
        '<extensionElements><case:ioMapping><case:input source="claim" target="parent"/>'
        '<case:output source="result" target="outcome"/></case:ioMapping></extensionElements>'
    )
    elements = node("callActivity", "C", mapping, calledElement="q", case_childCase="true") + user("A")
    case = run(elements, "s C A e", claim=7, reload=True)
    [child] = case.at_work().open_work().children

    case.at_work().complete(child.activity_id, {"result": "paid"})

    assert (child.process_key, child.inputs) == ("q", {"parent": 7})
    assert case.open() == ["A"]
    assert case.variables["outcome"] == "paid"


def test_attributes_are_evaluated_where_they_are_feel_and_literal_otherwise() -> None:
    said = {"case_assignee": "= initiator", "case_candidateGroups": "clerks, managers", "case_priority": "=20 + 60"}
    case = run(node("userTask", "A", case_formKey="intake", case_notDoneBy="B", **said), "s A e", initiator="ann")

    [task] = case.workflow.open_work().tasks

    assert (task.assignee, task.candidate_groups, task.priority) == ("ann", ("clerks", "managers"), 80)
    assert (task.form_key, task.not_done_by) == ("intake", ("B",))


def test_definitions_are_shared_and_cases_do_not_touch_each_other() -> None:
    definition = package(process(user("A") + script("S", "n = n + 1"), "s A S e")).definitions["p"]
    first, second = Case(definition, n=0), Case(definition, n=10)

    first.complete("A")

    assert (first.variables["n"], first.state) == (1, "completed")
    assert (second.variables["n"], second.open()) == (10, ["A"])


def test_a_snapshot_of_another_process_does_not_fit() -> None:
    case = run(user("A"), "s A e")
    other = package(process(user("A"), "s A e", key="q")).definitions["q"]

    with pytest.raises(Unfit, match="of the process “p”"):
        restarted(case.workflow, definition=other)


def test_a_snapshot_whose_element_is_gone_names_it() -> None:
    case = run(user("A"), "s A e")
    changed = package(process(user("B"), "s B e")).definitions["p"]

    with pytest.raises(Unfit, match="“A”"):
        restarted(case.workflow, definition=changed)


def test_an_attribute_keeps_the_value_that_it_had_as_the_task_began() -> None:
    case = run(node("userTask", "A", case_assignee="= boss"), "s A e", boss="ann", reload=True)

    case.at_work().set_variables({"boss": "bob"})

    assert case.at_work().open_work().tasks[0].assignee == "ann"


def test_an_attribute_that_cannot_be_evaluated_fails_the_case_there_and_no_list_of_work() -> None:
    case = run(node("userTask", "A", case_dueDate="= 1"), "s A e")

    assert case.state == "failed"
    assert case.workflow.failure is not None and case.workflow.failure.element_id == "A"
    assert case.workflow.open_work().tasks == ()


@pytest.mark.parametrize("reload", [False, True], ids=["in memory", "reloaded"])
@pytest.mark.parametrize("length", range(9))
def test_whatever_was_under_way_when_a_step_failed_goes_on_after_it_is_mended(length: int, reload: bool) -> None:
    body = '<startEvent id="s2"/><scriptTask id="in"><script>inner = 1</script></scriptTask>'
    body += flows("s2 in")
    names = [f"t{number}" for number in range(length)]
    fork = node("parallelGateway", "g") + node("parallelGateway", "j")
    elements = fork + node("subProcess", "sub", body) + "".join(node("task", name) for name in names)
    path = " ".join(["g", *names, "S", "j"])
    case = run(elements + script("S", "y = 1 / x") + user("A"), "s g sub j A e", path, x=0)
    failed = case.state
    if reload:
        case.workflow = restarted(case.workflow)

    case.workflow.mend({"x": 1})
    case.workflow.retry()

    assert (failed, case.state, case.open()) == ("failed", "active", ["A"])
    assert case.variables["inner"] == 1
