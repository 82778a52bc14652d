"""What clerks were told, held against the database."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from service.db import db
from service.models import AuditEntry, Case, CaseState
from tests.durability.client import Write
from tests.durability.office import count

FILES = {"chaos.bpmn": (Path(__file__).parent / "chaos.bpmn").read_bytes()}


def lost(acknowledged: list[Write], cases: int) -> int:
    """Acknowledged writes that are not in the database, and cases that are not done."""
    entries = db.session.execute(sa.select(AuditEntry.case_id, AuditEntry.action, AuditEntry.element_id)).all()
    there = {(str(row.case_id), row.action, row.element_id) for row in entries}
    missing = [write for write in acknowledged if (write.case, write.action, write.element) not in there]
    for write in missing:
        print("lost:", write, file=sys.stderr)
    undone = cases - count(Case, Case.case_type == "chaos", Case.state == CaseState.COMPLETED)
    unheard = cases - count(Case, Case.case_type == "chaos-heard", Case.state == CaseState.COMPLETED)
    return len(missing) + undone + max(0, unheard)


def applied_twice(acknowledged: list[Write], cases: int) -> int:
    """Effects that are in the database more often than once: of people's writes, of timers, of messages."""
    entries = db.session.execute(sa.select(AuditEntry.case_id, AuditEntry.action, AuditEntry.element_id))
    of_interest = {"case:opened", "case:completed", "task:claimed", "task:completed", "timer:fired"}
    often = Counter(tuple(row) for row in entries if row.action in of_interest)
    twice = sum(times - 1 for times in often.values())
    opened = count(Case, Case.case_type == "chaos") - cases
    heard = max(0, count(Case, Case.case_type == "chaos-heard") - cases)
    keys = Counter(write.key for write in acknowledged)
    return twice + opened + heard + sum(times - 1 for times in keys.values())
