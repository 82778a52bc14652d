"""Between objects and rows, by statements that are built once: for what every request does the ORM takes four times as
long.

`Query` reads whole objects into the session; `write` is what the session's flush comes to (`session.py`) wherever rows
are only added and changed, one table at a time. Everything else (relationships that were set, objects that are deleted,
values that the database works out) is left to the ORM, whose rules hold here as well: the order of the tables, what
defaults are, the version that is compared and counted up. `tests/operations/test_rows.py` holds the two against each
other.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import InstanceState, InstrumentedAttribute, Mapper, Session
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.exc import StaleDataError

from service.db.prepared import Statement

_PLAIN = frozenset({str, int, float, bool, type(None), bytes, dict, list, datetime, uuid.UUID})


@dataclass
class Query:
    """A select of whole objects, or of some of their columns, that is built once.

    `parts`: for each object of a row its class, or those of its attributes that are read.
    """

    parts: Sequence[type | Sequence[InstrumentedAttribute[Any]]]
    build: Callable[[sa.Select[*tuple[Any, ...]]], sa.Select[*tuple[Any, ...]]]

    def one_or_none(self, session: Session, **parameters: Any) -> tuple[Any, ...] | None:
        """The objects of the only row, as the database has them now, whatever the session knew of them."""
        rows = self._statement.rows(session.connection(), parameters)
        if not rows:
            return None
        [row] = rows
        found, at = [], 0
        for mapper, keys in self._read:
            found.append(_known(session, mapper, dict(zip(keys, row[at : at + len(keys)], strict=True))))
            at += len(keys)
        return (*found, *row[at:])  # and what `build` has added

    def get(self, session: Session, key: uuid.UUID, **parameters: Any) -> Any:
        """The object with this key, the first of a row, as the session knows it or else read; None: there is none.

        `parameters` are those by which the statement finds it.
        """
        known = session.identity_map.get(self._read[0][0].identity_key_from_primary_key((key,)))
        if known is not None and not instance_state(known).expired:
            return known
        found = self.one_or_none(session, **parameters)
        return found[0] if found else None

    @cached_property
    def _read(self) -> list[tuple[Mapper[Any], list[str]]]:
        """For each object its mapper, and the attributes that are read: always its key among them."""
        found = []
        for part in self.parts:
            mapper = sa.inspect(part if isinstance(part, type) else part[0].class_)
            chosen = mapper.column_attrs.keys() if isinstance(part, type) else [each.key for each in part]
            found.append((mapper, list(dict.fromkeys([each.key for each in _table_of(mapper).key] + list(chosen)))))
        return found

    @cached_property
    def _statement(self) -> Statement:
        columns = [mapper.column_attrs[key].columns[0] for mapper, keys in self._read for key in keys]
        return Statement(self.build(sa.select(*columns)))


def _known(session: Session, mapper: Mapper[Any], values: dict[str, Any]) -> Any:
    """The session's object of that row: the one that it has, or a new one."""
    key = mapper.identity_key_from_primary_key(tuple(values[each.key] for each in _table_of(mapper).key))
    found = session.identity_map.get(key)
    if found is None:
        found = mapper.class_manager.new_instance()
        state = instance_state(found)
        state.key, state.session_id = key, session.hash_key
        session.identity_map.add(state)
        state._expire_attributes(state.dict, _table_of(mapper).attributes - values.keys())
    state = instance_state(found)
    state.dict.update(values)
    state._commit_all(state.dict, session.identity_map)
    return found


# --- Writing


@dataclass(frozen=True)
class _Column:
    key: str  #: the attribute's name
    name: str  #: the column's
    default: Callable[[], Any]


@dataclass(frozen=True, eq=False)
class _Table:
    """How objects of one class become rows."""

    place: int  #: among all tables, after those that it refers to
    columns: Sequence[_Column]
    key: Sequence[_Column]
    version: _Column | None
    relations: frozenset[str]
    attributes: frozenset[str]
    insert: Statement
    update: sa.Update
    only_orm: bool  #: whether it has columns about which the database decides, or whose null is one of JSON


