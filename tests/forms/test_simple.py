"""Plain answers to plain forms, accepted without the sandbox: only those that it accepts, and as it does."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from service.errors import InvalidForm
from service.forms import simple, validation

ANSWERS = int(os.environ.get("ANSWERS", "800"))  #: `make chaos` tries 5,000
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)

KEYS = ["name", "amount", "sound", "note", "x1"]
ODD_KEYS = ["claim.number", "__proto__", "constructor", "a b", "ü"]
TEXTS = ["", " ", "a", "ab", "  padded  ", "a\tb\r\nc", "é", "über lang", "\u00a0x\u00a0", "\ufeff"]
TEXTS += ["\U0001f600", "x" * 50, "=1", "12"]
NUMBERS = [0, 1, 5, 10, -1, 2**53, 2**64, 0.5, 5.0, -0.0, 1e-13, 1e16, 1e300]


def form(chance: random.Random) -> dict[str, Any]:
    """A form; mostly of plain fields."""
    kinds = ["textfield", "textarea", "number", "checkbox"] * 4 + ["select", "datetime", "group", "expression"]
    components = [{"type": "text", "id": "T", "text": "Dear {{name}}"}] if chance.random() < 0.2 else []
    for place in range(chance.randint(1, 4)):
        key = chance.choice(ODD_KEYS if chance.random() < 0.04 else KEYS)
        field: dict[str, Any] = {"type": chance.choice(kinds), "id": f"F{place}", "key": key, "label": key}
        if field["type"] == "group":
            field = {"type": "group", "id": "G", "components": [{"type": "textfield", "id": "g", "key": "inner"}]}
        elif chance.random() < 0.5:
            field["validate"] = rules(chance)
        if chance.random() < 0.05:
            field |= chance.choice(
                [{"disabled": True}, {"readonly": True}, {"defaultValue": "a"}, {"conditional": {"hide": "=sound"}},
                 {"decimalDigits": 1}, {"serializeToString": True}, {"increment": "0.5"}, {"conditional": None}]
            )  # fmt: skip
        components.append(field)
    return {"type": "default", "id": "f", "schemaVersion": 19, "components": components}


def rules(chance: random.Random) -> dict[str, Any]:
    found = {
        "required": chance.choice([True, True, False]),
        "minLength": chance.choice([0, 1, 2]),
        "maxLength": chance.choice([1, 5, 50]),
        "min": chance.choice([0, 1, -5]),
        "max": chance.choice([1, 5, 100]),
        "pattern": "a",
        "validationType": chance.choice(["custom", "email"]),
        "maximum": "=amount",
    }
    wanted = [name for name in found if chance.random() < (0.3 if name in ("required", "minLength", "max") else 0.08)]
    return {name: (None if chance.random() < 0.05 else found[name]) for name in wanted}


def value(chance: random.Random, kind: str = "") -> Any:
    fitting = {"textfield": TEXTS, "textarea": TEXTS, "number": NUMBERS, "checkbox": [True, False]}
    if chance.random() < 0.85 and kind in fitting:
        return chance.choice(fitting[kind])
    return chance.choice([*TEXTS, *NUMBERS, True, False, None, [], ["a"], {}, {"a": 1}])


def answers(chance: random.Random, schema: dict[str, Any]) -> dict[str, Any]:
    fields = [field for field in schema["components"] if "key" in field]
    found = {field["key"]: value(chance, field["type"]) for field in fields if chance.random() < 0.9}
    return found | ({"unknown": value(chance)} if chance.random() < 0.1 else {})


def in_the_sandbox(schema: dict[str, Any], submitted: dict[str, Any], context: dict[str, Any]) -> str:
    try:
        return repr(validation._checked(schema, submitted, context, NOON))
    except InvalidForm as refused:
        return f"refused: {refused.errors}"


def test_what_is_accepted_without_the_sandbox_is_what_it_accepts() -> None:
    chance = random.Random(20261129)
    accepted, different = 0, []
    for _ in range(ANSWERS):
        schema = form(chance)
        submitted = answers(chance, schema)
        context = {key: value(chance) for key in KEYS if chance.random() < 0.2}
        found = simple.accepted(schema, submitted, context)
        if found is None:
            continue
        accepted += 1
        if repr(found) != (right := in_the_sandbox(schema, submitted, context)):
            different.append((schema, submitted, context, found, right))

    assert different == []
    assert accepted > ANSWERS // 8, "too few of them are plain"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ({"type": "textfield", "key": "a", "validate": {"required": True}}, ""),
        ({"type": "number", "key": "a", "validate": {"min": 5}}, 4),
        ({"type": "number", "key": "a"}, "5"),
        ({"type": "checkbox", "key": "a", "validate": {"required": True}}, False),
        ({"type": "textfield", "key": "a", "validate": {"minLength": 3}}, " ab "),
        ({"type": "textfield", "key": "a", "validate": {"pattern": "x"}}, "x"),
        ({"type": "textfield", "key": "a", "conditional": {"hide": "=b"}}, "x"),
    ],
)
def test_what_may_be_wrong_is_left_to_the_sandbox(field: dict[str, Any], given: Any) -> None:
    assert simple.accepted({"components": [field]}, {"a": given}, {}) is None


def test_what_was_left_out_is_empty_unless_the_case_knows_it() -> None:
    schema = {"components": [{"type": "textfield", "key": "a"}, {"type": "number", "key": "b"}]}

    assert simple.accepted(schema, {"c": 1}, {"c": 2}) == {"a": "", "b": None}
    assert simple.accepted(schema, {}, {"a": "known"}) is None
