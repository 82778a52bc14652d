"""One case file: who sees a variable, who writes it, and what is local (DECISIONS.md, rule 7)."""

from __future__ import annotations

import pytest

from service.engine.errors import EngineError
from tests.engine.diagrams import Case, flows, node, package, process, run, script, user

FORK = node("parallelGateway", "g") + node("parallelGateway", "j")


def test_a_branch_sees_at_once_what_the_other_wrote() -> None:
    case = run(user("A", "B") + FORK, "s g A j", "g B j e")

    case.complete("A", x=1)

    assert case.workflow.visible(case.id_of("B"))["x"] == 1


def test_the_last_write_of_a_name_wins_as_a_whole_value() -> None:
    case = run(user("A", "B") + FORK, "s g A j", "g B j e", claim={"amount": 1})

    case.complete("A", claim={"amount": 2, "note": "a"})
    case.complete("B", claim={"limit": 3})

    assert case.variables["claim"] == {"limit": 3}


def test_a_join_loses_nothing() -> None:
    case = run(user("A", "B", "C") + FORK, "s g A j", "g B j C e", log=[])

    case.complete("B", b=2)
    case.complete("A", a=1)

    assert case.workflow.visible(case.id_of("C")) == {"log": [], "b": 2, "a": 1}


def test_a_script_that_fails_has_changed_nothing() -> None:
    case = run(script("S", "items.append(4)\nx = 5\ny = 1 / 0"), "s S e", items=[1, 2, 3])

    assert case.state == "failed"
    assert case.variables == {"items": [1, 2, 3]}


def test_two_names_for_one_list_do_not_stay_aliases() -> None:
    case = run(script("S", "b = a") + user("A") + script("T", "b.append(2)"), "s S A T e", a=[1])

    case.complete("A")

    assert case.variables == {"a": [1], "b": [1, 2]}


def test_what_a_caller_changes_later_in_the_data_it_gave_is_not_seen() -> None:
    case = run(user("A", "B"), "s A B e")
    given = {"items": [1]}

    case.workflow.complete(case.id_of("A"), given)
    given["items"].append(2)

    assert case.variables["items"] == [1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**2000, object(), b"bytes"])
def test_a_value_that_cannot_be_stored_is_refused_and_nothing_changes(value: object) -> None:
    case = run(user("A"), "s A e", x=1)

    with pytest.raises(EngineError):
        case.workflow.complete(case.id_of("A"), {"x": 2, "y": value})

    assert case.open() == ["A"]
    assert case.variables == {"x": 1}


def test_an_item_of_a_multi_instance_is_seen_by_its_instance_only() -> None:
    loop = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>names</loopDataInputRef>"
        '<inputDataItem id="name" name="name"/></multiInstanceLoopCharacteristics>'
    )
    case = run(node("userTask", "A", loop) + user("B"), "s A B e", names=["ann", "bob"], name="outer")

    seen = [case.workflow.visible(task.activity_id) for task in case.workflow.open_work().tasks]
    case.complete("A", name="changed", found=1)
    left = case.workflow.visible(case.id_of("A"))
    case.complete("A")

    assert [(view["name"], view["loopCounter"], view["nrOfInstances"]) for view in seen] == [
        ("ann", 0, 2),
        ("bob", 1, 2),
    ]
    assert "found" not in left
    assert case.variables == {"names": ["ann", "bob"], "name": "outer"}


@pytest.mark.parametrize("sequential", ["false", "true"])
def test_what_first_comes_up_inside_an_instance_stays_there_and_what_was_there_before_is_shared(
    sequential: str,
) -> None:
    loop = f'<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>2</loopCardinality>'
    loop += "<loopDataOutputRef>all</loopDataOutputRef>"
    loop = loop.replace(" isS", ' case:outputElement="note" isS') + "</multiInstanceLoopCharacteristics>"
    inner = "<startEvent id='Ss'/>" + user("A") + script("T", "total = total + amount\nreport = note")
    body = node("subProcess", "S", loop + inner + flows("Ss A T"), case_preScript="note = 'about ' + str(loopCounter)")
    declared = '<dataObject id="do" name="report"/><dataObjectReference id="dr" dataObjectRef="do"/>'
    case = run(declared + body, "s S e", total=0, reload=True)

    while case.open():
        assert "amount" not in case.workflow.visible(case.id_of("A"))
        case.complete("A", amount=3)

    assert case.variables == {"total": 6, "all": ["about 0", "about 1"], "report": "about 1"}


