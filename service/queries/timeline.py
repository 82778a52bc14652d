"""One case's story: its audit entries, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ..db import db
from ..models import AuditEntry, Case, User
from ..models.audit import said_then
from ..permissions import Action, Actor, require
from .pages import LIMIT, Page, Sort, page

NEWEST = (Sort(AuditEntry.seq, int, descending=True),)


def entries(case: Case, *, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[AuditEntry]:
    """What happened in a case that `actor` may read, the newest first. Raises `NotFound` for a foreign one."""
    require(actor, Action.READ_CASE, case)
    return page(AuditEntry, AuditEntry.case_id == case.id, sorts=NEWEST, limit=limit, cursor=cursor)


def newest(case: Case, *, actor: Actor, most: int) -> Sequence[AuditEntry]:
    """The last `most` entries of a case that `actor` may read, in the order of their numbers."""
    require(actor, Action.READ_CASE, case)
    last = sa.select(AuditEntry).where(AuditEntry.case_id == case.id).order_by(AuditEntry.seq.desc()).limit(most)
    return db.session.scalars(last).all()[::-1]


def values_before(case: Case, entry: AuditEntry, names: Collection[str]) -> Mapping[str, Any]:
    """What these variables of the case held before `entry`; those that had no value then are left out.

    Reads back from there no further than until it has found them all.
    """
    found: dict[str, Any] = {}
    earlier = sa.select(AuditEntry.action, AuditEntry.details).where(
        AuditEntry.case_id == case.id, AuditEntry.seq < entry.seq, AuditEntry.details.is_not(None)
    )
    missing = set(names)
    if not missing:
        return found
    for action, details in db.session.execute(earlier.order_by(AuditEntry.seq.desc())):
        then = said_then(action, details)
        changed = then.get("set", {})
        found.update({name: changed[name] for name in missing & changed.keys()})
        missing -= changed.keys() | set(then.get("unset", ()))
        if not missing:
            break
    return found


def display_names(names: Iterable[str]) -> Mapping[str, str]:
    """User name -> how that person is called; names of nobody are left out."""
    rows = db.session.execute(sa.select(User.name, User.display_name).where(User.name.in_(set(names))))
    return {row[0]: row[1] for row in rows}
