"""Plain answers to plain forms, accepted without the sandbox: texts, numbers and boxes without conditions and FEEL.

What is wrong, odd, or not of this kind is for the sandbox to say (validation.py), with form-js' own words.
`tests/forms/test_simple.py` holds random answers to random forms against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_TEXT = 300_000  #: characters of an answer
KEPT = 1024  #: forms
_SAFE = 2**53 - 1  #: larger whole numbers are others in JavaScript
_SHOWN = frozenset({"text", "html", "image", "button", "separator", "spacer"})  #: components that are no fields
_ODD = frozenset(
    {"conditional", "readonly", "disabled", "defaultValue", "decimalDigits", "increment", "serializeToString"}
)
_RULES: Mapping[str, frozenset[str]] = {
    "textfield": frozenset({"required", "minLength", "maxLength"}),
    "textarea": frozenset({"required", "minLength", "maxLength"}),
    "number": frozenset({"required", "min", "max"}),
    "checkbox": frozenset({"required"}),
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BREAKS = str.maketrans("\r\n\t", "   ")
_BLANK = " \t\n\r\x0b\x0c"
_NO_ANSWER = object()


@dataclass(frozen=True)
class _Field:
    kind: str
    key: str
    rules: Mapping[str, Any]


class _Unsure(Exception):
    """The form, or the answer, is not of the plain kind."""


_forms: dict[int, tuple[Mapping[str, Any], tuple[_Field, ...] | None]] = {}


def accepted(
    schema: Mapping[str, Any], submitted: Mapping[str, Any], context: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What `validate` accepts, or None where the sandbox has to say. `schema` is not changed afterwards."""
    fields = _fields_of(schema)
    if fields is None or not _is_flat(submitted):
        return None
    try:
        return {field.key: _value(field, submitted.get(field.key, _NO_ANSWER), context) for field in fields}
    except _Unsure:
        return None


def _fields_of(schema: Mapping[str, Any]) -> tuple[_Field, ...] | None:
    known = _forms.get(id(schema))
    if known is None:
        if len(_forms) >= KEPT:
            _forms.clear()
        known = _forms[id(schema)] = (schema, _read(schema))
    return known[1]


def _read(schema: Mapping[str, Any]) -> tuple[_Field, ...] | None:
    """The fields of a plain form; None for any other."""
    found: dict[str, _Field] = {}
    for component in schema.get("components") or ():
        kind, key = component.get("type"), component.get("key")
        if kind in _SHOWN and "components" not in component:
            continue
        rules = {name: rule for name, rule in (component.get("validate") or {}).items() if rule is not None}
        plain = kind in _RULES and isinstance(key, str) and _NAME.fullmatch(key) and key not in found
        if not plain or not _ODD.isdisjoint(component) or not _are_plain(rules, _RULES[kind]):
            return None
        found[key] = _Field(kind, key, rules)
    return tuple(found.values())


def _are_plain(rules: Mapping[str, Any], known: frozenset[str]) -> bool:
    numbers = (rule for name, rule in rules.items() if name != "required")
    return (
        rules.keys() <= known
        and isinstance(rules.get("required", False), bool)
        and all(isinstance(rule, int) and not isinstance(rule, bool) and abs(rule) <= _SAFE for rule in numbers)
    )


def _is_flat(submitted: Mapping[str, Any]) -> bool:
    left = MOST_TEXT
    for name, value in submitted.items():
        if value is not None and not isinstance(value, str | int | float):
            return False
        left -= len(name) + (len(value) if isinstance(value, str) else 25)
    return left > 0


def _value(field: _Field, given: Any, context: Mapping[str, Any]) -> Any:
    """The value of a field that breaks no rule."""
    if given is _NO_ANSWER:
        if field.key in context:
            raise _Unsure
        given = None
    value = _READ[field.kind](given)
    if field.rules.get("required") and (value is None or value is False or value == ""):
        raise _Unsure
    if isinstance(value, str) and value:
        _check_length(value, field.rules)
    elif isinstance(value, int | float) and field.kind == "number":
        least, most = field.rules.get("min"), field.rules.get("max")
        if (least is not None and value < least) or (most is not None and value > most):
            raise _Unsure
    return value


def _check_length(value: str, rules: Mapping[str, Any]) -> None:
    least, most = rules.get("minLength"), rules.get("maxLength")
    if least is None and most is None:
        return
    said = value.strip(_BLANK)
    if said and not (_is_seen(said[0]) and _is_seen(said[-1]) and max(said) < "\ud800"):
        raise _Unsure  # JavaScript knows more that is blank, and counts halves of characters
    if (least is not None and len(said) < least) or (most is not None and len(said) > most):
        raise _Unsure


def _is_seen(character: str) -> bool:
    return character.isascii() or character.isalnum()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unsure
    return value


def _line(value: Any) -> str:
    return _text(value).translate(_BREAKS)


def _number(value: Any) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool | str):
        raise _Unsure
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, float) and not 1e-12 < abs(whole) < 1e15:
        raise _Unsure
    if abs(whole) > _SAFE:
        raise _Unsure
    number: float = whole
    return number


def _box(value: Any) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _Unsure
    return value


_READ = {"textfield": _line, "textarea": _text, "number": _number, "checkbox": _box}
