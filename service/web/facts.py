"""A case's variables as people read them: with the labels, options and order of the forms that ask for them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from service.execution.definitions import deployed, form_schema
from service.http import bounds
from service.web import words

UNINTERESTING = frozenset({"initiator"})  #: said elsewhere on the page
BRIEF = 32  #: characters of a label that can stand beside a value in a row
SPOKEN = 3  #: columns of a list whose values speak for themselves; of more each is named
LONG = 60  #: a text of more characters gets the whole width


@dataclass(frozen=True)
class Field:
    """What a form says of one variable."""

    key: str
    label: str
    type: str = ""
    options: tuple[tuple[str, str], ...] = ()  #: raw value, label
    columns: tuple[Field, ...] = ()  #: the fields of each row of a dynamic list
    before: str = ""  #: such as €
    after: str = ""  #: such as days

    @property
    def is_labelled(self) -> bool:
        """Whether a designer named it; a computed field has no label of its own."""
        return self.label != words.readable(self.key)

    def text(self, data: Any) -> str:
        """`data` in one line."""
        if self.columns and isinstance(data, list) and all(isinstance(record, Mapping) for record in data):
            said = [self._record(record) for record in data[: bounds.ROWS]]
            return words.clipped("; ".join([*said, *words.left_out(len(data), bounds.ROWS)])) or words.NOTHING
        shown = words.value(data, dict(self.options))
        if self.type == "number" and isinstance(data, int | float) and not isinstance(data, bool):
            shown = words.number(data) if self.before or data == int(data) else f"{data:,.10g}"
        return shown if shown == words.NOTHING else " ".join(filter(None, (self.before, shown, self.after)))

    @property
    def short(self) -> str:
        """Its label where that is short enough to stand before each value; a question in full is not."""
        return self.label if len(self.label) <= BRIEF else words.readable(self.key)

    def item(self, data: Any) -> str:
        """One entry of a list in one line."""
        if not isinstance(data, Mapping):
            return words.value(data, dict(self.options))
        return self._record(data) if self.columns else words.value(data)

    def column(self, key: str) -> Field:
        """What is known of one part of a record."""
        return next((column for column in self.columns if column.key == key), Field(key, words.readable(key)))

    def name_of(self, record: Any) -> str:
        """What tells a row from others in a few words: the first thing in it; nothing for what is no record."""
        if not isinstance(record, Mapping):
            return ""
        keys = [*(column.key for column in self.columns if column.key in record), *record]
        said = (self.column(key).text(record[key]) for key in keys if isinstance(record[key], str | int))
        return next((text for text in said if text != words.NOTHING), "")[:LONG]

    def _record(self, record: Mapping[str, Any]) -> str:
        """One row of a list, without what is empty."""
        cells = [(column.short, column.text(record.get(column.key))) for column in self.columns]
        said = [(label, cell) for label, cell in cells if cell != words.NOTHING]
        return ", ".join(f"{label}: {cell}" if len(cells) > SPOKEN else cell for label, cell in said)


@dataclass(frozen=True)
class Fact:
    """One variable to show: `text`, or a table of `columns` and `rows` for a list of records."""

    name: str
    label: str
    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: str = ""  #: what of the table is not shown

    @property
    def records(self) -> list[list[tuple[str, str]]]:
        """The rows as pairs of column and text, without what is empty: for tables too wide for a narrow card."""
        return [[pair for pair in zip(self.columns, row, strict=True) if pair[1] != words.NOTHING] for row in self.rows]

    @property
    def is_wide(self) -> bool:
        return bool(self.rows) or len(self.text) > LONG or "\n" in self.text


@lru_cache(maxsize=512)
def fields(definition_id: uuid.UUID) -> Mapping[str, Field]:
    """Every variable that the definition's forms ask for, as the first form in the diagram's order calls it.

    Definitions are immutable: kept.
    """
    source = deployed(definition_id)
    first = [start.form_key for start in source.definition.info.starts if start.form_key]
    drawn = [element.attributes.get("formKey", "") for element in source.definition.elements.values()]
    keys = list(dict.fromkeys([*first, *drawn, *source.forms]))
    found: dict[str, Field] = {}
    for key in keys:
        if key in source.forms:
            for field in _fields(form_schema(source.forms[key]).get("components", [])):
                found[field.key] = _both(found[field.key], field) if field.key in found else field
    return found


def _both(first: Field, other: Field) -> Field:
    """What two forms say of one variable: the first one's words, and the options of both."""
    chosen = other if other.is_labelled and not first.is_labelled else first
    known = dict(first.options)
    return replace(chosen, options=(*first.options, *(each for each in other.options if each[0] not in known)))


