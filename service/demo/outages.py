"""The demo's IT incidents. Nobody here is a real person."""

from __future__ import annotations

from service.demo.tales import OPEN, Ago, Step, Tale, moment


def tales(ago: Ago) -> list[Tale]:
    """These cases, as they would have come about until now."""
    return [_solved(ago), _untaken(ago), _major(ago)]


def _solved(ago: Ago) -> Tale:
    return Tale(
        "it-incident",
        (
            Step(
                ago.at(4, "08:05"),
                "carl",
                OPEN,
                {
                    "summary": "Scanner in room 214 sends no e-mail",
                    "service": "workplace",
                    "startedAt": moment(ago.at(4, "07:40")),
                    "impact": "a team",
                    "urgency": "medium",
                    "description": "It says “server not found” since the weekend.",
                    "contact": "Room 214",
                },
            ),
            Step(
                ago.at(4, "09:10"),
                "ben",
                "Task_Take",
                {"diagnosis": "The scanner still has the old mail server.", "component": "Scanner", "affectedUsers": 6},
            ),
            Step(
                ago.at(4, "10:30"),
                "ben",
                "Task_Fix",
                {
                    "fix": "Entered the new server and tested with a scan to Carl.",
                    "fixKind": "solution",
                    "fixedAt": moment(ago.at(4, "10:20")),
                },
            ),
            Step(ago.at(4, "11:45"), "carl", "Task_Confirm", {"works": "yes", "satisfaction": "5"}),
        ),
    )


def _untaken(ago: Ago) -> Tale:
    return Tale(
        "it-incident",
        (
            Step(
                ago.minutes(190),
                "carl",
                OPEN,
                {
                    "summary": "Wi-Fi drops every few minutes on the second floor",
                    "service": "network",
                    "startedAt": moment(ago.minutes(260)),
                    "impact": "a site",
                    "urgency": "medium",
                    "description": "Calls break off, and files have to be saved again and again.",
                    "contact": "Extension 2231",
                    "seenBefore": True,
                },
            ),
        ),
    )


def _major(ago: Ago) -> Tale:
    return Tale(
        "it-incident",
        (
            Step(
                ago.minutes(50),
                "mia",
                OPEN,
                {
                    "summary": "The shop takes no card payments",
                    "service": "website",
                    "startedAt": moment(ago.minutes(65)),
                    "impact": "everyone",
                    "urgency": "high",
                    "description": "Every payment by card ends with “declined”. Invoice and transfer work.",
                    "contact": "Mobile",
                },
            ),
            Step(
                ago.minutes(38),
                "ben",
                "Task_Take",
                {"diagnosis": "Our certificate at the payment provider expired at midnight.", "affectedUsers": 400},
            ),
            Step(ago.minutes(35), "ben", "Task_Restore"),
        ),
    )
