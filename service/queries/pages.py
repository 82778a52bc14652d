"""Lists in pages, by keyset: a page begins after the last row of the one before it, however many rows came or went.

A cursor is that row's sort values, readable by anybody and worth nothing: what may be seen is decided anew each time.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.orm.interfaces import ORMOption as ExecutableOption

from service.db import db
from service.errors import BadRequest
from service.languages import _

Row = TypeVar("Row")

LIMIT, MOST = 50, 200  #: rows on a page unless told, and at most


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of the next page (None on the last)."""

    rows: Sequence[Row]
    next: str | None = None


@dataclass(frozen=True)
class Sort:
    """One column that a list is ordered by; None comes last."""

    column: QueryableAttribute[Any] | sa.ColumnElement[Any]
    kind: type[Any]  #: int, str, datetime or UUID
    descending: bool = False
    nullable: bool = False
    of_row: Callable[[Any], Any] | None = None  #: the value in a row, where the column is computed

    @property
    def order(self) -> tuple[sa.ColumnElement[Any], ...]:
        """What comes last has a column of its own in the index: NULLS LAST would be none of SQLite's orders."""
        order = self.column.desc() if self.descending else self.column.asc()
        return (self.column.is_(None), order) if self.nullable else (order,)

    def value(self, row: Any) -> Any:
        return self.of_row(row) if self.of_row else getattr(row, str(self.column.key))

    def beyond(self, value: Any) -> sa.ColumnElement[bool]:
        """Rows after `value`."""
        if value is None:
            return sa.false()
        further = self.column < value if self.descending else self.column > value
        return sa.or_(further, self.column.is_(None)) if self.nullable else further


def page(
    kind: type[Row],
    *conditions: sa.ColumnElement[bool],
    sorts: Sequence[Sort],
    limit: int = LIMIT,
    cursor: str | None = None,
    options: Sequence[ExecutableOption] = (),
) -> Page[Row]:
    """The rows of `kind` under `conditions` in the order of `sorts` (the last one unique), after `cursor`.

    The inner query orders bare keys, in an index where there is one; only the page's own rows are then read whole.
    """
    if cursor is not None:
        conditions = (*conditions, _after(sorts, place(sorts, cursor)))
    keys = sa.inspect(kind).primary_key
    inner = sa.select(*keys).where(*conditions).order_by(*_order(sorts)).limit(limit + 1)
    chosen = sa.tuple_(*keys).in_(inner) if len(keys) > 1 else keys[0].in_(inner)
    ordered = sa.select(kind).where(chosen).order_by(*_order(sorts))
    return cut(db.session.scalars(ordered.options(*options)).unique().all(), sorts, limit)


def _order(sorts: Sequence[Sort]) -> list[sa.ColumnElement[Any]]:
    return [column for sort in sorts for column in sort.order]


def cut(rows: Sequence[Row], sorts: Sequence[Sort], limit: int) -> Page[Row]:
    """The page of the first `limit` of `rows`, which has a next one if there are more."""
    if len(rows) <= limit:
        return Page(rows)
    return Page(rows[:limit], _encode([sort.value(rows[limit - 1]) for sort in sorts]))


def _after(sorts: Sequence[Sort], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """a beyond A, or a = A and b beyond B, or …; one bound stands alone too, for the index."""
    either: list[sa.ColumnElement[bool]] = []
    for i, (sort, value) in enumerate(zip(sorts, values, strict=True)):
        same = [s.column.is_(None) if v is None else s.column == v for s, v in zip(sorts[:i], values[:i], strict=True)]
        either.append(sa.and_(*same, sort.beyond(value)))
    return sa.and_(_not_before(sorts, values), sa.or_(*either))


def _not_before(sorts: Sequence[Sort], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """A bound by the first column, or by the next one among what the first one is empty of."""
    first, value = sorts[0].column, values[0]
    if value is None:
        return sa.and_(first.is_(None), _not_before(sorts[1:], values[1:]))
    if sorts[0].nullable:
        at = sa.literal(value, first.type)
        from_there: sa.ColumnElement[bool] = sa.tuple_(first.is_(None), first) >= sa.tuple_(sa.false(), at)
        return from_there
    bound: sa.ColumnElement[bool] = first <= value if sorts[0].descending else first >= value
    return bound


def _encode(values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    text = json.dumps([str(value) if isinstance(value, uuid.UUID) else value for value in plain])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place(sorts: Sequence[Sort], cursor: str) -> list[Any]:
    """The values in `cursor` of the row after which a page begins.

    Raises `BadRequest` for anything that `_encode` could not have made.
    """
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        return [_typed(sort, value) for sort, value in zip(sorts, values, strict=True)]
    except (ValueError, TypeError, RecursionError, AttributeError) as error:
        raise BadRequest(_("This cursor is none of ours; begin again without it.")) from error


def _typed(sort: Sort, value: Any) -> Any:
    kind = sort.kind
    if value is None and sort.nullable:
        return None
    if kind is int:
        if type(value) is not int or not -(2**31) <= value < 2**31:
            raise ValueError
        return value
    if not isinstance(value, str) or "\0" in value or len(value) > 500:
        raise ValueError
    value.encode()  # a lone surrogate is a ValueError
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    return uuid.UUID(value) if kind is uuid.UUID else value