@lru_cache(maxsize=512)
def asked(definition_id: uuid.UUID) -> Mapping[str, Field]:
    """The heading of each column that the definition's decision tables look at -> the variable that stands there."""
    found: dict[str, Field] = {}
    for decision in deployed(definition_id).definition.decisions.values():
        body = json.loads(decision.model)["nodes"].get(decision.node, {}).get("body") or {}
        for column in body.get("inputs", ()):
            if column.get("text") in fields(definition_id):
                found[column.get("label") or column["text"]] = fields(definition_id)[column["text"]]
    return found


def _fields(components: Sequence[Mapping[str, Any]]) -> Iterator[Field]:
    for part in components:
        if part.get("type") == "group" and not part.get("path"):
            yield from _fields(part.get("components", []))
        elif part.get("type") in ("group", "dynamiclist") and part.get("path"):
            columns = tuple(_fields(part.get("components", [])))
            yield Field(part["path"], _label(part, part["path"]), part["type"], columns=columns)
        elif part.get("key"):
            options = tuple((str(o.get("value")), str(o.get("label"))) for o in part.get("values") or [])
            sides = part.get("appearance") or {}
            before, after = (_plain(sides.get(side)) for side in ("prefixAdorner", "suffixAdorner"))
            yield Field(
                part["key"], _label(part, part["key"]), part.get("type", ""), options, before=before, after=after
            )


def _plain(text: Any) -> str:
    """`text`, unless it is computed."""
    return text if isinstance(text, str) and not text.startswith("=") and "{{" not in text else ""


def _label(part: Mapping[str, Any], key: str) -> str:
    label = part.get("label") or part.get("dateLabel") or part.get("timeLabel")
    return _plain(label) or words.readable(key)


def field(definition_id: uuid.UUID, name: str) -> Field:
    """What is known of the variable `name`."""
    return fields(definition_id).get(name) or Field(name, words.readable(name))


def described(definition_id: uuid.UUID, name: str, data: Any) -> Field:
    """The same; where no form asks for `name` but one asks for such records, with what that form calls their parts."""
    known = field(definition_id, name)
    rows = data if isinstance(data, list) else [data]
    if known.columns or not rows or not all(isinstance(row, Mapping) and row for row in rows):
        return known
    parts = {part for row in rows for part in row}
    alike = (each for each in fields(definition_id).values() if parts <= {column.key for column in each.columns})
    return replace(known, columns=next((each.columns for each in alike), ()))


@lru_cache(maxsize=512)
def _items(definition_id: uuid.UUID) -> frozenset[str]:
    return deployed(definition_id).definition.items()


def instance(definition_id: uuid.UUID, local: Mapping[str, Any] | None) -> str:
    """Which of several tasks of one activity this is, with the label where its item is an option of some form."""
    said = words.instance(local, _items(definition_id)) if local else ""
    known = fields(definition_id) if said and local else {}
    asked = (known.get(name) or known.get(f"{name}s") for name, item in (local or {}).items() if item == said)
    return next((field.text(said) for field in asked if field), said)


def facts(definition_id: uuid.UUID, variables: Mapping[str, Any]) -> list[Fact]:
    """`variables` in the forms' order, the others after them by name; empty ones are left out."""
    known = fields(definition_id)
    names = [name for name in known if name in variables] + sorted(name for name in variables if name not in known)
    return [
        _fact(described(definition_id, name, variables[name]), variables[name])
        for name in names
        if name not in UNINTERESTING and variables[name] not in (None, "", [], {})
    ]


def _fact(field: Field, data: Any) -> Fact:
    if isinstance(data, Mapping):
        cells = ((field.column(str(name)), part) for name, part in islice(data.items(), bounds.ROWS))
        said = [f"{cell.label}: {cell.text(part)}" for cell, part in cells]
        return Fact(field.key, field.label, words.clipped("\n".join([*said, *words.left_out(len(data), bounds.ROWS)])))
    records = data if isinstance(data, list) else []
    if not records or not all(isinstance(record, Mapping) for record in records):
        return Fact(field.key, field.label, field.text(data))
    known = {column.key: column for column in field.columns}
    keys = list(dict.fromkeys([*known, *(key for record in records for key in record)]))
    columns = [known.get(key) or Field(key, words.readable(key)) for key in keys[: bounds.COLUMNS]]
    rows = tuple(_cells(columns, record) for record in records[: bounds.ROWS])
    left = {"row": len(records) - len(rows), "column": len(keys) - len(columns)}
    more = " and ".join(words.counted(count, one) for one, count in left.items() if count)
    return Fact(field.key, field.label, columns=tuple(column.short for column in columns), rows=rows, more=more)


def _cells(columns: Sequence[Field], record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(column.text(record.get(column.key)) for column in columns)
