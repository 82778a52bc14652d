"""Every way through the employee complaint, on the engine alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.conftest import Story

COMPLAINT: dict[str, Any] = {
    "complainant": "Grace Hopper",
    "complaintContact": "yes",
    "department": "Warehouse",
    "complaintKind": "bullying",
    "happenedOn": "2026-10-01",
    "against": "The shift leader",
    "complaint": "I am left off the rota and laughed at.",
    "named": [{"name": "Bob", "role": "Colleague"}],
    "ongoing": True,
    "afraid": False,
}
INVESTIGATE = {"talkedOn": "2026-11-03", "screening": "investigate", "risk": "moderate", "screeningReason": "Credible."}
NO_MERIT = {"talkedOn": "2026-11-03", "screening": "no merit", "screeningReason": "A misunderstanding."}
EXPLANATION = {"explanation": "The rota is made by lot, see the board.", "explainedOn": "2026-11-04"}
TALK = {"settlementTalkOn": "2026-11-05"}
WITNESSES = [{"name": "Bob", "topic": "The rota"}, {"name": "Eve", "topic": "The jokes"}]
PLAN = {"questions": "Who makes the rota?", "witnesses": WITNESSES}
RECORD = {
    "interview": {
        "heldOn": "2026-11-10",
        "manner": "in person",
        "statement": "I saw the rota being changed.",
        "credibility": "saw it",
        "signed": True,
    }
}
FINDING = {"finding": "substantiated", "facts": "The rota was changed 12 times.", "recommendation": "A warning."}
UPHELD = {
    "decision": "upheld",
    "ordered": [{"measure": "warning", "whom": "The shift leader", "until": "2026-12-15"}],
    "decisionReason": "The facts are clear.",
}
APPEAL = {
    "appeal": "lodged",
    "appellant": "other side",
    "appealedOn": "2026-12-05",
    "appealGrounds": "Untrue.",
}
NOTICE = {"notice": "The complaint is upheld, a warning follows.", "toldComplainantOn": "2026-12-01"}


@pytest.fixture
def complaint(story: Callable[..., Story]) -> Story:
    """A complaint that has come in."""
    return story("employee-complaint", COMPLAINT)


def investigate(case: Story) -> Story:
    """From the plan to the finding."""
    case.do("Task_Plan", PLAN)
    for witness in WITNESSES:
        case.do("Task_Interview", RECORD, witness=witness)
    return case.do("Task_Find", FINDING)


def decide(case: Story) -> Story:
    """From the screening to the time for an appeal."""
    investigate(case.do("Task_Screen", INVESTIGATE))
    return case.do("Task_Decide", UPHELD).do("Task_Tell", NOTICE)


def test_a_complaint_without_merit_ends_with_an_explanation(complaint: Story) -> None:
    complaint.do("Task_Screen", NO_MERIT)
    complaint.do("Task_Explain", EXPLANATION)

    assert complaint.closed
    assert complaint.ended[-1] == "Event_NoMerit"


def test_a_quick_complaint_is_settled_directly(complaint: Story) -> None:
    complaint.do("Task_Screen", {**INVESTIGATE, "screening": "quick"})
    complaint.do("Task_Settle", {**TALK, "settled": "yes", "agreement": "The rota is published a week ahead."})

    assert complaint.closed
    assert complaint.ended[-1] == "Event_Settled"


def test_a_talk_that_settles_nothing_leads_to_an_investigation(complaint: Story) -> None:
    complaint.do("Task_Screen", {**INVESTIGATE, "screening": "quick"})
    complaint.do("Task_Settle", {**TALK, "settled": "no", "settlementFailure": "He did not come."})

    assert complaint.open == ["Task_Plan"]


def test_each_witness_is_heard_and_what_they_say_is_collected_in_order(complaint: Story) -> None:
    complaint.do("Task_Screen", INVESTIGATE).do("Task_Plan", PLAN)
    assert complaint.open == ["Task_Interview", "Task_Interview"]

    complaint.do("Task_Interview", RECORD, witness=WITNESSES[1])
    assert complaint.open == ["Task_Interview"]
    complaint.do("Task_Interview", RECORD, witness=WITNESSES[0])

    assert complaint.open == ["Task_Find"]
    assert [interview["name"] for interview in complaint.variables["interviews"]] == ["Bob", "Eve"]
    assert "witness" not in complaint.variables
    assert "interview" not in complaint.variables


def test_who_investigated_may_not_decide(complaint: Story) -> None:
    investigate(complaint.do("Task_Screen", INVESTIGATE))

    task = complaint.task("Task_Decide")
    assert task.candidate_groups == ("hr-managers",)
    assert task.not_done_by == ("Task_Interview", "Task_Find")


def test_the_manager_can_have_more_investigated(complaint: Story) -> None:
    investigate(complaint.do("Task_Screen", INVESTIGATE))

    complaint.do("Task_Decide", {"decision": "more", "decisionReason": "Hear the other shift."})
    assert complaint.open == ["Task_Plan"]
    investigate(complaint)

    assert complaint.open == ["Task_Decide"]
    assert len(complaint.variables["interviews"]) == 2


def test_a_decision_becomes_final_after_14_days(complaint: Story) -> None:
    decide(complaint).wait(days=13)
    assert complaint.open == ["Task_Appeal"]

    complaint.wait(days=2)

    assert complaint.closed
    assert complaint.ended[-1] == "Event_NoAppeal"


def test_a_decision_that_both_accept_is_final_at_once(complaint: Story) -> None:
    decide(complaint).do("Task_Appeal", {"appeal": "accepted"})

    assert complaint.closed
    assert complaint.ended[-1] == "Event_Accepted"


def test_an_appeal_is_heard_by_somebody_who_had_no_part(complaint: Story) -> None:
    decide(complaint).do("Task_Appeal", APPEAL)

    hearing = complaint.task("Task_Hear")
    assert hearing.candidate_groups == ("hr-officers", "hr-managers")
    assert hearing.not_done_by == ("Task_Find", "Task_Decide")
    complaint.do("Task_Hear", {"heardOn": "2026-12-10", "hearing": "stands", "hearingReason": "Nothing new came up."})

    assert complaint.closed
    assert complaint.ended[-1] == "Event_Stands"


def test_an_appeal_can_have_the_complaint_investigated_anew(complaint: Story) -> None:
    decide(complaint).do("Task_Appeal", APPEAL)
    complaint.do("Task_Hear", {"heardOn": "2026-12-10", "hearing": "anew", "hearingReason": "A witness was left out."})

    assert complaint.open == ["Task_Plan"]
    investigate(complaint)
    complaint.do("Task_Decide", UPHELD).do("Task_Tell", NOTICE).do("Task_Appeal", {"appeal": "accepted"})

    assert complaint.closed
