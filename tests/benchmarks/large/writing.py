"""Rows in bulk: by COPY on PostgreSQL, in the text form of its protocol, and by `executemany` on SQLite; meanwhile
without indexes and without the checks of foreign keys, which hold as they do in the originals."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from service.db import Base, db
from tests.benchmarks.large.copies import Form
from tests.benchmarks.large.families import Cell, columns_of
from tests.benchmarks.large.patterns import Pattern, compiled, merged

_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
Write = Callable[[Mapping[sa.Table, Sequence[Any]]], None]


def form(dialect: str) -> Form:
    if dialect == "sqlite":
        return Form(lambda id_: id_.bytes, bytes, _tuple_of)
    return Form(str, lambda content: f"\\\\x{content.hex()}", _line_of)


@contextmanager
def opened(url: sa.URL) -> Iterator[Write]:
    """What writes rows, by table, into the database at `url`, and commits."""
    if url.get_backend_name() == "sqlite":
        with sqlite3.connect(str(url.database), isolation_level=None) as file:
            file.execute("PRAGMA synchronous = OFF")
            file.execute("PRAGMA cache_size = -200000")
            yield lambda rows: _insert(file, rows)
    else:
        arguments = sa.create_engine(url).dialect.create_connect_args(url)
        with psycopg.connect(*arguments[0], **arguments[1]) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("SET synchronous_commit = off")
            yield lambda rows: _copy(connection, rows)


def _insert(file: sqlite3.Connection, rows: Mapping[sa.Table, Sequence[Any]]) -> None:
    file.execute("BEGIN IMMEDIATE")
    for table, its in rows.items():
        columns = columns_of(table)
        places = ", ".join("?" * len(columns))
        file.executemany(f"INSERT INTO {_names(table, columns)} VALUES ({places})", its)
    file.execute("COMMIT")


def _copy(connection: psycopg.Connection[Any], rows: Mapping[sa.Table, Sequence[str]]) -> None:
    for table, lines in rows.items():
        with connection.cursor().copy(f"COPY {_names(table, columns_of(table))} FROM STDIN".encode()) as stream:
            stream.write("".join(lines))
    connection.commit()


def _names(table: sa.Table, columns: Sequence[sa.Column[Any]]) -> str:
    schema = f'"{table.schema}".' if table.schema else ""
    listed = ", ".join(f'"{column.name}"' for column in columns)
    return f'{schema}"{table.name}" ({listed})'


@contextmanager
def without_indexes() -> Iterator[None]:
    """Within this, the current application's database has no indexes but its keys; they are made anew at the end."""
    indexes = [index for table in Base.metadata.sorted_tables for index in table.indexes]
    with db.engine.begin() as connection:
        for index in indexes:
            connection.execute(sa.schema.DropIndex(index, if_exists=True))
    yield
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET maintenance_work_mem = '512MB'"))
        for index in indexes:
            index.create(connection)


def _line_of(cells: list[Cell]) -> Callable[[Sequence[Any]], str]:
    """A row as a line of PostgreSQL's text form."""
    return compiled(merged([_piece_of(cell) for cell in cells], between="\t", end="\n"))


def _piece_of(cell: Cell) -> Pattern:
    if cell.raw is not None:
        return "%s", (cell.raw,)
    if cell.pattern is not None:
        text, slots = cell.pattern
        return text.translate(_ESCAPED), slots
    return _constant(cell.constant), ()


def _constant(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return str(value)


def _tuple_of(cells: list[Cell]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """A row as values for SQLite's driver."""
    first = [_value_of(cell) for cell in cells]
    raws = [(place, cell.raw) for place, cell in enumerate(cells) if cell.raw is not None]
    texts = [(place, compiled(cell.pattern)) for place, cell in enumerate(cells) if cell.pattern and cell.pattern[1]]

    def row(values: Sequence[Any]) -> tuple[Any, ...]:
        filled = first.copy()
        for place, slot in raws:
            filled[place] = values[slot]
        for place, fill in texts:
            filled[place] = fill(values)
        return tuple(filled)

    return row


def _value_of(cell: Cell) -> Any:
    """What stands in every copy."""
    if cell.pattern:
        return cell.pattern[0]
    return cell.constant.bytes if isinstance(cell.constant, uuid.UUID) else cell.constant
