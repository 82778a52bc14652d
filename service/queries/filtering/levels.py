"""How a service level stands, as SQL over rows of `service_clock`."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from service.models import ClockState, ServiceClock


def level_is(word: str, now: datetime) -> sa.ColumnElement[bool]:
    """That a row of `service_clock` which has not ended stands so."""
    is_breached = sa.and_(ServiceClock.due_at.is_not(None), ServiceClock.due_at <= now)
    is_warned = sa.and_(ServiceClock.warn_at.is_not(None), ServiceClock.warn_at <= now)
    match word:
        case "breached":
            return is_breached
        case "warned":
            return sa.and_(is_warned, sa.not_(is_breached))
        case "stopped":
            return ServiceClock.state == ClockState.STOPPED
    return sa.and_(ServiceClock.state == ClockState.RUNNING, sa.not_(is_warned), sa.not_(is_breached))
