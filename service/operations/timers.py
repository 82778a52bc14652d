"""Timers: `fire`. Our own row is the truth; a wake-up that comes late, early or twice does nothing wrong."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from service import audit
from service.db import Identifier, database_now, db, utcnow
from service.execution.projection import arm
from service.execution.running import running
from service.models import SYSTEM, Case, CaseState, Timer

_WHOSE = (
    sa.select(Case.id, Case.state, Timer.due_at).join(Timer).where(Timer.id == sa.bindparam("timer", type_=Identifier))
)


def case_of(timer_id: uuid.UUID) -> uuid.UUID | None:
    """The case whose timer this is; None for a timer that opens cases, and for one that is gone."""
    return db.session.scalar(sa.select(Timer.case_id).where(Timer.id == timer_id))


def fire(timer_id: uuid.UUID, seq: int) -> bool:
    """Fire the timer if it is still armed with this `seq` and due by the database's clock; say whether it fired.

    A wake-up that comes before the due time (a worker whose clock runs ahead) is put back into the queue. When this
    worker's clock runs behind, the workflow is told the due time instead: it would not fire the timer before that.
    """
    found = db.session.execute(_WHOSE, {"timer": timer_id}).one_or_none()
    if found is None or found.state is not CaseState.ACTIVE:
        return False
    now = database_now()
    with running(found.id, by=SYSTEM, now=max(utcnow(), min(found.due_at, now))) as workflow:
        case = db.session.get_one(Case, found.id)  # as it was read under the lock
        timer = db.session.get(Timer, timer_id, populate_existing=True)
        if timer is None or timer.seq != seq:
            return False
        if timer.due_at > now:
            timer.seq += 1
            arm(timer, case)
            return False
        audit.record(case, "timer:fired", by=SYSTEM, element=timer.element_id)
        return workflow.fire(timer.timer_id)
