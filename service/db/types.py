"""The base of all tables, and the types of their columns."""

from __future__ import annotations

import os
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
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
