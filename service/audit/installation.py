"""THE INSTALLATION'S OWN STORY: who let whom in, gave which right, made which token, deployed what.

`record(action, …)` appends. There is one chain, as a case has one; its end is a row of its own, which is locked while
an entry is appended: these acts are rare. That row also says up to which number cases were opened (`note_numbers`),
signed, so that no case can be deleted together with the count of its kind.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from flask import has_request_context

from service.audit.keys import Key, canonical, key
from service.db import db, utcnow
from service.errors import WrongState
from service.models import Actor, InstallationEntry, InstallationSeal, NumberSequence

ONLY = 1  #: the id of the one row that closes the chain
NUMBERS = "numbers"


def record(
    action: str, *, by: Actor, subject: str | None = None, details: Mapping[str, Any] | None = None
) -> InstallationEntry:
    """Append to the installation's story. `subject`: whom or what it was done to; `details` has to be JSON.

    Raises `WrongState` when the database has no chain to append to.
    """
    db.session.flush()
    end = db.session.scalars(sa.select(InstallationSeal).with_for_update().execution_options(populate_existing=True))
    seal = end.one_or_none()
    if seal is None:
        raise WrongState("The installation's audit trail is missing: run `casewright audit verify`.")
    entry = InstallationEntry(
        seq=seal.seq + 1,
        at=utcnow(),
        actor=by.name,
        action=action,
        subject=subject,
        details=_said(by, details),
    )
    with_key = key()
    entry.hash = entry_hash(with_key, seal.hash, entry)
    seal.seq, seal.hash = entry.seq, with_key.seal(entry.hash)
    db.session.add(entry)
    db.session.flush()
    return entry


def _said(by: Actor, details: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The details; of a command, also whose command line it was."""
    said = dict(details or {})
    if by.id is None and not has_request_context():
        with suppress(OSError, KeyError):  # a container may run under a number that has no name
            said["command_line_of"] = getpass.getuser()
    return said or None


def begin() -> None:
    """Make the chain of a database that has none yet."""
    if db.session.get(InstallationSeal, ONLY) is None:
        with_key = key()
        numbers: dict[str, int] = {}
        signed = with_key.sign(NUMBERS, numbers)
        db.session.add(
            InstallationSeal(id=ONLY, seq=0, hash=b"", key=with_key.mark, numbers=numbers, numbers_signed=signed)
        )
        db.session.flush()


def note_numbers() -> None:
    """Note up to which number cases were opened, of each prefix and year."""
    seal = db.session.get(InstallationSeal, ONLY)
    now = sequences()
    if seal is not None and seal.numbers != now and key().sign(NUMBERS, seal.numbers) == seal.numbers_signed:
        higher = {name: max(last, seal.numbers.get(name, 0)) for name, last in now.items()}
        seal.numbers = {**seal.numbers, **higher}
        seal.numbers_signed = key().sign(NUMBERS, seal.numbers)


def sequences() -> dict[str, int]:
    """The last number given, by what stands before it: `CLM-2026` -> 42."""
    rows = db.session.execute(sa.select(NumberSequence.prefix, NumberSequence.year, NumberSequence.last))
    return {f"{row.prefix}-{row.year}": row.last for row in rows if not row.prefix.startswith(" ")}


def entry_hash(with_key: Key, previous: bytes, entry: InstallationEntry | sa.Row[Any]) -> bytes:
    """As a case's entries have it."""
    at = round(entry.at.timestamp() * 1_000_000)
    content = [entry.seq, at, entry.actor, entry.action, entry.subject, entry.details]
    return with_key.hash(previous, canonical(content))
