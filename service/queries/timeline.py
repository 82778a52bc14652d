"""One case's story: its audit entries, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from ..db import db
from ..models import AuditEntry, Case, User
from ..permissions import Action, Actor, require
from .pages import LIMIT, Page, Sort, page

NEWEST = (Sort(AuditEntry.seq, int, descending=True),)


def entries(case: Case, *, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[AuditEntry]:
    """What happened in a case that `actor` may read, the newest first. Raises `NotFound` for a foreign one."""
    require(actor, Action.READ_CASE, case)
    return page(AuditEntry, AuditEntry.case_id == case.id, sorts=NEWEST, limit=limit, cursor=cursor)


def display_names(names: Iterable[str]) -> Mapping[str, str]:
    """User name -> how that person is called; names of nobody are left out."""
    rows = db.session.execute(sa.select(User.name, User.display_name).where(User.name.in_(set(names))))
    return {row[0]: row[1] for row in rows}
