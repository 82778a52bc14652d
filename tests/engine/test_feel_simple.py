"""FEEL of the simple kind, worked out without the sandbox: never another answer than the interpreter's."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from service.engine.expressions import feel, simple
from service.engine.expressions.feel import FeelError

EXPRESSIONS = int(os.environ.get("EXPRESSIONS", "1500"))  #: `make chaos` tries 20,000

NUMBERS = [0, 1, 2, 3, 7, 10, 100, 0.1, 0.2, 0.3, 1.5, 2.5, 1 / 3, 1e-7, 1e10, 123456.789, 99.99, 5.0, -1, -0.5, -0.0]
ODD_NUMBERS = [2**53, 2**53 - 1, 2**53 + 1, -(2**53), 2**64, 1e300, 5e-324, 1e15, 1e16, 1e-12, 1e21, True]
TEXTS = ["", "a", "b", "ab", "B", "10", "ä", "z", "\U0001f600", "\ufffd", "true", "x y"]
NAMES = ["amount", "limit", "sound", "name", "other", "claim", "x", "Y_2", "nothing"]
#: Names that mean something else to FEEL, or that it only knows when they are there.
ODD_NAMES = [
    "count",
    "sum",
    "trim",
    "not",
    "date",
    "item",
    "partial",
    "if",
    "null",
    "a b",
    "a-b",
    "amount-1",
    "a+b",
    "ü",
]
SIGNS = ["=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "and", "or"]
ODD_SIGNS = ["**", "in", "between", ".", "..", ",", "", "!", "//", "^", "=="]


def value(chance: random.Random, depth: int = 0) -> Any:
    kinds = ["number"] * 5 + ["text"] * 3 + ["truth"] * 3 + ["null", "odd", "context", "context", "list"]
    kind = chance.choice(kinds[: len(kinds) if depth < 2 else -3])
    if kind == "number":
        return chance.choice(NUMBERS)
    if kind == "odd":
        return chance.choice(ODD_NUMBERS)
    if kind == "text":
        return chance.choice(TEXTS)
    if kind == "truth":
        return chance.random() < 0.5
    if kind == "context":
        return {name(chance): value(chance, depth + 1) for _ in range(chance.randint(0, 3))}
    return None if kind == "null" else [value(chance, depth + 1) for _ in range(chance.randint(0, 2))]


def name(chance: random.Random) -> str:
    return chance.choice(ODD_NAMES if chance.random() < 0.04 else NAMES)


def text(chance: random.Random, depth: int = 0) -> str:
    """An expression; mostly of the simple kind, and mostly one at all."""
    dice = chance.random()
    if depth > 3 or dice < 0.35:
        return leaf(chance)
    inner = [text(chance, depth + 1) for _ in range(3)]
    space = chance.choice([" ", " ", " ", "", "\n", "  "])
    if dice < 0.80:
        sign = chance.choice(ODD_SIGNS if chance.random() < 0.04 else SIGNS)
        return f"{inner[0]} {sign} {inner[1]}" if sign.isalpha() else f"{inner[0]}{space}{sign}{space}{inner[1]}"
    if dice < 0.88:
        return f"({inner[0]})"
    if dice < 0.93:
        return f"not({inner[0]})"
    if dice < 0.97:
        return f"if {inner[0]} then {inner[1]} else {inner[2]}"
    return chance.choice(
        ["-{0}", "{0}[1]", "[{0}]", "{{x: {0}}}", "count({0})", "{0} {1}", "- {0}", "{0}.name"]
    ).format(*inner)


def leaf(chance: random.Random) -> str:
    dice = chance.random()
    if dice < 0.3:
        return name(chance)
    if dice < 0.55:
        return ".".join(name(chance) for _ in range(chance.randint(2, 3)))
    if dice < 0.75:
        return chance.choice(["0", "1", "2", "10", "0.1", "1.50", "3.3", "007", "9007199254740993", "1e3", ".5", "1."])
    if dice < 0.9:
        return '"' + chance.choice(TEXTS) + '"'
    return chance.choice(["true", "false", "null"])


def outcome(expression: str, variables: dict[str, Any]) -> str:
    """What the interpreter in the sandbox gives, or why it gives nothing."""
    sent = feel._sent(expression, variables)
    try:
        return repr(feel.decode(feel._asked("evaluate", expression, *feel._arguments(sent, None))))
    except FeelError as error:
        return f"error: {error}"


def test_what_is_answered_without_the_sandbox_is_what_the_sandbox_answers() -> None:
    chance = random.Random(20261129)
    answered, different = 0, []
    for _ in range(EXPRESSIONS):
        expression = text(chance)
        variables = {each: value(chance) for each in NAMES if chance.random() < 0.85}
        variables |= {each: value(chance) for each in ODD_NAMES if chance.random() < 0.02}
        found = simple.evaluate(expression, feel._read(expression), feel._sent(expression, variables))
        if found is simple.UNSURE:
            continue
        answered += 1
        if repr(found) != (right := outcome(expression, variables)):
            different.append((expression, variables, found, right))

    assert different == []
    assert answered > EXPRESSIONS // 5, "too few of them are of the simple kind"


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("amount > 100 and sound", True),
        ("claim.amount >= 20 * 2.5", False),
        ('name = "Ada" or nothing', True),
        ("0.1 + 0.2", 0.3),
        ("1 / 3", 1 / 3),
        ("4 / 2", 2),
        ('if sound then name + "!" else null', "Ada!"),
        ("amount + name", None),
        ("claim.nobody.amount = null", simple.UNSURE),
        ("not(amount)", None),
        ("unknown", simple.UNSURE),
        ("-amount", simple.UNSURE),
        ("amount = 1 = true", simple.UNSURE),
        ("claim", simple.UNSURE),
    ],
)
def test_what_is_simple(expression: str, right: Any) -> None:
    variables = {"amount": 500, "sound": True, "name": "Ada", "nothing": None, "claim": {"amount": 49.5}}

    assert simple.evaluate(expression, feel._read(expression), variables) == right