def test_the_rounds_of_a_loop_go_on_with_what_the_one_before_wrote() -> None:
    loop = "<standardLoopCharacteristics><loopCondition>not good</loopCondition></standardLoopCharacteristics>"
    case = run(node("userTask", "A", loop), "s A e")

    case.complete("A", good=False, note="again")
    seen = case.workflow.visible(case.id_of("A"))
    case.complete("A", good=True)

    assert (seen["note"], case.variables) == ("again", {"good": True, "note": "again"})


def test_an_instance_within_an_instance_keeps_its_own_and_writes_what_the_outer_one_began() -> None:
    twice = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    inner = node("scriptTask", "T", twice + "<script>count = count + 1\nown = loopCounter</script>")
    body = node("subProcess", "S", twice + inner + user("A"), case_preScript="count = 0")
    body = body.replace(inner, f"<startEvent id='Ss'/>{flows('Ss T A')}{inner}")
    case = run(body, "s S e")

    seen = [case.workflow.visible(task.activity_id) for task in case.workflow.open_work().tasks]

    assert [(view["count"], "own" in view) for view in seen] == [(2, False), (2, False)]
    assert case.variables == {}


def test_inputs_are_local_and_outputs_go_outwards() -> None:
    mapping = (
        '<extensionElements><case:ioMapping><case:input source="claim[\'amount\']" target="amount"/>'
        '<case:output source="amount * 2" target="doubled"/></case:ioMapping></extensionElements>'
    )
    case = run(node("userTask", "A", mapping) + user("B"), "s A B e", claim={"amount": 4}, amount="outer")

    assert case.workflow.open_work().tasks[0].local == {"amount": 4}
    case.complete("A", amount=5)

    assert case.variables == {"claim": {"amount": 4}, "amount": "outer", "doubled": 10}


def call(*mappings: str) -> Case:
    io = f"<extensionElements><case:ioMapping>{''.join(mappings)}</case:ioMapping></extensionElements>"
    caller = node("callActivity", "C", io if mappings else "", calledElement="q") + user("W", "D") + FORK
    return Case(
        package(
            process(caller, "s g C j", "g W j D e"),
            process(user("A", "B"), "s A B e", key="q"),
        ).definitions["p"],
        x=1,
        y=1,
    )


def test_a_called_process_gets_a_copy_and_gives_back_only_what_it_changed() -> None:
    case = call()

    case.complete("A", x=2)
    case.complete("W", y=9)
    seen = case.workflow.visible(case.id_of("B"))
    case.complete("B", z=3)

    assert seen == {"x": 2, "y": 1}
    assert case.variables == {"x": 2, "y": 9, "z": 3}  # the call did not undo what its sibling wrote meanwhile


def test_a_call_with_mappings_passes_only_these() -> None:
    case = call('<case:input source="x + 1" target="given"/>', '<case:output source="given * 10" target="back"/>')

    seen = case.workflow.visible(case.id_of("A"))
    case.complete("A", secret=1)
    case.complete("B")

    assert seen == {"given": 2}
    assert case.variables == {"x": 1, "y": 1, "back": 20}


def test_a_data_object_of_a_sub_process_is_gone_when_it_ends() -> None:
    inner = (
        '<dataObject id="note" name="note"/><startEvent id="s2"/><userTask id="A"/><userTask id="B"/>'
        '<sequenceFlow id="i1" sourceRef="s2" targetRef="A"/><sequenceFlow id="i2" sourceRef="A" targetRef="B"/>'
    )
    case = run(node("subProcess", "sub", inner) + user("D"), "s sub D e", note="outer")

    hidden = "note" not in case.workflow.visible(case.id_of("A"))
    case.complete("A", note="inner", other=1)
    inside = case.workflow.visible(case.id_of("B"))["note"]
    case.complete("B")

    assert hidden and inside == "inner"
    assert case.variables == {"note": "outer", "other": 1}


def test_a_change_from_outside_is_seen_everywhere() -> None:
    case = run(user("A"), "s A e", x=1)

    case.workflow.set_variables({"x": 2})

    assert case.workflow.visible(case.id_of("A")) == {"x": 2}
