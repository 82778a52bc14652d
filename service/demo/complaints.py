"""The demo's employee complaints. Nobody here is a real person."""

from __future__ import annotations

from service.demo.tales import OPEN, Ago, Step, Tale

WITNESSES = [
    {"name": "Olga Petrova", "topic": "The shift plans of the last three months"},
    {"name": "Samuel Osei", "topic": "What was said at the morning meetings"},
]


def tales(ago: Ago) -> list[Tale]:
    """These cases, as they would have come about until now."""
    return [_heard(ago), _fresh(ago)]


def _heard(ago: Ago) -> Tale:
    return Tale(
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
            *_investigated(ago),
        ),
    )


def _investigated(ago: Ago) -> tuple[Step, ...]:
    return (
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
            {"questions": "Who makes the shift plan, by which rule? What was said, when?", "witnesses": WITNESSES},
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
            local={"witness": WITNESSES[0]},
        ),
        Step(ago.at(3, "09:00"), "carl", "Task_Interview", local={"witness": WITNESSES[1]}),
    )


def _fresh(ago: Ago) -> Tale:
    return Tale(
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
