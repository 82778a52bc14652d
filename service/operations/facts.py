"""FACTS of cases that were there before their type declared them searchable: the worker fills them in by and by."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from service import jobs
from service.db import db, utcnow
from service.execution import facts
from service.models import Case, ProcessDefinition

AT_ONCE = 50  #: cases in one transaction
LATER = timedelta(seconds=3 * facts.REMEMBERED)  #: until then every process knows what the newest version declares


def follow(added: Iterable[ProcessDefinition]) -> None:
    """Have the facts of the cases filled in that run by an earlier version of what was just deployed."""
    for row in added:
        if row.version > 1 and _declares(row.info) != _declares(_before(row)):
            _fill_later(row.key, None)


def _declares(info: dict[str, object] | None) -> str:
    attributes = (info or {}).get("attributes")
    return str(attributes.get("searchable", "")) if isinstance(attributes, dict) else ""


def _before(row: ProcessDefinition) -> dict[str, object] | None:
    return db.session.scalar(
        sa.select(ProcessDefinition.info).where(
            ProcessDefinition.key == row.key, ProcessDefinition.version == row.version - 1
        )
    )


def _fill_later(case_type: str, after: uuid.UUID | None) -> None:
    jobs.enqueue_at(
        utcnow() + LATER,
        "fill_facts",
        {"case_type": case_type, "after": str(after) if after else None},
        key=f"fill_facts:{case_type}:{uuid.uuid4()}",
        partition="fill_facts",
    )


def fill_some(case_type: str, after: uuid.UUID | None) -> int:
    """Fill in the facts of some cases after that one, and have a job do the next; how many.

    Several cases are locked at once, in the order of their ids; nobody else who holds one waits for another.
    """
    wanted = sa.select(Case).where(Case.case_type == case_type).order_by(Case.id).limit(AT_ONCE).with_for_update()
    found = db.session.scalars(wanted if after is None else wanted.where(Case.id > after)).all()
    for case in found:
        facts.refill(case)
    if len(found) == AT_ONCE:
        jobs.enqueue("fill_facts", {"case_type": case_type, "after": str(found[-1].id)}, partition="fill_facts")
    return len(found)
