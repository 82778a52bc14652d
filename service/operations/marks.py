"""Cases at hand: `star` and `unstar` them, and remember that somebody `looked_at` one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.db import Identifier, Moment, db, if_free, utcnow
from service.errors import WrongState
from service.languages import _
from service.models import Actor, Case, StarredCase, VisitedCase
from service.policy.permissions import Action, require

MOST = 100  #: starred cases of one person
KEPT = 20  #: cases that somebody looked at last
EXACTLY = timedelta(minutes=1)  #: how exactly it is remembered when


def star(case: Case, *, by: Actor) -> None:
    """Have the case at hand from now on. Raises `WrongState` where there are too many."""
    require(by, Action.READ_CASE, case)
    theirs = sa.select(StarredCase.case_id).where(StarredCase.user_id == by.id)
    if len(db.session.scalars(theirs.where(StarredCase.case_id != case.id)).all()) >= MOST:
        raise WrongState(
            _("You have starred %(MOST)s cases; take the star from one before you star another.", MOST=MOST)
        )
    db.session.execute(
        insert(StarredCase).values(user_id=by.id, case_id=case.id, starred_at=utcnow()).on_conflict_do_nothing()
    )


def unstar(case: Case, *, by: Actor) -> None:
    """Have it at hand no longer."""
    require(by, Action.READ_CASE, case)
    mine = StarredCase.user_id == by.id, StarredCase.case_id == case.id
    db.session.execute(sa.delete(StarredCase).where(*mine))


def looked_at(number: str, *, by: Actor) -> None:
    """Remember that `by`, who may read the case, looks at it: no change of the case, and nobody waits for it."""
    now = utcnow()
    case = sa.select(sa.literal(by.id, Identifier()), Case.id, sa.literal(now, Moment())).where(Case.number == number)
    row = insert(VisitedCase).from_select(["user_id", "case_id", "seen_at"], case)
    seen = row.on_conflict_do_update(
        index_elements=[VisitedCase.user_id, VisitedCase.case_id],
        set_={"seen_at": now},
        where=VisitedCase.seen_at < now - EXACTLY,
    )
    if not if_free(seen.returning(VisitedCase.case_id)):
        return
    theirs = sa.select(VisitedCase.seen_at).where(VisitedCase.user_id == by.id)
    last = theirs.order_by(VisitedCase.seen_at.desc()).offset(KEPT - 1).limit(1).scalar_subquery()
    if_free(sa.delete(VisitedCase).where(VisitedCase.user_id == by.id, VisitedCase.seen_at < last))


def insert(table: Any) -> Any:
    """An insert that can say what to do where the row is there."""
    make: Any = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    return make(table)
