"""Every way through the insurance claim, on the engine alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.conftest import Story
from tests.scenarios.rest import MONDAY

REPORT: dict[str, Any] = {
    "claimant": "Ada Lovelace",
    "policyNumber": "HH-204517",
    "policyStatus": "active",
    "damageKind": "water",
    "email": "ada@example.org",
    "estimatedAmount": 3000,
    "dateOfLoss": "2026-10-28",
    "reportedOn": "2026-11-02",
    "description": "A pipe burst in the kitchen.",
    "damagedItems": [{"item": "Floor", "claimed": 3000}],
}
ACCEPT = {
    "finding": "accept",
    "acceptedItems": [{"item": "Floor", "accepted": 2000}],
    "assessorNote": "The floor is beyond repair.",
}
LARGE = {**ACCEPT, "acceptedItems": [{"item": "Floor", "accepted": 9000}]}
PAYMENT = {"iban": "DE89370400440532013000", "paymentReference": "P-1", "paidOn": "2026-11-05"}


@pytest.fixture
def claim(story: Callable[..., Story]) -> Callable[..., Story]:
    """Report a loss; keyword arguments change the report."""
    return lambda **changes: story("insurance-claim", {**REPORT, **changes})


def test_a_small_claim_is_paid_without_a_second_person(claim: Callable[..., Story]) -> None:
    case = claim()
    assert case.open == ["Task_Assess"]
    assert case.task("Task_Assess").candidate_groups == ("claims-assessors",)

    case.do("Task_Assess", ACCEPT)
    assert case.variables["settlement"] == 1850
    assert case.task("Task_Pay").candidate_groups == ("claims-intake",)
    case.do("Task_Pay", PAYMENT)

    assert case.closed
    assert case.ended == ["Event_Reported", "Event_Paid"]
    assert case.variables["cover"] == {
        "result": "covered",
        "reason": "The policy covers this damage.",
        "excess": 150,
        "approvalLimit": 5000,
    }


def test_a_large_claim_needs_a_manager_who_did_not_assess_it(claim: Callable[..., Story]) -> None:
    case = claim().do("Task_Assess", LARGE)

    approve = case.task("Task_Approve")
    assert approve.candidate_groups == ("claims-managers",)
    assert approve.not_done_by == ("Task_Assess",)
    case.do("Task_Approve", {"approval": "approved"}).do("Task_Pay", PAYMENT)

    assert case.closed


def test_the_manager_can_send_a_claim_back_to_the_assessor(claim: Callable[..., Story]) -> None:
    case = claim().do("Task_Assess", LARGE)

    case.do("Task_Approve", {"approval": "changes", "approvalNote": "Half of it is wear."})
    assert case.open == ["Task_Assess"]
    case.do("Task_Assess", ACCEPT).do("Task_Pay", PAYMENT)

    assert case.closed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policyStatus": "lapsed"}, "The policy had lapsed on the date of the loss."),
        ({"damageKind": "wear and tear"}, "Wear and tear is excluded."),
        ({"dateOfLoss": "2025-11-01"}, "The loss was reported more than a year after it happened."),
    ],
)
def test_what_the_policy_does_not_cover_is_refused(
    claim: Callable[..., Story], changes: dict[str, Any], reason: str
) -> None:
    case = claim(**changes)
    assert case.open == ["Task_Refuse"]
    assert case.variables["cover"]["reason"] == reason

    case.do(
        "Task_Refuse",
        {
            "refusalLetter": "We are sorry that we cannot pay for this.",
            "refusalSentBy": "post",
            "refusalSentOn": "2026-11-05",
        },
    )

    assert case.closed
    assert case.ended[-1] == "Event_Refused"


def test_the_assessor_can_reject_a_claim(claim: Callable[..., Story]) -> None:
    case = claim().do("Task_Assess", {"finding": "reject", "assessorNote": "The damage is older."})

    assert case.open == ["Task_Refuse"]


def test_a_theft_without_police_report_is_asked_about_until_the_report_is_there(claim: Callable[..., Story]) -> None:
    case = claim(damageKind="theft", policeReport=False)
    assert case.open == ["Task_Ask"]
    assert case.variables["cover"]["result"] == "incomplete"

    case.do("Task_Ask", {"policeReport": False, "answer": "It is lost."})
    assert case.open == ["Task_Ask"]
    case.do("Task_Ask", {"policeReport": True, "policeReportNumber": "4711", "answer": "Here it is."})

    assert case.open == ["Task_Assess"]
    assert case.variables["cover"]["excess"] == 250


def test_the_assessor_can_ask_the_claimant(claim: Callable[..., Story]) -> None:
    case = claim().do("Task_Assess", {"finding": "question", "question": "How old was it?"})
    assert case.open == ["Task_Ask"]

    case.do("Task_Ask", {"answer": "Three years."})

    assert case.open == ["Task_Assess"]


def test_a_claimant_who_does_not_answer_for_14_days_has_withdrawn(claim: Callable[..., Story]) -> None:
    case = claim(policyStatus="not found").wait(days=13)
    assert case.open == ["Task_Ask"]

    case.wait(days=2)

    assert case.closed
    assert case.ended[-1] == "Event_Withdrawn"


def test_the_assessor_is_reminded_every_three_days_at_most_three_times(claim: Callable[..., Story]) -> None:
    case = claim()

    reminders = [case.wait(days=3, minutes=1).variables["reminders"] for _ in range(5)]

    assert reminders == [1, 2, 3, 3, 3]
    assert case.open == ["Task_Assess"]


def test_no_reminder_comes_after_the_assessment(claim: Callable[..., Story]) -> None:
    case = claim().wait(days=4).do("Task_Assess", LARGE).wait(days=30)

    assert case.variables["reminders"] == 1
    assert case.open == ["Task_Approve"]


def test_fires_and_large_losses_come_first(claim: Callable[..., Story]) -> None:
    assert claim().task("Task_Assess").priority == 50
    assert claim(damageKind="fire").task("Task_Assess").priority == 80
    assert claim(estimatedAmount=20000).task("Task_Assess").priority == 80


def test_an_assessment_is_due_seven_days_after_it_was_given(claim: Callable[..., Story]) -> None:
    due = claim().task("Task_Assess").due_at

    assert due is not None
    assert (due - MONDAY).days == 7
