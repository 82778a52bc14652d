"""Forms as people see them: where a text or a table shows a variable, it says the label of its option.

The raw values stay what they are; only what is read of them changes. The server never checks such a schema.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.web import facts, words

QUOTED = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\}\}")
ANYTHING = re.compile(r"\{\{(?![#/])([^{}]*)\}\}")
SEVERAL = frozenset({"checklist", "taglist"})
YES_OR_NO = (("true", "Yes"), ("false", "No"))


def spoken(schema: Mapping[str, Any], definition_id: uuid.UUID) -> dict[str, Any]:
    """`schema` with the labels that the forms of this definition give."""
    known = facts.fields(definition_id)
    return {**schema, "components": [_part(part, known) for part in schema.get("components", [])]}


def outlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` for a look at a form without a case: what its texts quote is named instead, as ‹Date of loss›."""
    return {**schema, "components": [_outlined(part) for part in schema.get("components", [])]}


def _outlined(part: Mapping[str, Any]) -> dict[str, Any]:
    changed = dict(part)
    if part.get("components"):
        changed["components"] = [_outlined(each) for each in part["components"]]
    for name in ("text", "content"):
        if part.get("type") in ("text", "html") and isinstance(part.get(name), str):
            changed[name] = ANYTHING.sub(lambda found: f"‹{_named(found[1])}›", part[name])
    return changed


def _named(expression: str) -> str:
    return words.readable(expression.strip().rsplit(".")[-1]) if QUOTED.fullmatch(f"{{{{{expression}}}}}") else "…"


def _part(part: Mapping[str, Any], known: Mapping[str, facts.Field]) -> dict[str, Any]:
    kind, changed = part.get("type"), dict(part)
    if part.get("components"):
        changed["components"] = [_part(each, known) for each in part["components"]]
    for name in ("text", "content"):
        if kind in ("text", "html") and isinstance(part.get(name), str):
            changed[name] = QUOTED.sub(lambda found: _quoted(found, known), part[name])
    if kind == "table" and str(part.get("dataSource") or "").startswith("=") and isinstance(part.get("columns"), list):
        changed["dataSource"] = _rows(part["dataSource"][1:], part["columns"], known)
    return changed


def _quoted(found: re.Match[str], known: Mapping[str, facts.Field]) -> str:
    path = found[1]
    field = _field(path.split("."), known)
    said = _said(path, field) if field else ""
    return f"{{{{{said}}}}}" if said else found[0]


def _field(path: Sequence[str], known: Mapping[str, facts.Field]) -> facts.Field | None:
    """What a form says of the variable, or of a part of one: of a record's that is asked for somewhere by that name."""
    if path[0] in known:
        field = known[path[0]]
        for name in path[1:]:
            field = field.column(name)
        return field
    return next(_columns(path[-1], known), None) if len(path) > 1 else None


def _columns(name: str, known: Mapping[str, facts.Field]) -> Iterator[facts.Field]:
    return (column for field in known.values() for column in field.columns if column.key == name)


def _said(expression: str, field: facts.Field) -> str:
    """FEEL for the label of what `expression` gives; nothing where there is none."""
    options = YES_OR_NO if field.type == "checkbox" else field.options
    if not options or any(value == "" or "}" in value + label for value, label in options):
        return ""
    if field.type in SEVERAL:
        return f'string join(for each in {expression} return {_chosen("each", options)}, ", ")'
    return _chosen(expression, options)


def _chosen(expression: str, options: Sequence[tuple[str, str]]) -> str:
    tests = (
        f"if string({expression}) = {json.dumps(value)} then {json.dumps(label, ensure_ascii=False)} else "
        for value, label in options
    )
    return f"{''.join(tests)}{expression}"


def _rows(source: str, columns: Sequence[Mapping[str, Any]], known: Mapping[str, facts.Field]) -> str:
    """FEEL for a table's rows with the labels in place of the options' values."""
    own = known.get(source.strip())
    row = "row"
    for column in columns:
        key = str(column.get("key") or "")
        field = own.column(key) if own and own.columns else next(_columns(key, known), None)
        said = _said(f"row.{key}", field) if field and re.fullmatch(r"[A-Za-z_]\w*", key) else ""
        if said:
            row = f"context put({row}, {json.dumps(key)}, {said})"
    return f"={source}" if row == "row" else f"=if ({source}) = null then [] else for row in {source} return {row}"
