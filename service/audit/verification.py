"""Where the audit trail does not hold: entries changed, removed, added or out of order, cases gone, numbers put back.

What the other rows say now is held against it by maintenance/comparison.py.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain as chained
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa

from service.audit import installation
from service.audit.keys import Key, canonical, key
from service.db import Base, Identifier, db
from service.errors import WrongState
from service.models import AuditEntry, Case, InstallationEntry, InstallationSeal

INSTALLATION = "installation"  #: instead of a case's number
WRONG_KEY = (
    "these chains were made with another key; set CASEWRIGHT_AUDIT_KEY (CASEWRIGHT_SECRET_KEY where it is not set) to"
    " what it was, or run `casewright audit rekey` if it was changed on purpose"
)
NAMED = 20  #: cases that are gone, by name; the rest by their count
CASES, ENTRIES = 500, 1000  #: cases of one statement, and its rows that are in memory at once

_CASES, _ENTRIES = Base.metadata.tables[Case.__tablename__], Base.metadata.tables[AuditEntry.__tablename__]
_ENTRY = [_ENTRIES.c[name] for name in ("seq", "at", "actor", "action", "element_id", "details", "hash")]
_FIRST, _LAST = (sa.bindparam(name, type_=Identifier) for name in ("first", "last"))
_MANY_DIGITS = re.compile(r"\d{19}")
Reached = Callable[[uuid.UUID], None]  #: told up to which case all was looked at


@dataclass(frozen=True)
class Break:
    """Where a chain does not hold: in the case `number`, or in the `INSTALLATION`'s own."""

    number: str
    seq: int
    what: str


def verify(
    case_id: uuid.UUID | None = None, *, after: uuid.UUID | None = None, reached: Reached | None = None
) -> Iterator[Break]:
    """The first broken entry of each chain that does not hold, and what is gone; nothing when all is as it was written.

    `case_id`: only that case's chain. `after`: only the chains of cases after this one, in the order of their ids;
    `reached` is called after each `CASES` of them, and may end the transaction.
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
        for first, last, more in ranges(after):
            yield from _broken(first, last, with_key)
            if more and reached:
                reached(last)
    else:
        yield from _broken(case_id, case_id, with_key)


def ranges(after: uuid.UUID | None) -> Iterator[tuple[uuid.UUID, uuid.UUID, bool]]:
    """All cases after that one: the first and the last of each `CASES`, and whether there may be more."""
    following = sa.select(_CASES.c.id).order_by(_CASES.c.id).limit(CASES)
    while True:
        ids = db.session.scalars(following.where(_CASES.c.id > after) if after else following).all()
        if ids:
            yield ids[0], ids[-1], len(ids) == CASES
        if len(ids) < CASES:
            return
        after = ids[-1]


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


def _chains(dialect: str) -> sa.Select[Any]:
    """Cases with their entries, in one statement, so that it holds while people go on.

    As a database has them already, ids and details as texts and moments in microseconds: it takes a driver longer to
    make objects of them than all else here together.
    """
    if dialect == "sqlite":
        id_text: sa.ColumnElement[str] = sa.func.hex(_CASES.c.id)
        micros: sa.ColumnElement[int] = sa.type_coerce(_ENTRIES.c.at, sa.BigInteger)
    else:
        id_text = sa.cast(_CASES.c.id, sa.Text)
        micros = sa.cast(sa.extract("epoch", _ENTRIES.c.at) * 1_000_000, sa.BigInteger)
    whose = _CASES.c.number, _CASES.c.audit_seq, _CASES.c.audit_hash, id_text
    said = [_ENTRIES.c[name] for name in ("actor", "action", "element_id")]
    # PostgreSQL does not see by itself that the bounds are the entries', too.
    own = sa.and_(_ENTRIES.c.case_id == _CASES.c.id, _ENTRIES.c.case_id.between(_FIRST, _LAST))
    return (
        sa.select(*whose, _ENTRIES.c.seq, micros, *said, sa.cast(_ENTRIES.c.details, sa.Text), _ENTRIES.c.hash)
        .outerjoin_from(_CASES, _ENTRIES, own)
        .where(_CASES.c.id.between(_FIRST, _LAST))
        .order_by(_CASES.c.id, _ENTRIES.c.seq)
        .execution_options(yield_per=ENTRIES)
    )


_CHAINS = {dialect: _chains(dialect) for dialect in ("sqlite", "postgresql")}


def _broken(first: uuid.UUID, last: uuid.UUID, with_key: Key) -> Iterator[Break]:
    """The first break in each chain from that case to this one."""
    chains = _CHAINS[db.session.get_bind().dialect.name]
    parts = db.session.execute(chains, {"first": first, "last": last}).partitions()
    rows = (tuple(row) for part in parts for row in part)
    for _, chain in groupby(rows, key=itemgetter(0)):
        found = _first_break(chain, with_key)
        if found:
            yield found


def _first_break(chain: Iterator[Any], with_key: Key) -> Break | None:
    """Where this chain breaks first; a case without entries is one row without an entry."""
    number, last_seq, last_seal, case_id, first, *_ = row = next(chain)
    walk, whose = _Walk(number), str(uuid.UUID(case_id))
    for *_, seq, micros, actor, action, element, text, stands in chained([row], chain) if first is not None else ():
        right = _hash(with_key, walk.seal, [whose, seq, micros, actor, action, element], text, stands)
        if not walk.takes(seq, stands, right, with_key):
            return walk.broken
    return walk.ends(last_seq, last_seal)


def _hash(with_key: Key, previous: bytes, said: list[Any], details: str | None, stands: bytes) -> bytes:
    """What the hash of this entry has to be, where `stands` stands.

    orjson reads and writes nearly all values as `canonical` does, in a fifth of the time; but integers of more than 64
    bits, which it takes for floats. What it finds right is right; what it does not is looked at again.
    """
    if details is None or not _MANY_DIGITS.search(details):
        try:
            quick = orjson.dumps([*said, orjson.loads(details) if details else None], option=orjson.OPT_SORT_KEYS)
        except ValueError:  # what only the other one can read or write
            quick = b""
        if (hashed := with_key.hash(previous, quick)) == stands:
            return hashed
    return with_key.hash(previous, canonical([*said, json.loads(details) if details else None]))


def entries_of(case_id: uuid.UUID) -> sa.Result[Any]:
    """The entries of one case as rows of `AuditEntry`'s columns, the first first."""
    return db.session.execute(
        sa.select(_ENTRIES.c.case_id, *_ENTRY).where(_ENTRIES.c.case_id == case_id).order_by(_ENTRIES.c.seq)
    )


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
    there = bytearray(last + 1)
    for number in db.session.scalars(sa.select(Case.number).where(*own).execution_options(yield_per=ENTRIES)):
        count = number.removeprefix(f"{name}-")
        if count.isdecimal() and int(count) <= last and number == _numbered(name, int(count)):
            there[int(count)] = 1
    missing = (each for each in range(1, last + 1) if not there[each])
    for each in islice(missing, NAMED):
        yield Break(_numbered(name, each), 0, "the case is gone")
    if more := sum(1 for _ in missing):
        yield Break(name, 0, f"{more} more cases are gone")


def _numbered(name: str, count: int) -> str:
    return f"{name}-{count:05d}"


def _orphans() -> Iterator[Break]:
    """Entries whose case is gone."""
    lost = sa.select(AuditEntry.case_id).where(~sa.exists().where(Case.id == AuditEntry.case_id)).distinct()
    for case_id in db.session.scalars(lost.limit(NAMED)):
        yield Break(str(case_id), 0, "there are audit entries of a case that is gone")
