"""A morning at the office: claims in every state, so that pages have something to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from service.db import db, utcnow
from service.models import Actor, Case, Incident
from service.operations import cases, tasks
from tests.pages.conftest import Office

CLAIMS: tuple[tuple[str, str, int, str, dict[str, int]], ...] = (
    ("Ada Lovelace", "water", 1200, "The hose of the washing machine burst while nobody was at home; the flat below is "
     "wet too.", {"Floor": 800, "Carpet": 400}),
    ("Grace Hopper", "fire", 48000, "A fire in the kitchen. The whole kitchen burned out, and the smoke went through "
     "the flat.", {"Kitchen": 40000, "Walls": 8000}),
    ("Alan Turing", "theft", 7350, "A bicycle was taken from the cellar, together with a box of tools.",
     {"Bicycle": 6900, "Tools": 450}),
    ("Katherine Johnson", "storm", 920, "The storm of Sunday night took eleven tiles from the roof.", {"Tiles": 920}),
    ("Dorothy Vaughan", "glass", 310, "A stone broke the window of the living room.", {"Window": 310}),
    ("Emmy Noether", "water", 5400, "Rain came in through the roof window, which did not close.",
     {"Parquet": 4200, "Desk": 1200}),
    ("Mary Jackson", "storm", 640, "The garden shed lost its roof.", {"Shed": 640}),
)  # fmt: skip


def furnish(office: Office) -> Case:
    """Open the claims and move them on; the one to look at is returned: assessed, sent back, assessed again."""
    found = [_open(office, *claim) for claim in CLAIMS]
    ada, grace, alan, _katherine, dorothy, emmy, mary = found
    _do(office, grace, "Assess the claim", office.ben, _finding("Kitchen", 38000, "The kitchen is a total loss."))
    _do(office, grace, "Approve the payment", office.mia, {
        "approval": "changes", "approvalNote": "Please add the report of the fire brigade to the file."})  # fmt: skip
    _do(office, dorothy, "Assess the claim", office.ben, _finding("Window", 310, "Glass is covered without excess."))
    for case, hours in ((grace, 3), (ada, -5), (alan, 30)):
        task = office.task(case)
        tasks.claim(task, by=office.ben)
        task.due_at = utcnow() + timedelta(hours=hours)
        db.session.commit()
    cases.change_variables(emmy, {"estimatedAmount": 5900}, by=office.mia)
    cases.change(emmy, by=office.mia, priority=95)
    db.session.add(
        Incident(case_id=emmy.id, element_id="Task_CheckCover", message="The policy register did not answer.")
    )
    db.session.commit()
    cases.cancel(mary, by=office.mia, reason="The claimant withdrew it by phone.")
    db.session.commit()
    return grace


def _open(office: Office, claimant: str, kind: str, amount: int, text: str, items: dict[str, int]) -> Case:
    reported: dict[str, Any] = {"policeReport": True, "policeReportNumber": "B-2026-771"} if kind == "theft" else {}
    return office.open_claim(
        claimant=claimant,
        damageKind=kind,
        estimatedAmount=amount,
        description=text,
        damagedItems=[{"item": item, "claimed": claimed} for item, claimed in items.items()],
        **reported,
    )


def _finding(item: str, accepted: int, note: str) -> dict[str, Any]:
    return {"finding": "accept", "acceptedItems": [{"item": item, "accepted": accepted}], "assessorNote": note}


def _do(office: Office, case: Case, name: str, by: Actor, data: dict[str, Any]) -> None:
    task = office.task(case, name)
    tasks.claim(task, by=by)
    tasks.complete(task, by=by, submitted=data)
    db.session.commit()
