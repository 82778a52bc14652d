"""Connections: their settings on SQLite and PostgreSQL, and how a transaction begins and ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from service.db import old_sqlite
from service.db.json import to_json
from service.db.prepared import Statement
from service.db.session import SQLITE_WAITS, _reading

#: When a connection to PostgreSQL is given up of which nothing comes back, not even a refusal: within ten seconds.
#: Linux would try for a quarter of an hour, and an idle one for two hours (libpq's parameters; seconds, times, and ms).
GIVING_UP = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 8000,
}
#: The same for the server, which would keep a lost client's locks until then (settings of PostgreSQL 12 and later).
SERVER_GIVES_UP = {
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 2,
    "tcp_user_timeout": 8000,
}


#: Each connection's settings on PostgreSQL; times in milliseconds. Rows lie in memory or on an SSD, where going by an
#: index costs little more than reading on: by PostgreSQL's own figure, 4, it reads all tasks for a page of them. What
#: we ask is answered sooner than it could be compiled (`jit`).
POSTGRESQL = {
    "lock_timeout": 5000,
    "idle_in_transaction_session_timeout": 60000,
    "timezone": "UTC",
    "random_page_cost": 1.1,
    "jit": "off",
    **SERVER_GIVES_UP,
}


NAME = "casewright"
#: Connections to PostgreSQL that a process keeps open, and that it has at most; a worker has jobs/launching.py's too.
KEPT, MOST = 10, 20


def as_options(settings: Mapping[str, Any]) -> str:
    """Settings of PostgreSQL as libpq's parameter `options` has them."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def engine_options(url: str, name: str = NAME) -> dict[str, Any]:
    """Pool and connection settings for `url`; `name` is what PostgreSQL shows of who is connected."""
    always = {"json_serializer": to_json, "hide_parameters": True}  # errors are logged; what people entered is not
    if url.startswith("sqlite"):
        return {**always, "connect_args": {"timeout": 15, "check_same_thread": False}}
    return {
        **always,
        "pool_size": KEPT,
        "max_overflow": MOST - KEPT,
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {
            "options": as_options(POSTGRESQL),
            "fallback_application_name": name,  # the address and PGAPPNAME go before
            **GIVING_UP,
        },
    }


def prepare(engine: sa.Engine) -> None:
    """Set up `engine`'s connections; call once per engine."""
    if engine.dialect.name == "sqlite":
        old_sqlite.lend_functions()
        sa.event.listen(engine, "connect", _open_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        sa.event.listen(engine, "begin", _begin_postgresql)
        sa.event.listen(engine, "rollback", _end_postgresql)


def _open_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={SQLITE_WAITS}"):
        connection.execute(f"PRAGMA {pragma}")


_BEGIN, _BEGIN_TO_WRITE = Statement(sa.text("BEGIN")), Statement(sa.text("BEGIN IMMEDIATE"))


def _begin_sqlite(connection: sa.Connection) -> None:
    (_BEGIN if _reading.get() else _BEGIN_TO_WRITE).run(connection, {})


def _begin_postgresql(connection: sa.Connection) -> None:
    """Let a transaction that only reads begin with READ ONLY: then nothing in it can write."""
    driver: Any = connection.connection.dbapi_connection
    if not driver.autocommit and driver.read_only is not _reading.get():
        driver.read_only = _reading.get()


def _end_postgresql(connection: sa.Connection) -> None:
    """End a transaction that only read by COMMIT: with ROLLBACK, psycopg forgets all statements that it prepared, and
    the server would parse and plan each again for every request. A connection that broke is dropped without a word:
    the server has rolled back, and who has an answer already shall get it."""
    driver: Any = None if connection.invalidated else connection.connection.dbapi_connection
    if driver is None:
        return
    try:
        (driver.commit if driver.read_only else driver.rollback)()
    except connection.dialect.loaded_dbapi.Error as broken:
        connection.invalidate(broken)
