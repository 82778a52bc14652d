"""The demo's cases: who did what, and how long ago. Nothing here is a real person.

`Step.at` is when a task was completed; it was claimed a little before, unless a step of its own says when.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from . import demo_care, demo_customer, demo_grants, demo_requests
from .demo_tales import OPEN, Ago, Step, Tale, email_of, moment


def tales(now: datetime) -> list[Tale]:
    """All cases of the demo, as they would have come about until `now`."""
    ago = Ago(now)
    return [
        *_claims(ago),
        *_complaints(ago),
        *_incidents(ago),
        *demo_requests.tales(ago),
        *demo_care.tales(ago),
        *demo_customer.tales(ago),
        *demo_grants.tales(ago),
    ]


def _claims(ago: Ago) -> list[Tale]:
    def claim(name: str, policy: str, kind: str, amount: int, lost: int, reported: int, **more: Any) -> dict[str, Any]:
        email = email_of(name)
        common = {"claimant": name, "policyNumber": policy, "email": email, "policyStatus": "active"}
        dates = {"dateOfLoss": ago.day(lost), "reportedOn": ago.day(reported)}
        return {**common, **dates, "damageKind": kind, "estimatedAmount": amount, **more}

    def items(**amounts: int) -> list[dict[str, Any]]:
        return [{"item": name.replace("_", " "), "claimed": amount} for name, amount in amounts.items()]

    def accepted(**amounts: int) -> list[dict[str, Any]]:
        return [{"item": name.replace("_", " "), "accepted": amount} for name, amount in amounts.items()]

    paid = Tale(
        "insurance-claim",
        (
            Step(
                ago.at(24, "09:12"),
                "ann",
                OPEN,
                claim("Jonas Weber", "HH-204517", "water", 2600, 26, 24)
                | {
                    "description": "The hose of the washing machine burst while nobody was at home; the flat below "
                    "is wet too.",
                    "damagedItems": items(Parquet_floor=1900, Carpet=480, Bookcase=220),
                },
            ),
            Step(
                ago.at(21, "14:40"),
                "ben",
                "Task_Assess",
                {
                    "finding": "accept",
                    "acceptedItems": accepted(Parquet_floor=1900, Carpet=350),
                    "assessorNote": "Floor beyond repair, carpet at current value. The bookcase was not touched.",
                },
            ),
            Step(
                ago.at(19, "10:05"),
                "ann",
                "Task_Pay",
                {"iban": "DE89370400440532013000", "paymentReference": "CLM-PAY-0117", "paidOn": ago.day(19)},
            ),
        ),
    )
    large = Tale(
        "insurance-claim",
        (
            Step(
                ago.at(11, "11:30"),
                "ann",
                OPEN,
                claim("Leila Haddad", "BI-330921", "fire", 46000, 12, 11)
                | {
                    "phone": "+4930901820",
                    "description": "A fire in the kitchen of the restaurant spread to the ventilation and the "
                    "dining room. The fire brigade's report is attached to our letter.",
                    "damagedItems": items(Kitchen=31000, Ventilation=9000, Dining_room=6000),
                },
            ),
            Step(
                ago.at(5, "16:20"),
                "ben",
                "Task_Assess",
                {
                    "finding": "accept",
                    "acceptedItems": accepted(Kitchen=29500, Ventilation=8600, Dining_room=4200),
                    "assessorNote": "Seen on site with the expert of the fire brigade. Chairs and tables are "
                    "refinished instead of replaced.",
                },
            ),
            Step(ago.at(1, "08:50"), "mia", "Task_Approve"),
        ),
    )
    theft = Tale(
        "insurance-claim",
        (
            Step(
                ago.at(6, "15:10"),
                "ann",
                OPEN,
                claim("Tomasz Nowak", "HH-118290", "theft", 1850, 7, 6)
                | {
                    "policeReport": False,
                    "description": "My bicycle was stolen from the locked cellar during the night.",
                    "damagedItems": items(Bicycle=1700, Lock=150),
                },
            ),
            Step(ago.at(5, "09:30"), "ann", "Task_Ask"),
        ),
    )
    storm = Tale(
        "insurance-claim",
        (
            Step(
                ago.at(9, "10:45"),
                "ann",
                OPEN,
                claim("Ingrid Solberg", "HH-271004", "storm", 7400, 10, 9)
                | {
                    "description": "The storm of that night took some 40 tiles off the roof, and it rained into "
                    "the attic.",
                    "damagedItems": items(Roof=5200, Insulation=1600, Boxes_in_the_attic=600),
                },
            ),
        ),
    )
    glass = Tale(
        "insurance-claim",
        (
            Step(
                ago.at(2, "13:25"),
                "ann",
                OPEN,
                claim("Marek Dvořák", "GL-440187", "glass", 640, 3, 2)
                | {
                    "description": "A football went through the window of the veranda.",
                    "damagedItems": items(Window_pane=640),
                },
            ),
            Step(ago.at(1, "11:15"), "ben", "Task_Assess"),
        ),
    )
    worn = Tale(
        "insurance-claim",
        (
            Step(
                ago.at(1, "09:40"),
                "ann",
                OPEN,
                claim("Beatriz Sousa", "HH-199342", "wear and tear", 900, 30, 1)
                | {"description": "The seal of the shower has become brittle over the years and lets water through."},
            ),
        ),
    )
    return [paid, large, theft, storm, glass, worn]


def _complaints(ago: Ago) -> list[Tale]:
    witnesses = [
        {"name": "Olga Petrova", "topic": "The shift plans of the last three months"},
        {"name": "Samuel Osei", "topic": "What was said at the morning meetings"},
    ]
    heard = Tale(
        "employee-complaint",
        (
            Step(
                ago.at(13, "10:20"),
                "ann",
                OPEN,
                {
                    "complainant": "Hannah Vogel",
                    "department": "Warehouse",
                    "complaintContact": "no",
                    "complaintKind": "bullying",
                    "happenedOn": ago.day(60),
                    "against": "The shift leader",
                    "complaint": "I am given the late shift week after week, and jokes are made about it in front of "
                    "everybody at the morning meeting.",
                    "named": [{"name": "Olga Petrova", "role": "Plans the shifts"}],
                    "wish": "A fair plan, and that the jokes stop.",
                    "ongoing": True,
                    "afraid": True,
                },
            ),
            Step(
                ago.at(11, "15:00"),
                "ann",
                "Task_Screen",
                {
                    "talkedOn": ago.day(11),
                    "screening": "investigate",
                    "risk": "moderate",
                    "measures": ["counsel", "secure"],
                    "screeningReason": "Credible and going on. The plans can be checked.",
                },
            ),
            Step(
                ago.at(8, "11:00"),
                "carl",
                "Task_Plan",
                {"questions": "Who makes the shift plan, by which rule? What was said, when?", "witnesses": witnesses},
            ),
            Step(
                ago.at(4, "14:30"),
                "carl",
                "Task_Interview",
                {
                    "interview": {
                        "heldOn": ago.day(4),
                        "manner": "in person",
                        "statement": "The plan was changed by hand after it had been agreed, eleven times since June.",
                        "credibility": "saw it",
                        "signed": True,
                    }
                },
                local={"witness": witnesses[0]},
            ),
            Step(ago.at(3, "09:00"), "carl", "Task_Interview", local={"witness": witnesses[1]}),
        ),
    )
    fresh = Tale(
        "employee-complaint",
        (
            Step(
                ago.at(1, "16:35"),
                "ben",
                OPEN,
                {
                    "complainant": "Ben Baker",
                    "department": "Claims",
                    "complaintEmail": "ben.baker@example.org",
                    "complaintContact": "yes",
                    "complaintKind": "pay",
                    "happenedOn": ago.day(40),
                    "complaint": "My overtime of the storm weeks has not been paid, though it was approved in writing.",
                    "wish": "Payment with the next salary.",
                    "ongoing": True,
                },
            ),
        ),
    )
    return [heard, fresh]


def _incidents(ago: Ago) -> list[Tale]:
    solved = Tale(
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
    untaken = Tale(
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
    major = Tale(
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
    return [solved, untaken, major]
