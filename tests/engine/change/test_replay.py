"""A finished case done once more under another version: the same way, or where the ways part, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from service.engine.change.replay import Act, Kind, Record, replay
from service.engine.parser import Definition
from service.engine.work import What, WorkflowState
from service.engine.workflow import Workflow
from tests.engine.change.versions import scope, version
from tests.engine.diagrams import NOW, node, script, timer
from tests.engine.with_events import MESSAGE, OTHER, boundary


class Case:
    """A case that is worked on and recorded, as the service would record it."""

    def __init__(self, definition: Definition, **variables: Any) -> None:
        self.workflow = Workflow.start(definition, variables, now=NOW)
        self.variables = variables
        self.path = self._path()
        self.acts: list[Act] = []

    def _path(self) -> tuple[str, ...]:
        return tuple(each.element_id for each in self.workflow.take_happenings() if each.what is What.COMPLETED)

    def _did(self, kind: Kind, at: datetime = NOW, **more: Any) -> Case:
        self.acts.append(Act(kind, at, path=self._path(), **more))
        return self

    def task(self, element: str, **data: Any) -> Case:
        [found] = [each for each in self.workflow.open_work().tasks if each.element_id == element]
        self.workflow.complete(found.activity_id, data)
        return self._did(Kind.TASK, element=element, data=data)

    def service(self, element: str, result: Mapping[str, Any], **wrote: Any) -> Case:
        [found] = [each for each in self.workflow.open_work().services if each.element_id == element]
        self.workflow.complete(found.activity_id, result)
        return self._did(Kind.SERVICE, element=element, data=wrote)

    def message(self, name: str, **payload: Any) -> Case:
        assert self.workflow.deliver(name, payload)
        return self._did(Kind.MESSAGE, name=name, data=payload)

    def correct(self, **data: Any) -> Case:
        self.workflow.set_variables(data)
        return self._did(Kind.VARIABLES, data=data)

    def fire(self, after: timedelta) -> Case:
        [found] = self.workflow.open_work().timers
        self.workflow.now = NOW + after
        assert self.workflow.fire(found.timer_id)
        return self._did(Kind.TIMER, NOW + after, element=found.element_id)

    @property
    def record(self) -> Record:
        ended = self.workflow.state is WorkflowState.COMPLETED
        return Record(NOW, self.variables, self.path, acts=tuple(self.acts), is_completed=ended)


LOAN = version("s A g", "g B e: amount > 1000", "g e", xor="g")
LOWER = version("s A g", "g B e: amount > 100", "g e", xor="g")


def test_the_same_version_is_the_same_way() -> None:
    for amount in (10, 5000):
        case = Case(LOAN).task("A", amount=amount)
        case = case.task("B") if amount > 1000 else case
        assert replay(LOAN, LOAN, case.record).is_same is True


def test_another_condition_leads_another_way_and_the_step_is_named() -> None:
    small, middle = Case(LOAN).task("A", amount=10).record, Case(LOAN).task("A", amount=500).record

    assert replay(LOAN, LOWER, small).is_same is True
    found = replay(LOAN, LOWER, middle)

    assert (found.is_same, found.step) == (False, 1)
    assert found.message == "After “A” the case went to “e”; now it goes to “B”."
    large = Case(LOAN).task("A", amount=5000).task("B").record
    assert replay(LOAN, LOWER, large).is_same is True


def test_a_step_that_is_new_would_still_be_waited_at() -> None:
    newer = version("s A N g", "g B e: amount > 1000", "g e", xor="g")

    found = replay(LOAN, newer, Case(LOAN).task("A", amount=10).record)

    assert (found.is_same, found.step) == (False, 1)
    assert found.message == "After “A” the case went to “g” and “e”; now it goes to “N”, which is new."


def test_a_step_that_is_gone() -> None:
    found = replay(
        version("s A B C e"), version("s A C e"), Case(version("s A B C e")).task("A").task("B").task("C").record
    )

    assert found.message == "After “A” the case went to “B”; now it goes to “C”."
    assert (found.step, found.element_id) == (1, "B")


def test_what_is_done_by_itself_and_new_is_no_other_way() -> None:
    before = version("s A B e")
    after = version("s A F B e", more=script("F", "paid = 1"))

    found = replay(before, after, Case(before).task("A").task("B").record)

    assert (found.is_same, found.other_data) == (True, ("paid",))


def test_a_renamed_step_and_one_in_a_sub_process_are_found() -> None:
    before = version("s A B e")
    renamed = version("s A b2 e", more='<userTask id="b2" name="B"/>')

    assert replay(before, renamed, Case(before).task("A").task("B").record).is_same is True
    moved = version("s A S e", more=scope("S", "sS B eS"))
    assert replay(before, moved, Case(before).task("A").task("B").record).is_same is True


def test_a_script_that_would_fail() -> None:
    before, after = (version("s A F e", more=script("F", text)) for text in ("x = 1", "x = 1 / 0"))

    found = replay(before, after, Case(before).task("A").record)

    assert found.message == "After “A” it would have failed at “F”."


def test_a_parallel_branch_that_is_new_is_waited_for_at_the_end() -> None:
    before = version("s f", "f A j", "f B j", "j e", and_="f j")
    after = version("s f", "f A j", "f B j", "f N j", "j e", and_="f j")

    found = replay(before, after, Case(before).task("A").task("B").record)

    assert found.is_same is False
    assert "“N”, which is new" in found.message


def test_messages_and_corrections_are_done_again() -> None:
    def drawn(message: str, limit: int) -> Definition:
        return version("s A M g", f"g B e: amount > {limit}", "g e", xor="g",
                       more=node("intermediateCatchEvent", "M", message))  # fmt: skip

    before = drawn(MESSAGE, 1000)
    case = Case(before, amount=1).task("A").correct(amount=500).message("m")

    assert replay(before, before, case.record).is_same is True
    assert replay(before, drawn(MESSAGE, 100), case.record).message.startswith("After the message “m” the case went to")
    found = replay(before, drawn(OTHER, 1000), case.record)
    assert found.message == "Nothing waits for the message “m”: the case waits at “M”."
    assert found.step == 3


def timed(duration: str) -> Definition:
    return version("s A e", "T B e2", more=boundary("T", "A", timer(duration), interrupting=False))


def test_a_timer_that_fires_later_or_sooner() -> None:
    before = timed("PT2H")
    fired = Case(before).fire(timedelta(hours=2)).task("B").task("A")

    assert replay(before, before, fired.record).is_same is True
    assert replay(before, timed("PT5H"), fired.record).message == (
        "“T” has fired; in this version it is not due until later."
    )
    quick = Case(before).task("A")
    late = replace(quick.record, acts=(replace(quick.acts[0], at=NOW + timedelta(hours=1)),))
    assert replay(before, timed("PT30M"), late).message == "Before “A”, “T” would have fired."


def test_a_service_is_not_called_and_what_it_wrote_is_known() -> None:
    def drawn(limit: int) -> Definition:
        calls = node("serviceTask", "C", case_type="http", case_resultVariable="answer")
        return version("s C g", f"g B e: = answer.score > {limit}", "g e", xor="g", more=calls)

    before = drawn(10)
    case = Case(before).service("C", {"score": 5}, answer={"score": 5})

    assert replay(before, before, case.record).is_same is True
    assert "now it goes to “B”" in replay(before, drawn(1), case.record).message


def test_where_the_record_does_not_tell_enough_nothing_is_said() -> None:
    case = Case(LOAN).task("A", amount=5000).task("B").record
    without = replace(case, acts=(replace(case.acts[0], data={}), case.acts[1]))
    shorter = replace(case, acts=case.acts[:1])
    elsewhere = replace(case, acts=(replace(case.acts[0], element="Z"),))

    for record in (without, shorter, elsewhere):
        found = replay(LOAN, LOWER, record)
        assert found.is_same is None
        assert found.message.startswith("The record does not tell")


def test_a_cancelled_case_is_compared_as_far_as_it_went() -> None:
    record = Case(LOAN).record

    assert record.is_completed is False
    assert replay(LOAN, LOWER, record).is_same is True


def test_ad_hoc_work_is_started_again() -> None:
    def drawn(inside: str) -> Definition:
        return version("s H e", more=node("adHocSubProcess", "H", inside))

    before = drawn(node("userTask", "X") + node("userTask", "Y"))
    case = Case(before)
    [open_one] = case.workflow.open_work().adhoc
    case.workflow.activate(open_one.activity_id, "X")
    case._did(Kind.AD_HOC, element="X")
    case.task("X")
    [open_one] = case.workflow.open_work().adhoc
    case.workflow.finish_adhoc(open_one.activity_id)
    case._did(Kind.FINISHED, element="H")

    assert replay(before, before, case.record).is_same is True
    found = replay(before, drawn(node("userTask", "Y")), case.record)
    assert found.message.startswith("“X”, which this version does not have, cannot be started then")


@pytest.mark.parametrize("variables", [{"amount": 1}, {}])
def test_nothing_of_the_case_is_changed(variables: dict[str, Any]) -> None:
    case = Case(LOAN, **variables).task("A", amount=5)
    kept = (dict(variables), case.record)

    replay(LOAN, LOWER, case.record)

    assert (case.variables, case.record) == kept
