"""The database: session, base class, column types, clock, and how a transaction begins.

SQLite runs with WAL, `synchronous=FULL` and `BEGIN IMMEDIATE` (a reader that turns writer midway would fail with
"database is locked"); a request that only reads says so with `reading()` and takes no write lock.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import cached_property
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column

from service import old_sqlite

Found = TypeVar("Found")

_reading: ContextVar[bool] = ContextVar("reading", default=False)
_found: ContextVar[dict[Hashable, Any] | None] = ContextVar("found", default=None)
_clock: ContextVar[datetime | None] = ContextVar("clock", default=None)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

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


class Identifier(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID: native on PostgreSQL, 16 bytes on SQLite."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.LargeBinary(16))
        return dialect.type_descriptor(sa.Uuid())

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> Any:
        return value.bytes if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        return uuid.UUID(bytes=bytes(value)) if value is not None and dialect.name == "sqlite" else value


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite keeps it as whole microseconds since 1970, so that it sorts."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        if dialect.name == "sqlite":
            return round(value.timestamp() * 1_000_000)
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromtimestamp(value / 1_000_000, UTC)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


_last_tick = 0
_tick_lock = threading.Lock()


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562 §5.7, monotonic by §6.2 method 3): sorts by when it was made in this process."""
    global _last_tick
    with _tick_lock:
        tick = _last_tick = max(_last_tick + 1, time.time_ns() * 4096 // 1_000_000)  # 1/4096 of a millisecond
    value = tick >> 12 << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0x2 << 62
    return uuid.UUID(int=value | int.from_bytes(os.urandom(8), "big") >> 2)


Key = Annotated[uuid.UUID, mapped_column(Identifier, primary_key=True, default=new_id)]


class Base(DeclarativeBase):
    """Every table's base."""

    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {
        uuid.UUID: Identifier,
        datetime: Moment,
        dict[str, Any]: sa.JSON(none_as_null=True),
        list[Any]: sa.JSON(none_as_null=True),
        list[str]: sa.JSON(none_as_null=True),
    }


def where(condition: str) -> dict[str, Any]:
    """Options that make an index hold only the rows under `condition`."""
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


class OneDatabase(Session):
    """A session of the one database that there is; which one is not looked up anew for every statement."""

    def get_bind(self, *_: Any, bind: sa.Engine | sa.Connection | None = None, **__: Any) -> sa.Engine | sa.Connection:
        return bind if bind is not None else self._engine

    @cached_property
    def _engine(self) -> sa.Engine:
        return self._db.engine


db = SQLAlchemy(metadata=Base.metadata, session_options={"autoflush": False, "class_": OneDatabase})


def utcnow() -> datetime:
    """Now, aware, in UTC; within `clock_at`, the moment that it says."""
    return _clock.get() or datetime.now(UTC)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Within this, operations write down that they happened at `moment`: for what is recorded afterwards."""
    token = _clock.set(moment)
    try:
        yield
    finally:
        _clock.reset(token)


@contextmanager
def reading() -> Iterator[None]:
    """Within this, transactions begin without SQLite's write lock."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def is_reading() -> bool:
    """Whether transactions that begin now only read."""
    return _reading.get()


def set_reading(only: bool) -> None:
    """Say for the rest of this context whether transactions only read (the web's before_request)."""
    _reading.set(only)
    _found.set({} if only else None)


def once(question: Hashable, answer: Callable[[], Found]) -> Found:
    """`answer()`, asked once for each `question` in a request that only reads; elsewhere always: things may change."""
    found = _found.get()
    if found is None:
        return answer()
    if question not in found:
        found[question] = answer()
    known: Found = found[question]
    return known


def to_json(value: Any) -> str:
    """`value` as JSON, as rows and programs get it: the dates, times and durations of FEEL are texts (ISO 8601)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=iso_text)


def iso_text(value: Any) -> str:
    """A date, time or duration as JSON has it."""
    if isinstance(value, datetime | date | clock_time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    raise TypeError(f"{type(value).__name__} is no JSON")


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


def as_options(settings: Mapping[str, Any]) -> str:
    """Settings of PostgreSQL as libpq's parameter `options` has them."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def engine_options(url: str) -> dict[str, Any]:
    """Pool and connection settings for `url`."""
    always = {"json_serializer": to_json, "hide_parameters": True}  # errors are logged; what people entered is not
    if url.startswith("sqlite"):
        return {**always, "connect_args": {"timeout": 15, "check_same_thread": False}}
    return {
        **always,
        "pool_size": 10,
        "max_overflow": 10,
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {
            "options": as_options(POSTGRESQL),
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
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _reading.get() else "BEGIN IMMEDIATE")


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


def database_now() -> datetime:
    """The database's clock: what timers are held against, since workers' clocks differ (faults.md F8)."""
    if db.session.get_bind().dialect.name == "sqlite":
        return utcnow()  # one machine, one clock
    moment: datetime = db.session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
