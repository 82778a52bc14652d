"""Every way through the GDPR request, on the engine alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.conftest import Story

REQUEST: dict[str, Any] = {
    "requester": "Alan Turing",
    "requesterEmail": "alan@example.org",
    "relationship": "customer",
    "channel": "e-mail",
    "receivedOn": "2026-11-02",
    "requestKind": "access",
    "request": "What do you know about me?",
}
CONFIRMED = {"identity": "confirmed", "identifiedBy": "account"}
SEARCH = {"systems": ["billing", "personnel"], "searchTerms": "Turing"}
FOUND = {
    "extract": {
        "found": "yes",
        "records": 3,
        "location": "Folder 12",
        "content": "Letters and invoices.",
        "others": "no",
    }
}
COMPLETE = {"complete": "yes", "redacted": True}
DONE = [{"system": "billing", "done": "Address erased", "on": "2026-11-18"}]
ANSWER = {
    "answer": "This is what we hold about you.",
    "rightsNamed": True,
    "answeredBy": "portal",
    "answeredOn": "2026-11-20",
}


@pytest.fixture
def request_(story: Callable[..., Story]) -> Callable[..., Story]:
    """A request that has come in; keyword arguments change it."""
    return lambda **changes: story("gdpr-request", {**REQUEST, **changes})


def collect(case: Story, *systems: str) -> Story:
    """Look in these systems."""
    for system in systems:
        case.do("Task_Collect", FOUND, system=system)
    return case


def review(case: Story) -> Story:
    """From the identity to the review."""
    return collect(case.do("Task_Identify", CONFIRMED).do("Task_PlanSearch", SEARCH), "billing", "personnel")


def test_an_access_request_is_searched_reviewed_decided_and_answered(request_: Callable[..., Story]) -> None:
    case = review(request_()).do("Task_ReviewData", COMPLETE)

    decide = case.task("Task_Decide")
    assert decide.candidate_groups == ("privacy-managers",)
    assert decide.not_done_by == ("Task_ReviewData",)
    case.do("Task_Decide", {"decision": "grant"}).do("Task_Answer", ANSWER)

    assert case.closed
    assert case.ended[-1] == "Event_Answered"
    assert [extract["system"] for extract in case.variables["extracts"]] == ["billing", "personnel"]


def test_each_system_is_searched_by_those_who_run_it(request_: Callable[..., Story]) -> None:
    case = request_().do("Task_Identify", CONFIRMED).do("Task_PlanSearch", SEARCH)

    assert case.task("Task_Collect", system="billing").candidate_groups == ("it-engineers",)
    assert case.task("Task_Collect", system="personnel").candidate_groups == ("hr-officers",)


def test_only_the_systems_named_are_searched_again(request_: Callable[..., Story]) -> None:
    case = review(request_())

    case.do("Task_ReviewData", {"complete": "no", "systems": ["mail", "personnel"], "reviewNote": "Look in the mail."})
    assert case.open == ["Task_Collect", "Task_Collect"]
    collect(case, "personnel", "mail").do("Task_ReviewData", COMPLETE)

    assert [extract["system"] for extract in case.variables["kept"]] == ["billing"]
    assert [extract["system"] for extract in case.variables["extracts"]] == ["mail", "personnel"]


def test_erasure_is_carried_out_before_the_answer(request_: Callable[..., Story]) -> None:
    case = review(request_(requestKind="erasure")).do("Task_ReviewData", COMPLETE)

    case.do("Task_Decide", {"decision": "partly", "groundKind": "retention", "ground": "Invoices: ten years."})
    assert case.task("Task_CarryOut").candidate_groups == ("it-engineers",)
    case.do("Task_CarryOut", {"executed": DONE, "recipientsTold": True}).do("Task_Answer", ANSWER)

    assert case.closed


def test_a_refused_erasure_changes_nothing(request_: Callable[..., Story]) -> None:
    case = review(request_(requestKind="erasure")).do("Task_ReviewData", COMPLETE)

    case.do("Task_Decide", {"decision": "refuse", "groundKind": "claims", "ground": "A law-suit is pending."})

    assert case.open == ["Task_Answer"]


def test_in_doubt_proof_is_asked_for_and_the_identity_checked_again(request_: Callable[..., Story]) -> None:
    case = request_().do("Task_Identify", {"identity": "doubtful", "identityNote": "Another address."})
    assert case.open == ["Task_Prove"]

    case.do("Task_Prove", {"proofKind": "video", "proofOn": "2026-11-05"}).do("Task_Identify", CONFIRMED)

    assert case.open == ["Task_PlanSearch"]


def test_without_proof_for_14_days_the_request_is_closed(request_: Callable[..., Story]) -> None:
    case = request_().do("Task_Identify", {"identity": "doubtful", "identityNote": "Another address."}).wait(days=15)

    assert case.closed
    assert case.ended[-1] == "Event_NotProved"


def test_somebody_who_cannot_be_identified_gets_an_answer_but_no_data(request_: Callable[..., Story]) -> None:
    case = request_().do("Task_Identify", {"identity": "not possible", "identityNote": "A throw-away address."})

    assert case.open == ["Task_Answer"]
    assert case.variables["decision"] == "refuse"
    assert "could not establish" in case.variables["ground"]


def test_five_days_before_the_limit_a_manager_decides_on_an_extension(request_: Callable[..., Story]) -> None:
    case = request_().do("Task_Identify", CONFIRMED).do("Task_PlanSearch", SEARCH).wait(days=24)
    assert "Task_Extend" not in case.open

    case.wait(days=1)
    assert case.task("Task_Extend").candidate_groups == ("privacy-managers",)
    case.do("Task_Extend", {"extension": "extend", "extensionReason": "Seven systems have to be searched."})
    assert case.variables["limitOn"] == "2027-01-31"
    assert case.open == ["Task_Collect", "Task_Collect", "Task_TellExtension"]
    case.do("Task_TellExtension", {"extensionNotice": "It takes until 31 January.", "extensionToldOn": "2026-11-28"})

    assert case.open == ["Task_Collect", "Task_Collect"]


def test_without_an_extension_the_work_goes_on(request_: Callable[..., Story]) -> None:
    case = request_().do("Task_Identify", CONFIRMED).do("Task_PlanSearch", SEARCH).wait(days=25)

    case.do("Task_Extend", {"extension": "no"})

    assert case.open == ["Task_Collect", "Task_Collect"]


def test_after_90_days_it_is_decided_on_what_there_is(request_: Callable[..., Story]) -> None:
    case = request_().do("Task_Identify", CONFIRMED).do("Task_PlanSearch", SEARCH)
    collect(case, "billing")

    case.wait(days=91)
    assert case.open == ["Task_Decide", "Task_Extend"]
    case.do("Task_Extend", {"extension": "no"})
    case.do("Task_Decide", {"decision": "partly", "groundKind": "others", "ground": "Letters of others."}).do(
        "Task_Answer", ANSWER
    )

    assert case.closed


def test_a_request_that_is_answered_in_time_is_not_extended(request_: Callable[..., Story]) -> None:
    case = review(request_()).do("Task_ReviewData", COMPLETE).wait(days=40)

    assert case.open == ["Task_Decide"]
