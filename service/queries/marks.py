"""The cases that somebody has at hand: starred ones, and those they looked at last, as far as they may read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.models import Actor, Case, StarredCase, VisitedCase
from service.policy.asking import Asker, asked_by, asker
from service.queries.visibility import readable

SHOWN = 8  #: of each

Row = sa.Row[*tuple[Any, ...]]


def starred(actor: Actor, *, limit: int = SHOWN) -> Sequence[Row]:
    """`number`, `title` and `state` of the cases that `actor` has starred, the last starred first."""
    return db.session.execute(_starred(asker(actor)), _given(actor, limit)).all()


def recent(actor: Actor, *, limit: int = SHOWN) -> Sequence[Row]:
    """The same of those that they looked at, the last one first."""
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
    chosen = sa.select(Case.number, Case.title, Case.state).join(StarredCase, StarredCase.case_id == Case.id)
    mine = chosen.where(StarredCase.user_id == sa.bindparam("person"), readable(who))
    return mine.order_by(StarredCase.starred_at.desc(), Case.id.desc()).limit(sa.bindparam("most", type_=sa.Integer()))


@cache
def _recent(who: Asker) -> sa.Select[*tuple[Any, ...]]:
    chosen = sa.select(Case.number, Case.title, Case.state).join(VisitedCase, VisitedCase.case_id == Case.id)
    mine = chosen.where(VisitedCase.user_id == sa.bindparam("person"), readable(who))
    return mine.order_by(VisitedCase.seen_at.desc(), Case.id.desc()).limit(sa.bindparam("most", type_=sa.Integer()))
