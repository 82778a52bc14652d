"""The base of all tables, and the types of their columns."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import pydantic_core
import sqlalchemy as sa
import zstandard
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from uuid_utils.compat import uuid7  # the standard library has it from Python 3.14 on

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

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return _as_uuid if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _as_uuid(value: bytes | None) -> uuid.UUID | None:
    return None if value is None else uuid.UUID(bytes=value)


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


class Packed(sa.types.TypeDecorator[Any]):
    """A large JSON value, compressed: a tenth of the time that `json` takes, and a quarter of the room."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> bytes:
        return zstandard.compress(pydantic_core.to_json(value), 1)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        text = zstandard.decompress(value)
        return pydantic_core.from_json(text, cache_strings="none")  # no other reader is as quick and keeps all integers


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562 §5.7): sorts by when it was made in this process."""
    return uuid7()


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
