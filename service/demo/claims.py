"""The demo's insurance claims: paid, large, stolen goods, storm, glass, worn out. Nobody here is a real person."""

from __future__ import annotations

from typing import Any

from service.demo.tales import OPEN, Ago, Step, Tale, email_of


def tales(ago: Ago) -> list[Tale]:
    """These cases, as they would have come about until now."""
    return [_paid(ago), _large(ago), _theft(ago), _storm(ago), _glass(ago), _worn(ago)]


def _claim(
    ago: Ago, name: str, policy: str, kind: str, amount: int, lost: int, reported: int, **more: Any
) -> dict[str, Any]:
    email = email_of(name)
    common = {"claimant": name, "policyNumber": policy, "email": email, "policyStatus": "active"}
    dates = {"dateOfLoss": ago.day(lost), "reportedOn": ago.day(reported)}
    return {**common, **dates, "damageKind": kind, "estimatedAmount": amount, **more}


def _items(**amounts: int) -> list[dict[str, Any]]:
    return [{"item": name.replace("_", " "), "claimed": amount} for name, amount in amounts.items()]


def _accepted(**amounts: int) -> list[dict[str, Any]]:
    return [{"item": name.replace("_", " "), "accepted": amount} for name, amount in amounts.items()]


def _paid(ago: Ago) -> Tale:
    return Tale(
        "insurance-claim",
        (
            Step(
                ago.at(24, "09:12"),
                "ann",
                OPEN,
                _claim(ago, "Jonas Weber", "HH-204517", "water", 2600, 26, 24)
                | {
                    "description": "The hose of the washing machine burst while nobody was at home; the flat below "
                    "is wet too.",
                    "damagedItems": _items(Parquet_floor=1900, Carpet=480, Bookcase=220),
                },
            ),
            Step(
                ago.at(21, "14:40"),
                "ben",
                "Task_Assess",
                {
                    "finding": "accept",
                    "acceptedItems": _accepted(Parquet_floor=1900, Carpet=350),
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


def _large(ago: Ago) -> Tale:
    return Tale(
        "insurance-claim",
        (
            Step(
                ago.at(11, "11:30"),
                "ann",
                OPEN,
                _claim(ago, "Leila Haddad", "BI-330921", "fire", 46000, 12, 11)
                | {
                    "phone": "+4930901820",
                    "description": "A fire in the kitchen of the restaurant spread to the ventilation and the "
                    "dining room. The fire brigade's report is attached to our letter.",
                    "damagedItems": _items(Kitchen=31000, Ventilation=9000, Dining_room=6000),
                },
            ),
            Step(
                ago.at(5, "16:20"),
                "ben",
                "Task_Assess",
                {
                    "finding": "accept",
                    "acceptedItems": _accepted(Kitchen=29500, Ventilation=8600, Dining_room=4200),
                    "assessorNote": "Seen on site with the expert of the fire brigade. Chairs and tables are "
                    "refinished instead of replaced.",
                },
            ),
            Step(ago.at(1, "08:50"), "mia", "Task_Approve"),
        ),
    )


def _theft(ago: Ago) -> Tale:
    return Tale(
        "insurance-claim",
        (
            Step(
                ago.at(6, "15:10"),
                "ann",
                OPEN,
                _claim(ago, "Tomasz Nowak", "HH-118290", "theft", 1850, 7, 6)
                | {
                    "policeReport": False,
                    "description": "My bicycle was stolen from the locked cellar during the night.",
                    "damagedItems": _items(Bicycle=1700, Lock=150),
                },
            ),
            Step(ago.at(5, "09:30"), "ann", "Task_Ask"),
        ),
    )


def _storm(ago: Ago) -> Tale:
    return Tale(
        "insurance-claim",
        (
            Step(
                ago.at(9, "10:45"),
                "ann",
                OPEN,
                _claim(ago, "Ingrid Solberg", "HH-271004", "storm", 7400, 10, 9)
                | {
                    "description": "The storm of that night took some 40 tiles off the roof, and it rained into "
                    "the attic.",
                    "damagedItems": _items(Roof=5200, Insulation=1600, Boxes_in_the_attic=600),
                },
            ),
        ),
    )


def _glass(ago: Ago) -> Tale:
    return Tale(
        "insurance-claim",
        (
            Step(
                ago.at(2, "13:25"),
                "ann",
                OPEN,
                _claim(ago, "Marek Dvořák", "GL-440187", "glass", 640, 3, 2)
                | {
                    "description": "A football went through the window of the veranda.",
                    "damagedItems": _items(Window_pane=640),
                },
            ),
            Step(ago.at(1, "11:15"), "ben", "Task_Assess"),
        ),
    )


def _worn(ago: Ago) -> Tale:
    return Tale(
        "insurance-claim",
        (
            Step(
                ago.at(1, "09:40"),
                "ann",
                OPEN,
                _claim(ago, "Beatriz Sousa", "HH-199342", "wear and tear", 900, 30, 1)
                | {"description": "The seal of the shower has become brittle over the years and lets water through."},
            ),
        ),
    )
