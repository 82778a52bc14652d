"""What a modification would mean is said before: what opens and ends, what would wait for ever, what is not set."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from service.engine.change.consequences import consequences, effects, verdict
from service.engine.change.modify import Modified, modify
from service.engine.change.plan import Reason, Verdict
from service.engine.change.steps import Step
from service.engine.work import What
from tests.engine.change.test_modify import FORK, step
from tests.engine.diagrams import NOW, Case, node, script, timer, user
from tests.engine.with_events import MESSAGE, SIGNAL, boundary, case

SAY = node("intermediateThrowEvent", "say", SIGNAL)


def tried(found: Case, *steps: Step) -> Modified:
    return modify(found.at_work(), steps)


def said(found: Case, *steps: Step) -> tuple[Reason, ...]:
    """What is said against it; the case has been where its happenings say."""
    visits = Counter(each.element_id for each in found.workflow.run.happenings if each.what is What.COMPLETED)
    return consequences(found.workflow, tried(found, *steps), visits)


def test_what_opens_ends_waits_and_is_sent() -> None:
    guard = boundary("t", "B", timer("P1D")) + boundary("m1", "A", MESSAGE)
    found = case(user("A", "B") + SAY + guard, "s A e", "say B e", "t e", "m1 e")

    told = {(each.what, each.kind, each.name, each.at) for each in effects(tried(found, step("move", "A", to="say")))}

    assert told == {
        ("ends", "task", "A", None),
        ("waits no longer", "message", "m", None),
        ("is sent", "signal", "sig", None),
        ("is done", "step", "say", None),
        ("opens", "task", "B", None),
        ("waits", "timer", "t", NOW + timedelta(days=1)),
    }


def test_a_timer_that_moves_and_a_case_that_ends() -> None:
    found = case(node("intermediateCatchEvent", "c", timer("P3D")) + user("A"), "s c e", "s A e")

    [moved] = effects(tried(found, step("time", "c", at=NOW + timedelta(hours=1))))
    last = effects(tried(case(user("A"), "s A e"), step("skip", "A")))[-1]

    assert (moved.what, moved.kind, moved.element_id, moved.at) == ("moves", "timer", "c", NOW + timedelta(hours=1))
    assert (last.what, last.kind) == ("ends", "case")
    assert effects(tried(case(user("A"), "s A e"), step("skip", "A")))[0].what == "is skipped"


def test_a_join_that_would_wait_for_ever_keeps_it_from_being_done() -> None:
    found = case(FORK + user("A", "B"), "s f A j e", "f B j")

    [reason] = said(found, step("take", "B"))

    assert (reason.verdict, reason.question, reason.element_id) == (Verdict.STAY, 3, "j")
    assert reason.message == "At “j” the case would wait for ever: nothing comes any more from “B”."
    assert verdict([reason]) is Verdict.STAY


def test_what_was_so_before_is_no_matter_of_the_modification() -> None:
    found = case(FORK + user("A", "B"), "s f A j e", "f B j")
    stuck = Case(found.definition)
    stuck.workflow = tried(found, step("take", "B")).workflow

    assert said(stuck, step("set", values={"n": 1})) == ()


def test_a_variable_that_nothing_sets_is_asked_for() -> None:
    gate = node("exclusiveGateway", "x")
    found = case(script("A0", "n = 1") + user("A", "B", "C") + gate, "s A A0 B x", "x C: n > 0", "x e: n <= 0", "C e")

    [lacking, left] = said(found, step("move", "A", to="B"))

    assert (lacking.verdict, lacking.question, lacking.way_out) == (Verdict.PERSON, 4, "Set n as well.")
    assert (left.verdict, left.question) == (Verdict.SAFE, 2)
    assert left.message == "“A0” lies before “B” and was not done in this case."
    assert [each.question for each in said(found, step("move", "A", to="B"), step("set", values={"n": 1}))] == [2]


def test_what_is_skipped_or_done_beside_is_not_missed() -> None:
    found = case(user("A", "B", "C"), "s A B C e")

    assert said(found, step("skip", "A")) == ()
    assert said(found, step("again", "A")) == ()
    [reason] = said(found, step("put", "C"))
    assert reason.message == "“B” lies before “C” and was not done in this case."


def test_a_case_that_stays_stuck_says_so() -> None:
    found = case(node("parallelGateway", "f") + user("A", "B") + script("X", "x = 1 / n"), "s f A e", "f X e", n=0)

    [reason] = said(found, step("skip", "A"))

    assert (reason.verdict, reason.element_id) == (Verdict.SAFE, "X")
    assert reason.message.startswith("The case is still stuck at “X”: ")
