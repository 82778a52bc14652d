"""FEEL of the simple kind, worked out without the sandbox: comparisons, fields, sums, `and`, `or`, `not`, `if`.

It answers only where its answer is that of the interpreter (frontend/src/server/parts/feel/), and else says `UNSURE`:
for every text that is not of this kind, and every value that is. `tests/engine/test_feel_simple.py` holds random
expressions against the interpreter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

UNSURE: Final = object()  #: not for us to say
LONGEST = 500  #: characters of a text
_SAFE = 2**53 - 1  #: larger whole numbers are others in JavaScript
_NODES = 200  #: parts of a value that are looked through
_PLACES = 34  #: decimals of a quotient, half to even (frontend/src/server/parts/feel/numbers.js)

Variables = Mapping[str, Any]
Part = Callable[[Variables], Any]

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:(?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.]))|(?P<text>"[^"\\\r\n\ud800-\udfff]*")
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|!=|[<>=()+\-*/.]))""",
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}
#: Words of the language, and functions with one word that are there without being called.
_OTHERS = frozenset(
    {"for", "in", "return", "if", "then", "else", "some", "every", "satisfies", "or", "and", "between", "instance"}
    | {"of", "days", "time", "duration", "years", "months", "date", "list", "context", "function", "external", "not"}
    | {"is_defined", "get_or_else", "is_empty", "is_blank", "trim", "extract", "duplicate_values", "partition"}
    | {"last_day_of_month", "item", "partial"}
)
_SURROGATES = re.compile("[\ud800-\uffff]|[^\x00-\uffff]")


class _Unsure(Exception):
    """The text, or a value, is not of the simple kind."""


def evaluate(text: str, names: frozenset[str], sent: Variables) -> Any:
    """The value of the expression `text`, or `UNSURE`.

    `names`: the variables that it reads, as the interpreter parses it; `sent`: all variables that it may mean.
    """
    found = _compiled(text, names)
    if found is None:
        return UNSURE
    try:
        left = _NODES
        for name, value in sent.items():
            left = _look_through(name, value, left)
        return _given_back(found(sent))
    except _Unsure:
        return UNSURE


def _look_through(name: str, value: Any, left: int) -> int:
    """Raise unless all names in it are plain words and all values JSON; how many parts are `left` to be looked at."""
    if left <= 0 or not (name.isascii() and name.isidentifier()) or name in _OTHERS or name in _WORDS:
        raise _Unsure
    if isinstance(value, dict):
        for key, item in value.items():
            left = _look_through(key, item, left - 1)
    elif isinstance(value, list):
        for item in value:
            left = _look_through(name, item, left - 1)
    elif type(value) not in (str, int, float, bool, type(None)) or (isinstance(value, float) and value - value != 0):
        raise _Unsure
    return left - 1


