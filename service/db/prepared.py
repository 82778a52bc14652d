"""Statements that are told to the driver as it wants them, worked out once: for short ones SQLAlchemy's way to the
driver takes longer than the database.

Only for what is the same at each call: no lists that expand, no columns that come and go. What the driver raises is
raised as SQLAlchemy does, and who listens to an engine's statements hears of these too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Built = (
    sa.TextClause
    | sa.Select[*tuple[Any, ...]]
    | sa.CompoundSelect[*tuple[Any, ...]]
    | sa.Insert
    | sa.Update
    | sa.Delete
)
Parameters = Mapping[str, Any]


class _Parameter(NamedTuple):
    place: str  #: its name in the statement's text
    name: str | None  #: by which it is given; None: it is always `value`
    process: Callable[[Any], Any] | None
    value: Any = None


@dataclass(frozen=True)
class _Told:
    """A statement in one dialect."""

    text: str
    parameters: Sequence[_Parameter]
    by_place: bool  #: whether the driver takes parameters in their order, not by their names
    columns: Sequence[Callable[[Any], Any] | None]  #: what makes Python's values of the database's

    def bound(self, given: Parameters) -> Any:
        values = [
            value if name is None else given[name] if process is None else process(given[name])
            for _place, name, process, value in self.parameters
        ]
        if self.by_place:
            return values
        return {each[0]: value for each, value in zip(self.parameters, values, strict=True)}

    def row(self, found: Sequence[Any]) -> list[Any]:
        return [value if make is None else make(value) for value, make in zip(found, self.columns, strict=True)]


class Statement:
    """A statement whose parameters are its `bindparam`s, and the columns that are written.

    `written`: the names of those columns.
    """

    def __init__(self, statement: Built, written: Sequence[str] = ()) -> None:
        self._statement, self._written = statement, written
        self._told: dict[str, _Told] = {}

    def rows(self, connection: sa.Connection, given: Parameters) -> list[list[Any]]:
        """What it selects or returns, the columns in their order."""
        told = self._in(connection.dialect)
        found, _count = _executed(connection, told, given)
        return [told.row(each) for each in found]

    def run(self, connection: sa.Connection, given: Parameters) -> int:
        """How many rows it has written."""
        _found, count = _executed(connection, self._in(connection.dialect), given)
        return count

    def _in(self, dialect: Dialect) -> _Told:
        told = self._told.get(dialect.name)
        if told is None:
            told = self._told[dialect.name] = _told(self._statement, self._written, dialect)
        return told


def _executed(connection: sa.Connection, told: _Told, given: Parameters) -> tuple[Sequence[Any], int]:
    bound: Any = None
    cursor: Any = None
    try:
        bound = told.bound(given)
        cursor = connection.connection.cursor()
        for heard in connection.engine.dispatch.before_cursor_execute:
            heard(connection, cursor, told.text, bound, None, False)
        cursor.execute(told.text, bound)
        found = cursor.fetchall() if told.columns else ()
        count: int = cursor.rowcount
        cursor.close()
    except BaseException as error:
        connection._handle_dbapi_exception(error, told.text, bound, cursor, None)
    return found, count


def _told(statement: Built, written: Sequence[str], dialect: Dialect) -> _Told:
    compiled = statement.compile(dialect=dialect, column_keys=list(written) or None)
    assert isinstance(compiled, SQLCompiler)
    given = compiled.construct_params(_check=False)
    whole = compiled._process_parameters_for_postcompile(given)  # constants that stand in the text itself
    names = whole.positiontup if compiled.positional else [name for name in compiled.binds if name in given]
    return _Told(
        whole.statement,
        [_parameter(compiled, name) for name in names or ()],
        compiled.positional,
        [column[3]._cached_result_processor(dialect, None) for column in compiled._result_columns],
    )


def _parameter(compiled: SQLCompiler, name: str) -> _Parameter:
    process: Any = compiled._bind_processors.get(name)
    bind = compiled.binds[name]
    if bind.required:
        return _Parameter(name, name, process)
    value = bind.effective_value
    return _Parameter(name, None, None, value if process is None else process(value))
