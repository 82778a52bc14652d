"""Where the audit trail does not hold: entries changed, removed, added or out of order, cases gone, numbers put back.

What the other rows say now is held against it by maintenance/comparison.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.audit import installation
from service.audit.cases import entry_hash
from service.audit.keys import Key, key
from service.db import db
from service.errors import WrongState
from service.models import AuditEntry, Case, InstallationEntry, InstallationSeal

INSTALLATION = "installation"  #: instead of a case's number
WRONG_KEY = (
    "these chains were made with another key; set CASEWRIGHT_AUDIT_KEY (CASEWRIGHT_SECRET_KEY where it is not set) to"
    " what it was, or run `casewright audit rekey` if it was changed on purpose"
)
NAMED = 20  #: cases that are gone, by name; the rest by their count

_ENTRY = (
    AuditEntry.case_id, AuditEntry.seq, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.element_id,
    AuditEntry.details, AuditEntry.hash,
)  # fmt: skip


@dataclass(frozen=True)
class Break:
    """Where a chain does not hold: in the case `number`, or in the `INSTALLATION`'s own."""

    number: str
    seq: int
    what: str


def verify(case_id: uuid.UUID | None = None) -> Iterator[Break]:
    """The first broken entry of each chain that does not hold, and what is gone; nothing when all is as it was written.

    `case_id`: only that case's chain.
    """
    with_key = key()
    if case_id is None:
        unfit = _wrong_key(with_key)
        if unfit is not None:
            yield unfit
            return
        yield from _installation(with_key)
        yield from _gone(with_key)
        yield from _orphans()
    cases = sa.select(Case.id, Case.number, Case.audit_seq, Case.audit_hash)
    if case_id:
        cases = cases.where(Case.id == case_id)
    for row in db.session.execute(cases.execution_options(yield_per=500)):
        broken = _first_break(row, with_key)
        if broken:
            yield broken


def _wrong_key(with_key: Key) -> Break | None:
    """Why nothing can be verified: there is no seal, or another key made it."""
    found = db.session.execute(sa.select(InstallationSeal.key)).scalar_one_or_none()
    if found is None:
        return Break(INSTALLATION, 0, "the row that closes the installation's audit trail is missing")
    return None if found == with_key.mark else Break(INSTALLATION, 0, WRONG_KEY)


def require_right_key() -> None:
    """Raise `WrongState` where the database's chains were made with another key than the one that is set."""
    if not sa.inspect(db.session.connection()).has_table(InstallationSeal.__tablename__):
        return  # nothing is there, or tables of an older release: that is for others to say
    found = db.session.execute(sa.select(InstallationSeal.key)).scalar_one_or_none()
    if found not in (None, key().mark):
        raise WrongState(f"The audit trail: {WRONG_KEY}.")


def _installation(with_key: Key) -> Iterator[Break]:
    end = db.session.execute(sa.select(InstallationSeal.seq, InstallationSeal.hash)).one()
    columns = InstallationEntry.__table__.columns
    walk = _Walk(INSTALLATION)
    for row in db.session.execute(sa.select(*columns).order_by(InstallationEntry.seq)):
        if not walk.takes(row.seq, row.hash, installation.entry_hash(with_key, walk.seal, row), with_key):
            break
    found = walk.broken or walk.ends(end.seq, end.hash)
    if found:
        yield found


class _Walk:
    """One chain, entry by entry."""

    def __init__(self, number: str) -> None:
        self.number, self.seal, self.expected = number, b"", 1
        self.broken: Break | None = None

    def takes(self, seq: int, stands: bytes, right: bytes, with_key: Key) -> bool:
        """Whether the next entry is the right one; `stands`: its hash, `right`: what that has to be."""
        if seq != self.expected:
            self.broken = Break(self.number, self.expected, f"entry {self.expected} is missing")
        elif stands != right:
            self.broken = Break(self.number, seq, f"entry {seq} was changed")
        self.seal, self.expected = with_key.seal(stands), self.expected + 1
        return self.broken is None

    def ends(self, seq: int, seal: bytes) -> Break | None:
        """Whether the chain ends where its closing row says."""
        if (self.expected, self.seal) == (seq + 1, seal):
            return None
        what = f"the last entries from {self.expected} on are missing or were replaced"
        return Break(self.number, self.expected, what)


def _first_break(case: sa.Row[uuid.UUID, str, int, bytes], with_key: Key) -> Break | None:
    case_id, number, last_seq, last_seal = case
    walk = _Walk(number)
    for entry in entries_of(case_id):
        if not walk.takes(entry.seq, entry.hash, entry_hash(with_key, walk.seal, entry), with_key):
            return walk.broken
    return walk.ends(last_seq, last_seal)


def entries_of(case_id: uuid.UUID) -> sa.Result[Any]:
    """The entries of one case as rows of `AuditEntry`'s columns, the first first."""
    return db.session.execute(sa.select(*_ENTRY).where(AuditEntry.case_id == case_id).order_by(AuditEntry.seq))


def _gone(with_key: Key) -> Iterator[Break]:
    """Cases that were opened, by the numbers that were given, and are not there; and numbers that were put back."""
    said = db.session.execute(sa.select(InstallationSeal.numbers, InstallationSeal.numbers_signed)).one()
    noted, given = said.numbers, installation.sequences()
    if with_key.sign(installation.NUMBERS, noted) != said.numbers_signed:
        yield Break(INSTALLATION, 0, "what it says about the cases' numbers was changed")
        noted = {}
    for name in sorted({**noted, **given}):
        last = max(given.get(name, 0), noted.get(name, 0))
        if given.get(name, 0) < noted.get(name, 0):
            what = f"the numbers of {name} were put back from {noted[name]} to {given.get(name, 0)}"
            yield Break(INSTALLATION, 0, what)
        yield from _gaps(name, last)


def _gaps(name: str, last: int) -> Iterator[Break]:
    own = Case.number.startswith(f"{name}-", autoescape=True), ~Case.number.contains(".")
    if db.session.scalar(sa.select(sa.func.count()).where(*own)) == last:
        return
    there = set(db.session.scalars(sa.select(Case.number).where(*own)))
    missing = [number for number in (f"{name}-{each:05d}" for each in range(1, last + 1)) if number not in there]
    for number in missing[:NAMED]:
        yield Break(number, 0, "the case is gone")
    if len(missing) > NAMED:
        yield Break(name, 0, f"{len(missing) - NAMED} more cases are gone")


def _orphans() -> Iterator[Break]:
    """Entries whose case is gone."""
    lost = sa.select(AuditEntry.case_id).where(~sa.exists().where(Case.id == AuditEntry.case_id)).distinct()
    for case_id in db.session.scalars(lost.limit(NAMED)):
        yield Break(str(case_id), 0, "there are audit entries of a case that is gone")
