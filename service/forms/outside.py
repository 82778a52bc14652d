"""A form as somebody outside may see it: what it asks and shows, and nothing of the case beside that.

A form is shown with all that its conditions and expressions name, also where nobody sees it. Outside that would tell
what nobody meant to tell, so what depends on the case alone is decided here, and what depends both on the case and on
what is being typed is refused: then the form cannot be answered from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.engine import expressions
from service.errors import WrongState
from service.forms.checks import CONTAINERS, KEYED
from service.forms.validation import initial, opened

_QUOTED = re.compile(r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*")
_HOLES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OF_ROWS = frozenset({"this", "parent", "i", "_this_", "_parent_", "_i_"})


@dataclass(frozen=True)
class Outside:
    """What is sent to a browser outside."""

    schema: Mapping[str, Any]
    values: Mapping[str, Any]


def for_outside(schema: Mapping[str, Any], variables: Mapping[str, Any], *, now: datetime | None = None) -> Outside:
    """The form for somebody outside. Raises `WrongState` where it cannot be shown without telling more of the case."""
    values, hidden = opened(schema, variables, now=now)
    parts, before = list(schema.get("components") or []), None
    told = frozenset(_told(parts, hidden))
    while before != (own := frozenset(_typed(parts))):  # what is left out makes others depend on the case alone
        before = own
        parts = list(_settled(parts, own, told, hidden))
    known = initial(schema, variables)
    for path in _quoted(parts, own | told, hidden, frozenset()):
        _copy(path, known, values)
    for name in _offered(parts, hidden):
        if isinstance(options := known.get(name), list):
            values.setdefault(name, [_option(each) for each in options])
    return Outside({**schema, "components": parts}, values)


def _typed(parts: list[Any]) -> Iterator[str]:
    """The variables that the form's fields are about."""
    for part in parts:
        base = str(part.get("key") or part.get("path") or "").split(".")[0]
        if part.get("type") in KEYED or (part.get("type") in CONTAINERS and base):
            yield base
        if part.get("type") in CONTAINERS:
            yield from _typed(part.get("components") or [])


def _told(parts: list[Any], hidden: frozenset[str]) -> Iterator[str]:
    """The variables that shown texts quote as a whole: no secret any more."""
    for part in parts:
        if part.get("id") not in hidden:
            for _name, text in _texts(_own_texts(part)):
                quoted = (_QUOTED.fullmatch(hole) for hole in _HOLES.findall(text))
                yield from (path[1] for path in quoted if path and "." not in path[1])
            if not (part.get("type") == "dynamiclist" and part.get("isRepeating")):
                yield from _told(list(part.get("components") or []), hidden)


def _own_texts(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in ("components", "conditional")}


def _settled(
    parts: list[Any], own: frozenset[str], told: frozenset[str], hidden: frozenset[str]
) -> Iterator[dict[str, Any]]:
    """The parts that may come to be shown; conditions that only the case decides are decided."""
    for part in parts:
        condition = (part.get("conditional") or {}).get("hide")
        settled = dict(part)
        if condition and not _depends(condition, own, told, part):
            if part.get("id") in hidden:
                continue
            settled.pop("conditional")
        if part.get("type") == "expression" and not _knows(str(part.get("expression") or ""), own | told):
            continue  # it is worked out again as the form is sent
        if part.get("type") in CONTAINERS:
            inner = list(part.get("components") or [])
            rows = part.get("type") == "dynamiclist" and part.get("isRepeating")
            if rows:
                _refuse_row_conditions(inner, own | told | _OF_ROWS)
            settled["components"] = inner if rows else list(_settled(inner, own, told, hidden))
        yield settled


def _depends(condition: str, own: frozenset[str], told: frozenset[str], part: Mapping[str, Any]) -> bool:
    """Whether what is typed decides the condition, with no more of the case than is shown. Raises where more does."""
    named = expressions.names(condition)
    if not named & own:
        return False
    if not named <= own | told:
        raise _refused(part, named - own - told)
    return True


def _refuse_row_conditions(parts: list[Any], own: frozenset[str]) -> None:
    known = own | frozenset(_typed(parts))
    for part in parts:
        condition = (part.get("conditional") or {}).get("hide") or ""
        named = expressions.names(condition) if condition else frozenset()
        if not named <= known:
            raise _refused(part, named - known)
        _refuse_row_conditions(part.get("components") or [], known)


def _knows(text: str, own: frozenset[str]) -> bool:
    return not text.startswith("=") or expressions.names(text) <= own


def _quoted(
    parts: list[Any], own: frozenset[str], hidden: frozenset[str], rows: frozenset[str]
) -> Iterator[tuple[str, ...]]:
    """The paths that shown texts quote. Raises for an expression that reads more of the case than the form shows."""
    for part in parts:
        if part.get("id") in hidden:
            continue
        known = own | rows
        for name, text in _texts(_own_texts(part)):
            if text.startswith("=") and name != "expression" and not expressions.names(text) <= known:
                raise _refused(part, expressions.names(text) - known)
            for hole in _HOLES.findall(text):
                if path := _QUOTED.fullmatch(hole):
                    if path[1].split(".")[0] not in rows:
                        yield tuple(path[1].split("."))
                elif not (named := _named(hole)) <= known:
                    raise _refused(part, named - known)
        inner = list(part.get("components") or [])
        repeating = part.get("type") == "dynamiclist" and part.get("isRepeating")
        yield from _quoted(inner, own, hidden, rows | _OF_ROWS | frozenset(_typed(inner)) if repeating else rows)


def _named(hole: str) -> frozenset[str]:
    return expressions.names(f"={re.sub(r'^-?[#/]?(if|loop)?', '', hole.strip())}") if hole.strip() else frozenset()


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for inner, each in value.items():
            yield from _texts(each, str(inner))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)


def _offered(parts: list[Any], hidden: frozenset[str]) -> Iterator[str]:
    """The variables whose items a shown field offers to choose from."""
    for part in parts:
        if part.get("id") not in hidden:
            if part.get("valuesKey"):
                yield str(part["valuesKey"])
            yield from _offered(list(part.get("components") or []), hidden)


def _option(said: Any) -> Any:
    """What a field shows of an item to choose from, which may say more."""
    return {name: said[name] for name in ("label", "value") if name in said} if isinstance(said, Mapping) else said


def _is_shown(value: Any) -> bool:
    """Whether a text that quotes the value shows it: of a record it shows nothing."""
    parts = value if isinstance(value, list) else [value]
    return not any(isinstance(part, Mapping | list) for part in parts)


def _copy(path: tuple[str, ...], variables: Mapping[str, Any], into: dict[str, Any]) -> None:
    """Put what a text shows of `path` in `variables` at the same place in `into`, unless something stands there."""
    found: Any = variables
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return
        found = found[name]
    if not _is_shown(found):
        return
    for name in path[:-1]:
        inner = into.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        into = inner
    into.setdefault(path[-1], found)


def _refused(part: Mapping[str, Any], names: frozenset[str]) -> WrongState:
    what = part.get("label") or part.get("text") or part.get("key") or part.get("id") or part.get("type")
    return WrongState(
        f"This form cannot be answered from outside: “{str(what)[:60]}” depends on {', '.join(sorted(names)[:5])}, "
        "which the form does not show. Whoever designs the case type can change that."
    )
