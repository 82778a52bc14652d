"""WHAT OTHERS MUST LEARN, left as jobs in the same transaction (DECISIONS.md, rules 2 and 3)."""

from __future__ import annotations

from collections.abc import Sequence

from service import jobs
from service.engine.work import Happening, OpenWork, What
from service.execution import family
from service.models import (
    Case,
)


def send(case: Case, happenings: Sequence[Happening], before: OpenWork, after: OpenWork) -> None:
    """Leave a job for everything that others must learn (DECISIONS.md, rules 2 and 3)."""
    for happening in happenings:
        if happening.what is What.MESSAGE_SENT:
            jobs.enqueue("publish_message", dict(happening.details), partition=str(case.root_id))
        elif happening.what is What.SIGNAL_SENT:
            arguments = {**happening.details, "from_case": str(case.id)}
            jobs.enqueue("broadcast_signal", arguments, partition=str(case.root_id))
    family.send(case, happenings, before, after)
    known = {service.activity_id for service in before.services}
    for service in after.services:
        if service.activity_id not in known:
            jobs.enqueue(
                "call_service",
                {"case": str(case.id), "activity": service.activity_id},
                partition=str(case.root_id),
                key=f"service:{case.id}:{service.activity_id}",
            )
