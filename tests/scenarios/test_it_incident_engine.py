"""Every way through the IT incident, on the engine alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.conftest import Story
from tests.scenarios.rest import MONDAY

REPORT: dict[str, Any] = {
    "summary": "No e-mail since this morning",
    "service": "e-mail",
    "startedAt": "2026-11-02T08:00Z",
    "impact": "a team",
    "urgency": "medium",
    "description": "Outlook says that it is not connected.",
    "contact": "Room 12",
    "seenBefore": False,
}
DIAGNOSIS = {"diagnosis": "The certificate has expired.", "affectedUsers": 12}
FIX = {"fix": "Renewed the certificate.", "fixKind": "solution", "fixedAt": "2026-11-02T11:00Z"}

ANNOUNCEMENT = {
    "audience": ["everyone"],
    "announcement": "No e-mail until noon, we are at it.",
    "nextUpdateAt": "2026-11-02T11:00Z",
}
REVIEW = {
    "incidentTimeline": [{"at": "2026-11-02T08:00Z", "event": "The certificate expired."}],
    "rootCause": "Nobody watched the date.",
    "actions": [{"action": "Watch all certificates", "owner": "Ben", "until": "2026-12-01"}],
}


@pytest.fixture
def incident(story: Callable[..., Story]) -> Callable[..., Story]:
    """Report an incident; keyword arguments change the report."""
    return lambda **changes: story("it-incident", {**REPORT, **changes})


@pytest.mark.parametrize(
    ("impact", "urgency", "severity", "priority"),
    [
        ("everyone", "low", "major", 95),
        ("a site", "high", "major", 90),
        ("a site", "medium", "minor", 70),
        ("a team", "high", "minor", 70),
        ("a team", "low", "minor", 50),
        ("one person", "high", "minor", 50),
        ("one person", "low", "minor", 30),
    ],
)
def test_impact_and_urgency_give_severity_and_priority(
    incident: Callable[..., Story], impact: str, urgency: str, severity: str, priority: int
) -> None:
    case = incident(impact=impact, urgency=urgency)

    assert case.variables["grade"]["severity"] == severity
    assert case.task("Task_Take").priority == priority


def test_a_minor_incident_is_fixed_and_confirmed_by_who_reported_it(incident: Callable[..., Story]) -> None:
    case = incident().do("Task_Take", DIAGNOSIS)
    assert case.task("Task_Fix").candidate_groups == ("it-engineers",)

    case.do("Task_Fix", FIX)
    assert case.task("Task_Confirm").assignee == "ann"
    case.do("Task_Confirm", {"works": "yes", "satisfaction": "5"})

    assert case.closed
    assert case.ended[-1] == "Event_Resolved"


def test_what_still_does_not_work_is_fixed_again(incident: Callable[..., Story]) -> None:
    case = incident().do("Task_Take", DIAGNOSIS).do("Task_Fix", FIX)

    case.do("Task_Confirm", {"works": "no", "feedback": "Now the calendar is empty."})
    assert case.open == ["Task_Fix"]
    case.do("Task_Fix", FIX).do("Task_Confirm", {"works": "yes"})

    assert case.closed


def test_without_a_reply_for_three_days_an_incident_is_resolved(incident: Callable[..., Story]) -> None:
    case = incident().do("Task_Take", DIAGNOSIS).do("Task_Fix", FIX).wait(days=2)
    assert case.open == ["Task_Confirm"]

    case.wait(days=1, minutes=1)

    assert case.closed


def test_a_major_incident_is_announced_while_it_is_repaired_and_reviewed_afterwards(
    incident: Callable[..., Story],
) -> None:
    case = incident(impact="everyone").do("Task_Take", DIAGNOSIS)
    assert case.open == ["Task_Announce", "Task_Restore"]

    case.do("Task_Restore", FIX)
    assert case.open == ["Task_Announce"]
    case.do("Task_Announce", ANNOUNCEMENT)
    case.do("Task_AllClear", {"allClear": "E-mail is back, nothing to be done.", "restartNeeded": False})
    assert case.task("Task_Review").candidate_groups == ("it-managers",)
    case.do("Task_Review", REVIEW)

    assert case.closed
    assert case.ended[-1] == "Event_Reviewed"


def test_the_engineer_can_declare_an_incident_major(incident: Callable[..., Story]) -> None:
    case = incident().do("Task_Take", {**DIAGNOSIS, "declaredMajor": True, "majorReason": "Customers are hit."})

    assert case.open == ["Task_Announce", "Task_Restore"]


def test_the_manager_is_told_when_nobody_takes_an_incident_in_time(incident: Callable[..., Story]) -> None:
    case = incident(impact="everyone").wait(minutes=14)
    assert case.open == ["Task_Take"]

    case.wait(minutes=2)
    assert case.open == ["Task_Escalate", "Task_Take"]
    assert case.task("Task_Escalate").candidate_groups == ("it-managers",)
    case.do("Task_Escalate", {"escalatedTo": "ben", "escalationCause": "load", "escalationNote": "Called him."})

    assert case.open == ["Task_Take"]
    assert case.wait(days=3).open == ["Task_Take"]


def test_an_incident_taken_in_time_is_not_escalated(incident: Callable[..., Story]) -> None:
    case = incident(impact="everyone").wait(minutes=10).do("Task_Take", DIAGNOSIS).wait(hours=2)

    assert case.open == ["Task_Announce", "Task_Restore"]


def test_due_times_come_from_the_grade(incident: Callable[..., Story]) -> None:
    case = incident(impact="a site", urgency="high")

    assert case.task("Task_Take").due_at == MONDAY + timedelta(minutes=15)
    assert case.do("Task_Take", DIAGNOSIS).task("Task_Restore").due_at == MONDAY + timedelta(hours=4)
