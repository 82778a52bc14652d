"""Which errors of the database pass by themselves: the worker tries again, the web answers 503 or 409."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm.exc import StaleDataError


def is_conflict(error: BaseException) -> bool:
    """Whether somebody else was at the same rows: another try may well succeed."""
    if isinstance(error, StaleDataError):
        return True
    return _code(error).startswith(("40001", "40P01", "55P03", "SQLITE_BUSY", "SQLITE_LOCKED"))


def is_lost(error: BaseException) -> bool:
    """Whether the database is out of reach or out of space, rather than in disagreement."""
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    return _code(error).startswith(("unreachable", "08", "53", "57P", "25P03", "SQLITE_FULL", "SQLITE_IOERR"))


def is_full(error: BaseException) -> bool:
    """Whether the database could not store something because its disk has no room left."""
    return _code(error).startswith(("53100", "SQLITE_FULL"))


def _code(error: BaseException) -> str:
    """SQLSTATE, or SQLite's name of the error; `unreachable` where there was no connection; else empty."""
    if isinstance(error, sa.exc.TimeoutError):  # the pool has none free
        return "unreachable"
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return ""
    name = "sqlite_errorname" if hasattr(error.orig, "sqlite_errorname") else "sqlstate"
    return getattr(error.orig, name, None) or "unreachable"
