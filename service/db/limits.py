"""How long a statement may take whose cost somebody else's words decide."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from service.db.session import db

STEPS = 20_000  #: of SQLite's machine between two looks at the clock


class TookTooLong(Exception):
    """The statements were stopped; nothing was changed."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Stop what the block reads after so many seconds, for each statement on PostgreSQL; raises `TookTooLong`."""
    session = db.session()
    if session.get_bind().dialect.name == "sqlite":
        with _on_sqlite(seconds):
            yield
        return
    try:
        with session.begin_nested():
            session.execute(sa.text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))
            yield
            session.execute(sa.text("SET LOCAL statement_timeout = DEFAULT"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != "57014":  # query_canceled
            raise
        raise TookTooLong from error


@contextmanager
def _on_sqlite(seconds: float) -> Iterator[None]:
    connection = db.session.connection().connection.driver_connection
    assert connection is not None
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    try:
        yield
    except OperationalError as error:
        if "interrupted" not in str(error.orig):
            raise
        raise TookTooLong from error
    finally:
        connection.set_progress_handler(None, 0)
