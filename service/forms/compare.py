"""What differs between two versions of a form, in words: fields that come, go, or ask otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from service.forms.checks import CONTAINERS, KEYED

_SHOWN = 60
_ASPECTS = {
    "type": "kind",
    "label": "label",
    "description": "description",
    "text": "text",
    "required": "whether it is required",
    "options": "choices",
    "defaultValue": "value to begin with",
    "conditional": "condition under which it is hidden",
    "readonly": "whether it is read only",
    "disabled": "whether it is disabled",
    "expression": "expression",
    "place": "group that it stands in",
}  #: what of a field is told by name, in this order
_OPTIONS = ("values", "valuesKey", "valuesExpression")
_UNTOLD = frozenset({"id", "key", "path", "components", "layout", "properties", *_OPTIONS})
_WORDS = {"textfield": "text field", "textarea": "text area", "datetime": "date", "dynamiclist": "list",
          "taglist": "list of tags", "expression": "computed field", "text": "text"}  # fmt: skip


def compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(added, removed, changed or moved; a sentence) for two form-js schemas, in the order of the form."""
    old, new = dict(_fields(before)), dict(_fields(after))
    gone = [field for name, field in old.items() if name not in new]
    found = [("removed", f"The {_kind(field)} {_said(field)} is gone.") for field in gone]
    for name, field in new.items():
        if name not in old:
            found.append(("added", f"The {_kind(field)} {_said(field)} is new."))
        elif differing := _differing(old[name], field):
            found.append(("changed", _changed(old[name], field, differing)))
    kept = [name for name in new if name in old]
    if kept != [name for name in old if name in new]:
        found.append(("moved", "Its fields stand in another order."))
    return found


def _fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the form shows: fields by their whole key, the rest by id."""
    ahead = [(component, "") for component in reversed(schema.get("components") or [])]
    while ahead:
        component, base = ahead.pop()
        kind, own = component.get("type"), str(component.get("key") or component.get("path") or "")
        within = ".".join(filter(None, (base, own)))
        yield f"= {within}" if kind in KEYED else f"# {component.get('id')}", {**component, "place": base}
        if kind in CONTAINERS:
            ahead += [(inside, within) for inside in reversed(component.get("components") or [])]


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    one, other = _aspects(old), _aspects(new)
    names = [*_ASPECTS, *sorted((one.keys() | other.keys()) - _ASPECTS.keys())]
    return [name for name in names if _canonical(one.get(name)) != _canonical(other.get(name))]


def _aspects(field: Mapping[str, Any]) -> dict[str, Any]:
    rules = dict(field.get("validate") or {})
    required = rules.pop("required", False)
    options = [field.get(name) for name in _OPTIONS]
    rest = {name: value for name, value in field.items() if name not in _UNTOLD}
    rest.pop("validate", None)
    named = {f"rule {name}": rule for name, rule in rules.items()}
    return {**rest, **named, "required": bool(required), "options": options}


def _changed(old: Mapping[str, Any], new: Mapping[str, Any], differing: list[str]) -> str:
    if differing == ["required"]:
        return f"{_said(new)} is {'required' if _aspects(new)['required'] else 'not required any more'}."
    parts = []
    for name in differing:
        one, other = _aspects(old).get(name), _aspects(new).get(name)
        shown = _short(one, other)
        parts.append(_ASPECTS.get(name, name) + (f" ({shown[0]} → {shown[1]})" if shown else ""))
    return f"{_said(new)}: other {', '.join(parts)}."


def _short(one: Any, other: Any) -> tuple[str, str] | None:
    """Both values, where they are a word or two each."""
    if any(isinstance(each, bool) or not isinstance(each, str | int | float | None) for each in (one, other)):
        return None
    texts = tuple("none" if each in (None, "") else str(each) for each in (one, other))
    return (texts[0], texts[1]) if len(texts[0] + texts[1]) <= _SHOWN else None


def _said(field: Mapping[str, Any]) -> str:
    text = field.get("label") or field.get("key") or field.get("path") or field.get("text") or field.get("id")
    shown = " ".join(str(text).split())
    return f"“{shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + '…'}”"


def _kind(field: Mapping[str, Any]) -> str:
    kind = str(field.get("type"))
    return _WORDS.get(kind, kind if kind not in KEYED else f"{kind} field")


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
