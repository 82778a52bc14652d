"""Chains made anew with the key that is set now: after the key was changed on purpose, and once for databases from
before there was a key. A chain that does not hold is left as it is, so that what broke it stays to be seen."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import sqlalchemy as sa

from service.audit import installation
from service.audit.cases import content_of
from service.audit.keys import Key, canonical, key
from service.audit.verification import entries_of
from service.db import db
from service.errors import BadRequest
from service.models import SYSTEM, Actor, ApiToken, AuditEntry, Case, InstallationEntry, InstallationSeal, User


class Way(Protocol):
    """How a chain is, or was, made."""

    def hash(self, previous: bytes, content: bytes) -> bytes: ...

    def seal(self, hashed: bytes) -> bytes: ...


class Unkeyed:
    """How chains were made before there was a key: SHA-256, closed by the last hash itself."""

    def hash(self, previous: bytes, content: bytes) -> bytes:
        return hashlib.sha256(previous + content).digest()

    def seal(self, hashed: bytes) -> bytes:
        return hashed


def adopt() -> None:
    """Give a database that has no seal yet its seal, and its chains their keyed hashes. Does not commit."""
    if db.session.get(InstallationSeal, installation.ONLY) is None:
        installation.begin()
        chains, broken = _remake_all(Unkeyed())
        admins = db.session.scalars(sa.select(User.name).where(User.is_admin)).all()
        tokens = [str(each) for each in db.session.scalars(sa.select(ApiToken.id))]
        if chains or broken or admins or tokens:
            found = {"chains": chains, "broken": broken, "admins": admins, "tokens": tokens}
            installation.record("audit:began", by=SYSTEM, details=found)


def rekey(old: Key, *, by: Actor) -> tuple[int, int]:
    """Make every chain anew that holds under `old`; how many, and how many did not hold and were left. No commit.

    Raises `BadRequest` when the chains were not made with `old`.
    """
    seal = db.session.scalars(sa.select(InstallationSeal).with_for_update()).one()
    if seal.key != old.mark:
        raise BadRequest("The chains were not made with the old key that is given.")
    made = _remake_all(old)
    _remake_installation(seal, old)
    installation.record("audit:rekeyed", by=by, details={"chains": made[0], "broken": made[1]})
    return made


def _remake_all(way: Way) -> tuple[int, int]:
    made = [_remake(way, *row) for row in db.session.execute(sa.select(Case.id, Case.audit_seq, Case.audit_hash)).all()]
    return sum(made), len(made) - sum(made)


def _remake(way: Way, case_id: Any, last: int, seal: bytes) -> bool:
    """Whether the chain held, and so was made anew."""
    old = new = b""
    changes, with_key = [], key()
    for expected, entry in enumerate(entries_of(case_id), 1):
        content = canonical(content_of(entry))
        if entry.seq != expected or entry.hash != way.hash(old, content):
            return False
        hashed = with_key.hash(new, content)
        changes.append({"entry_seq": entry.seq, "hashed": hashed})
        old, new = way.seal(entry.hash), with_key.seal(hashed)
    if (len(changes), old) != (last, seal):
        return False
    its = AuditEntry.case_id == case_id, AuditEntry.seq == sa.bindparam("entry_seq")
    db.session.connection().execute(sa.update(AuditEntry).where(*its).values(hash=sa.bindparam("hashed")), changes)
    db.session.execute(sa.update(Case).where(Case.id == case_id).values(audit_hash=new))
    return True


def _remake_installation(seal: InstallationSeal, way: Key) -> None:
    old = new = b""
    with_key = key()
    for entry in db.session.scalars(sa.select(InstallationEntry).order_by(InstallationEntry.seq)):
        holds = entry.hash == installation.entry_hash(way, old, entry)
        old = way.seal(entry.hash)
        if holds:
            entry.hash = installation.entry_hash(with_key, new, entry)
        new = with_key.seal(entry.hash)
    if seal.hash == old:
        seal.hash = new
    if way.sign(installation.NUMBERS, seal.numbers) == seal.numbers_signed:
        seal.numbers_signed = with_key.sign(installation.NUMBERS, seal.numbers)
    seal.key = with_key.mark
    db.session.flush()
