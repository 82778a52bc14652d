"""Names of messages and signals, and codes of errors, that are expressions, as Camunda and Flowable allow them."""

from __future__ import annotations

import pytest

from tests.engine.diagrams import Case, node, package, process, user
from tests.engine.drawn import errors, examined, flow
from tests.engine.with_events import ERROR, boundary, sub


def deployed(elements: str, *paths: str, roots: str, **variables: object) -> Case:
    return Case(package(process(elements, *paths), roots=roots).definitions["p"], reload=True, **variables)


@pytest.mark.parametrize("name", ["= &quot;order-&quot; + string(id)", "order-${id}"])
def test_a_message_is_awaited_under_the_name_that_the_case_gives_it(name: str) -> None:
    catch = node("intermediateCatchEvent", "c", '<messageEventDefinition messageRef="m"/>') + user("A")
    found = deployed(catch, "s c A e", roots=f'<message id="m" name="{name}"/>', id=7)
    [waits] = found.at_work().open_work().subscriptions

    wrong = found.at_work().deliver("order-8", {})

    assert (waits.event_name, wrong) == ("order-7", False)
    assert found.at_work().deliver("order-7", {})
    assert found.open() == ["A"]


def test_a_signal_is_thrown_and_caught_under_the_name_that_the_case_gives_it() -> None:
    throw = node("intermediateThrowEvent", "t", '<signalEventDefinition signalRef="g"/>')
    catch = boundary("b", "A", '<signalEventDefinition signalRef="g"/>', interrupting=False)
    elements = throw + catch + user("A", "B", "C") + node("parallelGateway", "f")
    found = deployed(elements, "s f A e", "f C t e", "b B e", roots='<signal id="g" name="${which}"/>', which="now")

    found.complete("C")
    sent = [said.details["name"] for said in found.workflow.take_happenings() if said.what == "signal sent"]

    assert (found.open(), sent) == (["A", "B"], ["now"])


def test_an_error_is_thrown_with_the_code_that_the_case_gives_it() -> None:
    roots = '<error id="any" name="any" errorCode="=code"/><error id="E1" name="one" errorCode="E1"/>'
    end = node("endEvent", "x", '<errorEventDefinition errorRef="any"/>')
    elements = sub("S", end, "Ss x") + boundary("b", "S", ERROR) + user("A")

    caught = deployed(elements, "s S e", "b A e", roots=roots, code="E1")
    missed = deployed(elements, "s S e", "b A e", roots=roots, code="E2")

    assert caught.open() == ["A"]
    assert missed.why == "The error “E2” was thrown and not caught."


def test_a_name_that_cannot_be_known_stops_the_case_and_says_so() -> None:
    catch = node("intermediateCatchEvent", "c", '<messageEventDefinition messageRef="m"/>')

    found = deployed(catch, "s c e", roots='<message id="m" name="=nothing"/>')

    assert found.why == "“=nothing” gives no name, but None."


@pytest.mark.parametrize(
    ("event", "name", "says"),
    [
        ('<startEvent id="s"><messageEventDefinition messageRef="r"/></startEvent>', "=x", "s: What opens a case has"),
        ('<startEvent id="s"/><intermediateThrowEvent id="t"><messageEventDefinition messageRef="r"/>'
         "</intermediateThrowEvent>", "= (", "r: The message's name “= (” cannot be read"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_could_evaluate_is_refused(event: str, name: str, says: str) -> None:
    inner = f'{event}<userTask id="u"/>' + flow("s", "u")

    found = errors(examined(inner, outside=f'<message id="r" name="{name}"/>'))

    assert any(problem.startswith(says) for problem in found), found
