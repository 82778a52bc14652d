"""AUDIT ENTRY: `record(case, action, by=…)`. Append-only; each entry's hash covers the one before it in its case.

The case row holds the last number and hash, so that appending reads nothing and a truncated chain is found.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.db import db, iso_text, utcnow
from service.models import Actor, AuditEntry, Case

_PREVIOUS = "hash of the entry before"


def record(
    case: Case,
    action: str,
    *,
    by: Actor,
    element: str | None = None,
    details: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> AuditEntry:
    """Append to the story of `case` (locked by the caller). `details` has to be JSON."""
    case.audit_seq = (case.audit_seq or 0) + 1
    entry = AuditEntry(
        case_id=case.id,
        seq=case.audit_seq,
        at=at or utcnow(),
        actor=by.name,
        action=action,
        element_id=element,
        details=dict(details) if details else None,
    )
    previous = case.audit_hash or b""
    case.audit_hash = entry.hash = entry_hash(previous, entry)
    sa.inspect(entry).info[_PREVIOUS] = previous
    db.session.add(entry)
    return entry


def unsent(case: Case, *, by: Actor) -> AuditEntry | None:
    """The last entry of `case`, if it is by the same actor and has not gone to the database yet."""
    return next(
        (
            entry
            for entry in db.session.new
            if isinstance(entry, AuditEntry)
            and (entry.case_id, entry.seq, entry.actor) == (case.id, case.audit_seq, by.name)
        ),
        None,
    )


def add_to(entry: AuditEntry, case: Case, more: Mapping[str, Any]) -> None:
    """Say more in an entry that `unsent` found; written once, with its hash over all of it."""
    entry.details = {**(entry.details or {}), **more}
    case.audit_hash = entry.hash = entry_hash(sa.inspect(entry).info[_PREVIOUS], entry)


def entry_hash(previous: bytes, entry: AuditEntry) -> bytes:
    """SHA-256 over the previous entry's hash and this entry's content as canonical JSON."""
    content = [
        str(entry.case_id),
        entry.seq,
        round(entry.at.timestamp() * 1_000_000),
        entry.actor,
        entry.action,
        entry.element_id,
        entry.details,
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=iso_text)
    return hashlib.sha256(previous + text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Break:
    """Where a case's chain does not hold."""

    number: str
    seq: int
    what: str


def verify(case_id: uuid.UUID | None = None) -> Iterator[Break]:
    """The first broken entry of each case whose chain does not hold; nothing when all do."""
    cases = sa.select(Case.id, Case.number, Case.audit_seq, Case.audit_hash)
    if case_id:
        cases = cases.where(Case.id == case_id)
    for row in db.session.execute(cases.execution_options(yield_per=500)):
        broken = _first_break(row)
        if broken:
            yield broken


def _first_break(case: sa.Row[uuid.UUID, str, int, bytes]) -> Break | None:
    case_id, number, last_seq, last_hash = case
    previous, expected = b"", 1
    entries = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.case_id == case_id).order_by(AuditEntry.seq)
    ).all()
    for entry in entries:
        if entry.seq != expected:
            return Break(number, expected, f"entry {expected} is missing")
        if entry_hash(previous, entry) != entry.hash:
            return Break(number, entry.seq, f"entry {entry.seq} was changed")
        previous, expected = entry.hash, expected + 1
    if expected != last_seq + 1 or previous != last_hash:
        return Break(number, expected, f"the last entries from {expected} on are missing or were replaced")
    return None