def _given_back(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise _Unsure
    if isinstance(value, float) and abs(value) > _SAFE:
        raise _Unsure
    return value


# --- Texts to functions


@lru_cache(maxsize=2048)
def _compiled(text: str, names: frozenset[str]) -> Part | None:
    if len(text) > LONGEST:
        return None
    try:
        reader = _Reader(text, names)
        found = reader.expression()
        reader.expect(None)
    except _Unsure:
        return None
    return found


class _Reader:
    """A text, token by token; each method takes what it is named for and gives the function that it is."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.names = names
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip(" \t\r\n"):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _Unsure
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()
        self.tokens.append(("end", ""))

    def expect(self, token: str | None) -> None:
        if not self.takes(token):
            raise _Unsure

    def takes(self, *tokens: str | None) -> str | None:
        """The next token, if it is one of these; None is the end."""
        kind, said = self.tokens[0]
        if kind == "end":
            return "end" if None in tokens else None
        if kind in ("sign", "name") and said in tokens:
            del self.tokens[0]
            return said
        return None

    def expression(self) -> Part:
        if not self.takes("if"):
            return self.disjunction()
        condition = self.disjunction()
        self.expect("then")
        yes = self.disjunction()
        self.expect("else")
        no = self.expression()
        return lambda known: yes(known) if condition(known) is True else no(known)

    def disjunction(self) -> Part:
        return self._joined("or", self.conjunction, _or)

    def conjunction(self) -> Part:
        return self._joined("and", self.comparison, _and)

    def _joined(self, word: str, operand: Callable[[], Part], join: Callable[[Any, Any], Any]) -> Part:
        found = operand()
        while self.takes(word):
            found = _both(join, found, operand())
        return found

    def comparison(self) -> Part:
        left = self.sum()
        sign = self.takes("<=", ">=", "!=", "<", ">", "=")
        return left if sign is None else _both(_COMPARED[sign], left, self.sum())

    def sum(self) -> Part:
        found = self.product()
        while sign := self.takes("+", "-"):
            found = _both(_RECKONED[sign], found, self.product())
        return found

    def product(self) -> Part:
        found = self.operand()
        while sign := self.takes("*", "/"):
            found = _both(_RECKONED[sign], found, self.operand())
        return found

    def operand(self) -> Part:
        if self.takes("("):
            found = self.expression()
            self.expect(")")
            return found
        if self.takes("not"):
            self.expect("(")
            denied = self.expression()
            self.expect(")")
            return lambda known: None if (value := denied(known)) is not True and value is not False else not value
        kind, said = self.tokens.pop(0)
        if kind == "number":
            return _constant(_number(float(said)))
        if kind == "text":
            return _constant(said[1:-1])
        if kind != "name":
            raise _Unsure
        return _constant(_WORDS[said]) if said in _WORDS else self._path(said)

    def _path(self, name: str) -> Part:
        if name in _OTHERS or name not in self.names:
            raise _Unsure
        steps = []
        while self.takes("."):
            kind, said = self.tokens.pop(0)
            if kind != "name" or said in _OTHERS or said in _WORDS:
                raise _Unsure
            steps.append(said)
        return lambda known: _at(known, name, steps)


def _constant(value: Any) -> Part:
    return lambda _known: value


def _both(join: Callable[[Any, Any], Any], left: Part, right: Part) -> Part:
    return lambda known: join(left(known), right(known))


# --- Values


def _at(known: Variables, name: str, steps: list[str]) -> Any:
    if name not in known:
        raise _Unsure
    found = known[name]
    for step in steps:
        if not isinstance(found, dict):
            raise _Unsure
        found = found.get(step)
    return _number(found) if isinstance(found, int | float) and not isinstance(found, bool) else found


def _number(value: float) -> float:
    """As JavaScript has it: a whole number is one, however it is written."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, int):
        if abs(whole) > _SAFE:
            raise _Unsure
    elif not 1e-12 < abs(whole) < 1e15:
        raise _Unsure
    return whole


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are(kind: Callable[[Any], bool], left: Any, right: Any) -> bool:
    return kind(left) and kind(right)


def _and(left: Any, right: Any) -> bool | None:
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def _or(left: Any, right: Any) -> bool | None:
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


def _equal(left: Any, right: Any) -> bool | None:
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        raise _Unsure
    if left is None or right is None:
        return left is right
    alike = _are(_is_number, left, right) or (isinstance(left, bool | str) and type(left) is type(right))
    return bool(left == right) if alike else None


def _unequal(left: Any, right: Any) -> bool | None:
    found = _equal(left, right)
    return None if found is None else not found


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def compared(left: Any, right: Any) -> bool | None:
        if isinstance(left, dict | list) or isinstance(right, dict | list):
            raise _Unsure
        if isinstance(left, str) and isinstance(right, str):
            if _SURROGATES.search(left) or _SURROGATES.search(right):
                raise _Unsure  # JavaScript orders by halves of characters
            return holds(left, right)
        return holds(left, right) if _are(_is_number, left, right) else None

    return compared


def _reckoned(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Numbers are doubles, and each step is reckoned in decimals."""

    def reckoned(left: Any, right: Any) -> Any:
        if isinstance(left, dict | list) or isinstance(right, dict | list):
            raise _Unsure
        if not _are(_is_number, left, right):
            return None
        if isinstance(left, int) and isinstance(right, int):
            return _number(method(left, right))
        with localcontext() as context:
            context.prec = 100  # exact
            return _number(float(method(Decimal(repr(left)), Decimal(repr(right)))))

    return reckoned


def _sum(left: Any, right: Any) -> Any:
    return left + right if isinstance(left, str) and isinstance(right, str) else _ADD(left, right)


def _quotient(left: Any, right: Any) -> Any:
    if not _are(_is_number, left, right):
        return _ADD(left, right)  # nothing, or not for us to say
    if right == 0:
        return None
    exact = Fraction(repr(left)) / Fraction(repr(right))
    return _number(float(Fraction(round(exact * 10**_PLACES), 10**_PLACES)))


_ADD = _reckoned(lambda left, right: left + right)
_RECKONED: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": _sum,
    "-": _reckoned(lambda left, right: left - right),
    "*": _reckoned(lambda left, right: left * right),
    "/": _quotient,
}
_COMPARED: Mapping[str, Callable[[Any, Any], bool | None]] = {
    "=": _equal,
    "!=": _unequal,
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
}