def write(session: Session) -> bool:
    """Send what is new and what has changed to the database; False, and nothing done, where that is for the ORM to do.

    Raises `StaleDataError` where somebody else has written the row since it was read.
    """
    if session.deleted:
        return False
    new = [(_table_of(state.mapper), state) for state in map(instance_state, session.new)]
    changed = [(_table_of(state.mapper), state) for state in map(instance_state, session.dirty)]
    if not (new or changed):
        return True
    if not all(_is_plain(table, state) for table, state in (*new, *changed)):
        return False
    connection = session.connection()
    try:
        for table, state in sorted(new, key=lambda each: (each[0].place, each[1].insert_order)):
            _insert(connection, table, state)
        for table, state in sorted(changed, key=lambda each: (each[0].place, each[1].identity)):
            _update(connection, table, state)  # in one order everywhere, for each locks its row
        session._register_persistent({state for _table, state in (*new, *changed)})
    except BaseException:  # then all is rolled back, and the session has to be told so, as by the ORM's flush
        session._autobegin_t()._begin().rollback(_capture_exception=True)
        raise
    return True


def _is_plain(table: _Table, state: InstanceState[Any]) -> bool:
    """Whether the object's own columns are all that changed, to plain values, and its key is what it was."""
    known, changed = state.dict, state.committed_state
    if table.only_orm or not table.relations.isdisjoint(changed) or not changed.keys() <= known.keys():
        return False
    if state.key is not None:
        if any(each.key in changed for each in table.key):
            return False
        if table.version is not None and table.version.key not in known:  # it was forgotten, and has to be read again
            return False
    return not any(hasattr(known[key], "_propagate_attrs") for key in changed if type(known[key]) not in _PLAIN)


def _insert(connection: sa.Connection, table: _Table, state: InstanceState[Any]) -> None:
    known = state.dict
    for column in table.columns:
        if known.get(column.key) is None:
            known[column.key] = column.default()
    if table.version is not None:
        known[table.version.key] = 1
    table.insert.run(connection, {column.name: known[column.key] for column in table.columns})


def _update(connection: sa.Connection, table: _Table, state: InstanceState[Any]) -> None:
    known, before = state.dict, state.committed_state
    values = {
        column.name: known[column.key]
        for column in table.columns
        if column.key in before and not state.manager[column.key].impl.is_equal(known[column.key], before[column.key])
    }
    if not values:
        return
    assert state.key is not None
    where = {f"its_{column.name}": value for column, value in zip(table.key, state.key[1], strict=True)}
    if table.version is not None:
        where[f"its_{table.version.name}"] = known[table.version.key]
        values[table.version.name] = known[table.version.key] + 1
    if _update_of(table, tuple(values)).run(connection, values | where) != 1:
        raise StaleDataError(f"A row of {table.update.table} was written by somebody else.")
    if table.version is not None:
        known[table.version.key] += 1


@lru_cache(maxsize=512)
def _update_of(table: _Table, written: tuple[str, ...]) -> Statement:
    return Statement(table.update, written)


@lru_cache(maxsize=256)
def _table_of(mapper: Mapper[Any]) -> _Table:
    table = cast("sa.Table", mapper.local_table)
    columns: dict[Any, _Column] = {
        column: _Column(mapper.get_property_by_column(column).key, column.name, _default_of(column))
        for column in table.columns
    }
    key = [columns[column] for column in mapper.primary_key]
    version = columns[mapper.version_id_col] if mapper.version_id_col is not None else None
    same = [table.c[each.name] == sa.bindparam(f"its_{each.name}") for each in [*key, *([version] if version else ())]]
    return _Table(
        list(table.metadata.sorted_tables).index(table),
        list(columns.values()),
        key,
        version,
        frozenset(mapper.relationships.keys()),
        frozenset(each.key for each in columns.values()),
        Statement(sa.insert(table), [each.name for each in table.columns]),
        sa.update(table).where(*same),
        only_orm=any(_is_for_orm(column) for column in table.columns),
    )


def _is_for_orm(column: sa.Column[Any]) -> bool:
    by_database = column.server_default is not None and column.default is None
    return bool(by_database or column.onupdate or column.server_onupdate or column.type.should_evaluate_none)


def _default_of(column: sa.Column[Any]) -> Callable[[], Any]:
    default: Any = column.default
    if default is None:
        return lambda: None
    if default.is_scalar:
        return lambda: default.arg
    return lambda: default.arg(None)
