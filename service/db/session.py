"""The session, and whether the transactions of this context only read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session

from service.db import rows
from service.db.types import Base

Found = TypeVar("Found")

SQLITE_WAITS, A_MOMENT = 15000, 250  #: milliseconds for the lock that every writer of SQLite needs

_reading: ContextVar[bool] = ContextVar("reading", default=False)
_found: ContextVar[dict[Hashable, Any] | None] = ContextVar("found", default=None)


class OneDatabase(Session):
    """A session of the one database that there is; which one is not looked up anew for every statement.

    What it writes goes the short way where it can (rows.py).
    """

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        if objects is not None or not rows.write(self):
            super().flush(objects)

    def get_bind(self, *_: Any, bind: sa.Engine | sa.Connection | None = None, **__: Any) -> sa.Engine | sa.Connection:
        return bind if bind is not None else self._engine

    @cached_property
    def _engine(self) -> sa.Engine:
        return self._db.engine


db = SQLAlchemy(metadata=Base.metadata, session_options={"autoflush": False, "class_": OneDatabase})


@contextmanager
def reading() -> Iterator[None]:
    """Within this, transactions begin without SQLite's write lock."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def before_the_lock() -> Iterator[None]:
    """Within this nothing is locked, however long it takes: for what is worked out before it is written.

    What was read stays in the session; whoever then writes asks under the lock whether it is still so. PostgreSQL locks
    nothing by reading; on SQLite the read ends with this, so that the write begins a transaction of its own.
    """
    session = db.session()
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    with reading():
        yield
    if not (session.new or session.dirty or session.deleted):
        kept, session.expire_on_commit = session.expire_on_commit, False
        session.commit()
        session.expire_on_commit = kept


def is_reading() -> bool:
    """Whether transactions that begin now only read."""
    return _reading.get()


def set_reading(only: bool) -> None:
    """Say for the rest of this context whether transactions only read (the web's before_request)."""
    _reading.set(only)
    _found.set({} if only else None)


def at_once(statement: sa.Executable) -> list[Any]:
    """Run `statement` in a transaction of its own, whatever this request's transaction comes to."""
    only = is_reading()
    set_reading(False)
    try:
        with db.engine.begin() as connection:
            result = connection.execute(statement)
            return list(result) if result.returns_rows else []
    finally:
        set_reading(only)


def if_free(statement: sa.Executable) -> list[Any]:
    """`at_once` for what nobody shall wait for: nothing is done, and nothing returned, where others write for long."""
    only = is_reading()
    set_reading(False)
    try:
        with db.engine.connect() as connection, _in_a_hurry(connection), connection.begin():
            result = connection.execute(statement)
            return list(result) if result.returns_rows else []
    except sa.exc.OperationalError:
        return []
    finally:
        set_reading(only)


@contextmanager
def _in_a_hurry(connection: sa.Connection) -> Iterator[None]:
    """Wait for the lock of SQLite, which every writer needs, but a moment."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    driver.execute(f"PRAGMA busy_timeout={A_MOMENT}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout={SQLITE_WAITS}")


def once(question: Hashable, answer: Callable[[], Found]) -> Found:
    """`answer()`, asked once for each `question` in a request that only reads; elsewhere always: things may change."""
    found = _found.get()
    if found is None:
        return answer()
    if question not in found:
        found[question] = answer()
    known: Found = found[question]
    return known
