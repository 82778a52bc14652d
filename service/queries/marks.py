"""The cases that somebody has at hand: starred ones, and those they looked at last, as far as they may read them.

A star is also how one follows a case: it says `news` when somebody else did something there since one looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.models import Actor, AuditEntry, Case, StarredCase, VisitedCase
from service.policy.asking import Asker, asked_by, asker
from service.queries.visibility import readable

SHOWN = 8  #: of each
LATEST = 20  #: entries of a case's story that are looked at for news; notes have mentions of their own

Row = sa.Row[*tuple[Any, ...]]


def starred(actor: Actor, *, limit: int = SHOWN) -> Sequence[Row]:
    """`number`, `title`, `state` and `news` of the cases that `actor` has starred, the last starred first."""
    return db.session.execute(_starred(asker(actor)), {**_given(actor, limit), "me": actor.name}).all()


def recent(actor: Actor, *, limit: int = SHOWN) -> Sequence[Row]:
    """`number`, `title` and `state` of those that they looked at, the last one first."""
    return db.session.execute(_recent(asker(actor)), _given(actor, limit)).all()


def is_starred(case: Case, actor: Actor) -> bool:
    return db.session.scalar(_MARK, {"person": actor.id, "case": case.id}) is not None


_MARK = sa.select(StarredCase.case_id).where(
    StarredCase.user_id == sa.bindparam("person"), StarredCase.case_id == sa.bindparam("case")
)


def _given(actor: Actor, limit: int) -> Mapping[str, Any]:
    return {**asked_by(actor), "person": actor.id, "most": limit}


@cache
def _starred(who: Asker) -> sa.Select[*tuple[Any, ...]]:
    news = _happened_since(sa.func.coalesce(VisitedCase.seen_at, StarredCase.starred_at)).label("news")
    seen = sa.and_(VisitedCase.case_id == Case.id, VisitedCase.user_id == StarredCase.user_id)
    chosen = sa.select(Case.number, Case.title, Case.state, news).join(StarredCase, StarredCase.case_id == Case.id)
    chosen = chosen.outerjoin(VisitedCase, seen)
    mine = chosen.where(StarredCase.user_id == sa.bindparam("person"), readable(who))
    return mine.order_by(StarredCase.starred_at.desc(), Case.id.desc()).limit(sa.bindparam("most", type_=sa.Integer()))


def _happened_since(seen: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether somebody else did something in the row of `case` since."""
    entries = sa.select(AuditEntry.at, AuditEntry.actor, AuditEntry.action).where(AuditEntry.case_id == Case.id)
    latest = entries.order_by(AuditEntry.seq.desc()).limit(LATEST).correlate(Case).subquery()
    others = latest.c.actor != sa.bindparam("me"), latest.c.action.not_like("note:%")
    return sa.exists(sa.select(latest.c.at).where(latest.c.at > seen, *others))


@cache
def _recent(who: Asker) -> sa.Select[*tuple[Any, ...]]:
    chosen = sa.select(Case.number, Case.title, Case.state).join(VisitedCase, VisitedCase.case_id == Case.id)
    mine = chosen.where(VisitedCase.user_id == sa.bindparam("person"), readable(who))
    return mine.order_by(VisitedCase.seen_at.desc(), Case.id.desc()).limit(sa.bindparam("most", type_=sa.Integer()))
