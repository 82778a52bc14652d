"""Judging: what a plan may say, what it is asked for, and what depends on a case's variables."""

from __future__ import annotations

from service.engine.change.data import Contents
from service.engine.change.judge import asked, judge
from service.engine.change.marking import marking
from service.engine.change.plan import Clock, Judgement, Plan, Verdict
from service.engine.checks.instances import FormNames
from service.engine.parser import Definition
from tests.engine.change.versions import Walk, process, scope, version
from tests.engine.diagrams import node, timer


def judged(before: Definition, after: Definition, steps: str = "", plan: Plan | None = None) -> Judgement:
    walk = Walk.begin(before, {})
    for step in filter(None, steps.split("; ")):
        walk.do(step)
    return judge(before, after, marking(walk.workflow), walk.visits, plan)


def test_what_is_proposed_is_in_the_plan_that_comes_back_and_given_to_it_says_the_same() -> None:
    before, after = version("s A B e"), version("s a2 B e", more='<userTask id="a2" name="A"/>')

    first = judged(before, after)
    again = judged(before, after, plan=first.plan)

    assert first.plan.elements == {"A": "a2"}
    assert (first.verdict, again.verdict) == (Verdict.WITH_PLAN, Verdict.WITH_PLAN)
    assert again.plan == first.plan


def test_a_plan_that_cannot_be_is_told_so() -> None:
    before, after = version("s A B e"), version("s N B e", service="N")

    assert "does not have" in judged(before, after, plan=Plan({"A": "nowhere"})).reasons[0].message
    assert "a service task" in judged(before, after, plan=Plan({"A": "N"})).reasons[0].message


def test_a_running_timer_of_another_length_is_kept_unless_the_plan_says_otherwise() -> None:
    before = version("s W e", more=node("intermediateCatchEvent", "W", timer("PT2H")))
    after = version("s W e", more=node("intermediateCatchEvent", "W", timer("PT1H")))

    by_day = node("intermediateCatchEvent", "W", timer("PT2H"), case_calendar="munich")

    assert judged(before, after).plan.clocks == {"W": Clock.KEEP}
    assert judged(before, version("s W e", more=by_day)).plan.clocks == {"W": Clock.KEEP}


def test_a_case_that_has_ended_stays_what_it_is() -> None:
    definition = version("s A e")

    assert judged(definition, definition, "A").verdict is Verdict.STAY


def test_every_reason_is_a_sentence_and_what_holds_a_case_has_a_way_out() -> None:
    before = version("s A g", "g B j", "g C j", "j D e", and_="g j")
    found = [
        judged(before, after, steps)
        for after in (version("s A g", "g B j", "g C j", "g N j", "j D e", and_="g j"), version("s A D e"))
        for steps in ("", "A", "A; B", "A; B; C")
    ]

    for reason in (reason for each in found for reason in each.reasons):
        assert reason.message.endswith(".")
        assert reason.verdict.rank < Verdict.PERSON.rank or reason.way_out


def test_which_variables_a_class_is_asked_for() -> None:
    before = version("s A B e", more='<userTask id="A" name="A" case:formKey="f"/>')
    after = version("s A g", "g B e: amount > 1", "g e", xor="g", more='<userTask id="A" name="A" case:formKey="f"/>')
    forms = Contents({"f": FormNames()})
    place = marking(Walk.begin(before, {}).workflow)

    assert asked(before, after, place, contents=(forms, forms)) == {"amount"}
    assert asked(before, after, place, Plan(values={"amount": "1"}), (forms, forms)) == frozenset()
    assert asked(before, before, place, contents=(forms, forms)) == frozenset()


def test_elements_of_called_processes_are_named_with_their_process() -> None:
    call = node("callActivity", "K", calledElement="q")
    before = version("s K e", more=call, called=process("s A B e", key="q"))
    after = version("s K e", more=call, called=process("s a2 B e", key="q", more='<userTask id="a2" name="A"/>'))

    assert judged(before, after).plan.elements == {"q:A": "a2"}


def test_what_waits_inside_a_sub_process_that_a_timer_may_end_does_not_wait_for_ever() -> None:
    guard = f'<boundaryEvent id="W" attachedToRef="S">{timer("PT1H")}</boundaryEvent>'
    inner, more = ("sS g A j", "g B j", "j eS"), ("sS g A j", "g B j", "g N j", "j eS")
    before = version("s S e", "W H e2", more=scope("S", *inner, and_="g j") + guard)
    after = version("s S e", "W H e2", more=scope("S", *more, and_="g j") + guard)

    [reason] = [reason for reason in judged(before, after, "A").reasons if reason.question == 3]

    assert (reason.verdict, "could wait" in reason.message) == (Verdict.PERSON, True)
