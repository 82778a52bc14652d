"""AUDIT ENTRY: `record(case, action, by=…)`. Append-only; each entry's hash covers the one before it in its case.

Both hashes are keyed (keys.py), so that nobody who can only write to the database can make an entry. The case row holds
the last entry's number and the *seal* over its hash: appending reads nothing, and a chain that was cut short would need
a seal that stands nowhere. What happens to the installation rather than to a case has a chain of its own
(installation.py); verification.py says where a chain does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.audit.keys import Key, canonical, key
from service.db import db, utcnow
from service.models import Actor, AuditEntry, Case

_PREVIOUS = "the chain's seal before this entry"


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
    sa.inspect(entry).info[_PREVIOUS] = previous
    _close(case, entry, previous)
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
    _close(case, entry, sa.inspect(entry).info[_PREVIOUS])


def _close(case: Case, entry: AuditEntry, previous: bytes) -> None:
    with_key = key()
    entry.hash = entry_hash(with_key, previous, entry)
    case.audit_hash = with_key.seal(entry.hash)


def entry_hash(with_key: Key, previous: bytes, entry: AuditEntry | sa.Row[Any]) -> bytes:
    """The keyed hash over the seal before this entry (empty at the first) and the entry's content."""
    return with_key.hash(previous, canonical(content_of(entry)))


def digest_of(text: str) -> str:
    """By which an entry can say what a text was without telling it."""
    return key().sign("text", text).hex()[:32]


def content_of(entry: AuditEntry | sa.Row[Any]) -> list[Any]:
    """What an entry says, in the order in which it is hashed."""
    micros = round(entry.at.timestamp() * 1_000_000)
    return [str(entry.case_id), entry.seq, micros, entry.actor, entry.action, entry.element_id, entry.details]
