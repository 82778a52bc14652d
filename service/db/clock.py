"""What time it is: for operations, and by the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import current_app

from service.db.session import db

_clock: ContextVar[datetime | None] = ContextVar("clock", default=None)


def utcnow() -> datetime:
    """Now, aware, in UTC; within `clock_at`, the moment that it says."""
    return _clock.get() or datetime.now(UTC)


def localnow() -> datetime:
    """Now in the installation's zone: the clock of workflows and forms, where dates without a zone mean that one."""
    return local(utcnow())


def local(moment: datetime) -> datetime:
    """The same moment in the zone of CASEWRIGHT_TIME_ZONE."""
    return moment.astimezone(current_app.config["CASEWRIGHT"].time_zone)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Within this, operations write down that they happened at `moment`: for what is recorded afterwards."""
    token = _clock.set(moment)
    try:
        yield
    finally:
        _clock.reset(token)


def database_now() -> datetime:
    """The database's clock: what timers are held against, since workers' clocks differ."""
    if db.session.get_bind().dialect.name == "sqlite":
        return utcnow()  # one machine, one clock
    moment: datetime = db.session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
