"""For which values conditions hold: comparisons of variables with literals, joined by and, or, not; in FEEL and Python.

Between the literals that a variable is compared with, all its values are alike; so conditions are tried with those and
with one value of each range between. What else a condition may hold (functions, sums, one variable compared with
another) is not understood, and then nothing is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice, pairwise, product

MOST = 4_000  #: combinations of values that are tried
_LONGEST = 2_000  #: characters of a text

Value = Decimal | str | bool | date
Values = Mapping[str, Value]
Test = Callable[[Values], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<date>date\(\s*"\d{4}-\d\d-\d\d"\s*\))|(?P<number>-?\d+(?:\.\d+)?(?!\w|\.[^.]))|(?P<range>\.\.)
    |(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)|(?P<sign><=|>=|==|!=|[<>=(),\[\]{}]))""",
    re.VERBOSE,
)
_SIGNS: Mapping[str, Callable[[Value, Value], bool]] = {
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WORDS = {
    "and",
    "or",
    "not",
    "in",
    "between",
    "if",
    "then",
    "else",
    "for",
    "some",
    "every",
    "is",
    "lambda",
    "null",
    "None",
}
_TRUTHS = {"true": True, "True": True, "false": False, "False": False}


class _Unsure(Exception):
    """The text holds something that is not understood."""


@dataclass
class Condition:
    """What a text asks: `literals` are the values that it compares each variable with."""

    holds: Test
    literals: dict[str, set[Value]] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def condition(text: str) -> Condition | None:
    """A condition (FEEL after `=`, else Python); None where it is not understood."""
    feel = text.lstrip()[:1] == "=" and text.lstrip()[:2] != "=="
    return _read(text.lstrip()[1:] if feel else text, "")


@lru_cache(maxsize=4096)
def unary(text: str, variable: str) -> Condition | None:
    """A DMN input entry, asked of a variable; empty and `-` hold for everything. None where it is not understood."""
    return _read("" if text.strip() == "-" else text, variable)


def _read(text: str, variable: str) -> Condition | None:
    if variable and re.search(r"\b(True|False)\b", text):
        return None  # that is Python
    try:
        reader = _Reader(text, variable)
        found = reader.tests() if variable else reader.either()
        reader.expect("end")
    except (_Unsure, ArithmeticError, ValueError):
        return None
    return Condition(found, reader.literals)


class _Reader:
    def __init__(self, text: str, variable: str) -> None:
        if len(text) > _LONGEST:
            raise _Unsure
        self.variable = variable
        self.literals: dict[str, set[Value]] = {}
        self.tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _Unsure
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()
        self.tokens.append(("end", "end"))

    def takes(self, *said: str) -> str:
        """Go on past one of these, and say which it is; else empty."""
        if self.tokens[0][1] in said and self.tokens[0][0] != "text":
            return self.tokens.pop(0)[1]
        return ""

    def expect(self, said: str) -> None:
        if not self.takes(said):
            raise _Unsure

    def either(self) -> Test:
        parts = [self.both()]
        while self.takes("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda values: any(part(values) for part in parts)

    def both(self) -> Test:
        parts = [self.turned()]
        while self.takes("and"):
            parts.append(self.turned())
        return parts[0] if len(parts) == 1 else lambda values: all(part(values) for part in parts)

    def turned(self) -> Test:
        if self.takes("not"):
            inner = self.turned()
            return lambda values: not inner(values)
        if self.tokens[0] == ("sign", "("):
            self.takes("(")
            found = self.either()
            self.expect(")")
            return found
        return self.comparison()

    def comparison(self) -> Test:
        kind, said = self.tokens[0]
        if kind == "name" and said not in _TRUTHS:
            return self.of(self.name())
        value = self.value()
        sign = self.takes(*_SIGNS)
        if not sign:
            if isinstance(value, bool):
                return lambda _: value
            raise _Unsure
        return self.compared(self.name(), _TURNED.get(sign, sign), value)

    def name(self) -> str:
        kind, said = self.tokens.pop(0)
        if kind != "name" or said in _WORDS or said in _TRUTHS or self.tokens[0] == ("sign", "("):
            raise _Unsure
        return said

    def of(self, name: str) -> Test:
        if sign := self.takes(*_SIGNS):
            return self.compared(name, sign, self.value())
        if self.takes("between"):
            low = self.value()
            self.expect("and")
            high = self.value()
            above, below = self.compared(name, ">=", low), self.compared(name, "<=", high)
            return lambda values: above(values) and below(values)
        if self.takes("in"):
            return self.listed(name)
        return self.compared(name, "=", True)

    def listed(self, name: str) -> Test:
        """`in (…)`, `in [a..b]`, `in ["a", "b"]`."""
        if self.takes("(", "{"):
            found = self.tests(name)
            self.expect(")") if self.tokens[0][1] == ")" else self.expect("}")
            return found
        if self.tokens[0][1] == "[" and not any(said == ".." for _, said in self.tokens[:4]):
            self.takes("[")
            found = self.tests(name)
            self.expect("]")
            return found
        return self.test(name)

    def tests(self, name: str = "") -> Test:
        """Unary tests, parted by commas."""
        name = name or self.variable
        if self.tokens[0][0] == "end":
            return lambda _: True
        if self.tokens[0] == ("name", "not"):
            self.takes("not")
            self.expect("(")
            inner = self.tests(name)
            self.expect(")")
            return lambda values: not inner(values)
        parts = [self.test(name)]
        while self.takes(","):
            parts.append(self.test(name))
        return lambda values: any(part(values) for part in parts)

    def test(self, name: str) -> Test:
        if sign := self.takes(*_SIGNS):
            return self.compared(name, sign, self.value())
        if opening := self.takes("[", "(", "]"):
            low = self.value()
            self.expect("..")
            high = self.value()
            closing = self.takes("]", ")", "[")
            above = self.compared(name, ">=" if opening == "[" else ">", low)
            below = self.compared(name, "<=" if closing == "]" else "<", high)
            return lambda values: above(values) and below(values)
        return self.compared(name, "=", self.value())

    def value(self) -> Value:
        kind, said = self.tokens.pop(0)
        if kind == "number":
            return Decimal(said)
        if kind == "text":
            return said[1:-1]
        if kind == "date":
            return date.fromisoformat(said.split('"')[1])
        if said in _TRUTHS:
            return _TRUTHS[said]
        raise _Unsure

    def compared(self, name: str, sign: str, value: Value) -> Test:
        if isinstance(value, str | bool) and sign not in {"=", "==", "!="}:
            raise _Unsure
        there = self.literals.setdefault(name, set())
        if any(type(other) is not type(value) for other in there):
            raise _Unsure
        there.add(value)
        holds = _SIGNS[sign]
        return lambda values: holds(values[name], value)


@dataclass(frozen=True)
class Tried:
    """Values of variables, and which of the conditions hold for them."""

    values: tuple[tuple[str, Value], ...]
    holding: tuple[bool, ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} {_shown(value)}" for name, value in self.values)


def tried(conditions: Iterable[Condition | None], *, outside: bool = True) -> Iterator[Tried] | None:
    """All that can come of the conditions; None where that is not known: one is not understood, or too much is asked.

    `outside`: also values beyond all literals: smaller and greater numbers, earlier and later dates, other texts.
    """
    known = list(conditions)
    literals: dict[str, set[Value]] = {}
    kinds: dict[str, set[type]] = {}  # beside them, for True and 1 are equal
    for each in known:
        if each is None:
            return None
        for name, values in each.literals.items():
            literals.setdefault(name, set()).update(values)
            kinds.setdefault(name, set()).update(map(type, values))
    if any(len(found) > 1 for found in kinds.values()):
        return None
    if any(f"{name}.".startswith(f"{other}.") for name in literals for other in literals if name != other):
        return None
    samples = [_samples(values, outside) for values in literals.values()]
    many = 1
    for some in samples:
        many *= len(some)
    if many > MOST or not literals:
        return None
    return islice(_all(list(literals), samples, [each for each in known if each is not None]), MOST)


def _all(names: list[str], samples: list[list[Value]], conditions: list[Condition]) -> Iterator[Tried]:
    for some in product(*samples):
        values = dict(zip(names, some, strict=True))
        yield Tried(tuple(values.items()), tuple(each.holds(values) for each in conditions))


def _samples(literals: set[Value], outside: bool) -> list[Value]:
    """The literals, and a value from each range between and beyond them; the literals first."""
    first = next(iter(literals))
    if isinstance(first, bool):
        return [True, False]
    if isinstance(first, str):
        return [*sorted(map(str, literals)), *([_OTHER] if outside else [])]
    if isinstance(first, Decimal):
        return _between(sorted(each for each in literals if isinstance(each, Decimal)), outside)
    days = sorted(each for each in literals if isinstance(each, date))
    found: list[Value] = [*days]
    found += [low + timedelta(days=1) for low, high in pairwise(days) if (high - low).days > 1]
    return [*found, days[0] - timedelta(days=1), days[-1] + timedelta(days=1)] if outside else found


def _between(numbers: list[Decimal], outside: bool) -> list[Value]:
    whole = all(each == each.to_integral_value() for each in numbers)
    found: list[Value] = [*numbers]
    for low, high in pairwise(numbers):
        if not whole:
            found.append((low + high) / 2)
        elif high - low > 1:  # between 9 and 10 there may be nothing
            found.append(low + 1)
    if outside and not 0 <= numbers[0] <= 1:  # what is counted from there is not negative
        found.append(numbers[0] - 1)
    return [*found, numbers[-1] + 1] if outside else found


_OTHER = "\0"  #: any other text


def _shown(value: Value) -> str:
    if value == _OTHER:
        return "= another text"
    if isinstance(value, bool):
        return f"= {'true' if value else 'false'}"
    if isinstance(value, str):
        return f'= "{value[:40]}"'
    if isinstance(value, date):
        return f"= {value.isoformat()}"
    return f"= {value.normalize():f}"
