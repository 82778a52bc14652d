"""The demo's GDPR requests: one in work, one whose sender is in doubt."""

from __future__ import annotations

from typing import Any

from service.demo.tales import OPEN, Ago, Step, Tale, email_of


def tales(ago: Ago) -> list[Tale]:
    """These cases, as they would have come about until now."""
    return [_near(ago), _doubtful(ago)]


def _request(ago: Ago, name: str, kind: str, received: int, text: str, **more: Any) -> dict[str, Any]:
    email = email_of(name)
    common = {"requester": name, "requesterEmail": email, "channel": "e-mail", "receivedOn": ago.day(received)}
    return {**common, "requestKind": kind, "request": text, "relationship": "customer", **more}


def _extract(records: int, content: str, where: str) -> dict[str, Any]:
    found = {"found": "yes", "records": records, "location": where, "content": content, "others": "no"}
    return {"extract": found}


def _near(ago: Ago) -> Tale:
    return Tale(
        "gdpr-request",
        (
            Step(
                ago.at(26, "09:30"),
                "carl",
                OPEN,
                _request(ago, "Noor Rahimi", "access", 26, "Please send me all data that you hold about me.")
                | {"customerNumber": "40291"},
            ),
            Step(
                ago.at(14, "10:00"),
                "carl",
                "Task_Identify",
                {"identity": "confirmed", "identifiedBy": "account"},
            ),
            Step(
                ago.at(13, "09:15"),
                "carl",
                "Task_PlanSearch",
                {"systems": ["customers", "billing", "personnel"], "searchTerms": "Rahimi, 40291"},
            ),
            Step(
                ago.at(8, "13:50"),
                "ben",
                "Task_Collect",
                _extract(2, "Address, contracts and two letters.", "Privacy share, folder 40291"),
                local={"system": "customers"},
            ),
            Step(ago.at(7, "10:00"), "ben", "Task_Collect", local={"system": "billing"}),
        ),
    )


def _doubtful(ago: Ago) -> Tale:
    return Tale(
        "gdpr-request",
        (
            Step(
                ago.at(5, "14:00"),
                "carl",
                OPEN,
                _request(ago, "Paul Richter", "erasure", 6, "Delete my account and everything that belongs to it.")
                | {"relationship": "former customer", "channel": "letter"},
            ),
            Step(
                ago.at(4, "11:20"),
                "carl",
                "Task_Identify",
                {"identity": "doubtful", "identityNote": "The letter comes from another address than we know."},
            ),
            Step(ago.at(3, "11:40"), "carl", "Task_Prove"),
        ),
    )
