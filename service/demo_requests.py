"""The demo's GDPR requests: who did what, and how long ago."""

from __future__ import annotations

from typing import Any

from .demo_tales import OPEN, Ago, Step, Tale, email_of


def tales(ago: Ago) -> list[Tale]:
    """One request in work, one whose sender is in doubt."""

    def request(name: str, kind: str, received: int, text: str, **more: Any) -> dict[str, Any]:
        email = email_of(name)
        common = {"requester": name, "requesterEmail": email, "channel": "e-mail", "receivedOn": ago.day(received)}
        return {**common, "requestKind": kind, "request": text, "relationship": "customer", **more}

    def extract(records: int, content: str, where: str) -> dict[str, Any]:
        found = {"found": "yes", "records": records, "location": where, "content": content, "others": "no"}
        return {"extract": found}

    near = Tale(
        "gdpr-request",
        (
            Step(
                ago.at(26, "09:30"),
                "carl",
                OPEN,
                request("Noor Rahimi", "access", 26, "Please send me all data that you hold about me.")
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
                extract(2, "Address, contracts and two letters.", "Privacy share, folder 40291"),
                local={"system": "customers"},
            ),
            Step(ago.at(7, "10:00"), "ben", "Task_Collect", local={"system": "billing"}),
        ),
    )
    doubtful = Tale(
        "gdpr-request",
        (
            Step(
                ago.at(5, "14:00"),
                "carl",
                OPEN,
                request("Paul Richter", "erasure", 6, "Delete my account and everything that belongs to it.")
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
    return [near, doubtful]
