"""One case's story: its audit entries, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from service.db import db, once
from service.models import Actor, AuditEntry, Case, User
from service.models.audit import said_then
from service.policy.permissions import Action, require
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(AuditEntry.seq, int, descending=True),)
_NEWEST = (
    sa.select(AuditEntry)
    .where(AuditEntry.case_id == sa.bindparam("case"))
    .order_by(AuditEntry.seq.desc())
    .limit(sa.bindparam("most", type_=sa.Integer()))
)
_SAID = (
    sa.select(AuditEntry.action, AuditEntry.details)
    .where(AuditEntry.case_id == sa.bindparam("case"), AuditEntry.details.is_not(None))
    .where(AuditEntry.seq < sa.bindparam("newer"), AuditEntry.seq >= sa.bindparam("older"))
    .order_by(AuditEntry.seq.desc())
)
_CALLED = sa.select(User.name, User.display_name).where(User.name.in_(sa.bindparam("names", expanding=True)))
FEW = 50  #: entries among which one mostly finds what a variable held


def entries(case: Case, *, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[AuditEntry]:
    """What happened in a case that `actor` may read, the newest first. Raises `NotFound` for a foreign one."""
    require(actor, Action.READ_CASE, case)
    return page(AuditEntry, AuditEntry.case_id == case.id, sorts=NEWEST, limit=limit, cursor=cursor)


def newest(case: Case, *, actor: Actor, most: int) -> Sequence[AuditEntry]:
    """The last `most` entries of a case that `actor` may read, in the order of their numbers."""
    require(actor, Action.READ_CASE, case)
    return db.session.scalars(_NEWEST, {"case": case.id, "most": most}).all()[::-1]


def values_before(case: Case, entry: AuditEntry, names: Collection[str]) -> Mapping[str, Any]:
    """What these variables of the case held before `entry`; those that had no value then are left out.

    Reads back from there no further than until it has found them all.
    """
    found: dict[str, Any] = {}
    missing = set(names)
    for action, details in _said_before(case, entry.seq) if missing else ():
        then = said_then(action, details)
        changed = then.get("set", {})
        found.update({name: changed[name] for name in missing & changed.keys()})
        missing -= changed.keys() | set(then.get("unset", ()))
        if not missing:
            break
    return found


def _said_before(case: Case, seq: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Action and details of the entries before number `seq`, the newest first: a few, and all others if asked for."""
    for newer, older in ((seq, seq - FEW), (seq - FEW, 0)):
        if newer > 1:
            rows = db.session.execute(_SAID, {"case": case.id, "newer": newer, "older": older})
            yield from (tuple(row) for row in rows)


def display_names(names: Iterable[str]) -> Mapping[str, str]:
    """User name -> how that person is called; names of nobody are left out. Asked once in a request that only reads."""
    wanted, known = set(names), once("display names", dict[str, str | None])
    if unknown := wanted - known.keys():
        rows = db.session.execute(_CALLED, {"names": sorted(unknown)})
        known |= {**dict.fromkeys(unknown), **{row[0]: row[1] for row in rows}}
    return {name: called for name in wanted if (called := known[name]) is not None}
