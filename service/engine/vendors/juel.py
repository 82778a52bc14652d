"""`${…}`, the expression language of Camunda 7, Flowable and Activiti (JSR 341), turned into Python or FEEL.

Only what is simple is translated: variables, properties, indexes, literals, operators and a few well-known methods.
Beans, methods of Java objects and assignments have no counterpart; they raise Untranslatable with the reason.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MAX_LENGTH = 1_000
MAX_DEPTH = 40

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||[=!<>]=|[-+*/%!<>?:.,()\[\]]))"""
)
_WORDS = {"and": "&&", "or": "||", "not": "!", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_WORDS |= {"div": "/", "mod": "%"}
_POWER = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_DURATION = re.compile(r'"-?P(?=[\dT])[\dYMWDTHS.]+"')
_FLAT = {1, 2, 5, 6}  #: levels that all three languages read from left to right without brackets
_LITERALS = {"true": "True", "false": "False", "null": "None"}
_PYTHON = {"&&": "and", "||": "or"}
_FEEL = {"&&": "and", "||": "or", "==": "="}
_AS_IS = frozenset({"value", "stringValue", "numberValue", "boolValue", "intValue", "longValue", "toString", "toDate"})


class Untranslatable(ValueError):
    """The expression has no counterpart; the message says why."""


@dataclass(frozen=True)
class _Target:
    """How one language writes what differs. Each takes already written parts."""

    feel: bool
    names: Mapping[str, str] = field(default_factory=dict)  #: variables that have another name here

    def name(self, name: str) -> str:
        name = self.names.get(name, name)
        if not self.feel and keyword.iskeyword(name):
            raise Untranslatable(f"“{name}” is a word of Python, and cannot be a variable there")
        return name

    def text(self, value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    def literal(self, word: str) -> str:
        return word if self.feel else _LITERALS[word]

    def binary(self, sign: str, left: str, right: str) -> str:
        if self.feel and sign == "%":
            return f"modulo({left}, {right})"
        if self.feel and sign in "+-" and "now()" in left and _DURATION.fullmatch(right):
            right = f"duration({right})"  # only so can it be added to a time
        word = (_FEEL if self.feel else _PYTHON).get(sign, sign)
        return f"({left} {word} {right})"

    def negated(self, value: str) -> str:
        return f"not({value})" if self.feel else f"(not {value})"

    def empty(self, value: str) -> str:
        if self.feel:
            return f'({value} in (null, "", []))'
        return f'({value} in (None, "", [], {{}}))'

    def choice(self, condition: str, yes: str, no: str) -> str:
        return f"(if {condition} then {yes} else {no})" if self.feel else f"({yes} if {condition} else {no})"

    def part(self, value: str, name: str) -> str:
        return f"{value}.{name}" if self.feel else f"{value}[{json.dumps(name)}]"

    def index(self, value: str, index: str) -> str:
        if not self.feel:
            return f"{value}[{index}]"
        if index.isdigit():
            return f"{value}[{int(index) + 1}]"  # FEEL counts from 1
        if re.fullmatch(r'"[A-Za-z_]\w*"', index):
            return f"{value}.{index[1:-1]}"
        raise Untranslatable("an index that is itself an expression has no counterpart in FEEL")

    def written(self, value: str) -> str:
        return f"string({value})" if self.feel else f"str({value})"

    def call(self, value: str, method: str, given: Sequence[str]) -> str:
        known = (_FEEL_METHODS if self.feel else _PYTHON_METHODS).get((method, len(given)))
        if known is not None:
            return known(value, *given)
        if method in _AS_IS and not given:
            return value
        if method in {"get", "prop"} and len(given) == 1:
            return self.index(value, given[0])
        raise Untranslatable(f"the method {method}() of a Java object cannot be called")


_UNITS = {"Years": "P{}Y", "Months": "P{}M", "Weeks": "P{}D", "Days": "P{}D"}
_UNITS |= {"Hours": "PT{}H", "Minutes": "PT{}M", "Seconds": "PT{}S"}


def _shift(sign: str, unit: str) -> Callable[[str, str], str]:
    """`plusDays(n)` and the like of Java's dates, in FEEL."""

    def written(value: str, amount: str) -> str:
        factor = 7 if unit == "Weeks" else 1
        if amount.isdigit():
            return f'({value} {sign} duration("{_UNITS[unit].format(int(amount) * factor)}"))'
        text = f"string({amount})" if factor == 1 else f"string({factor} * ({amount}))"
        return "".join((f"({value} {sign} duration(", '"', _UNITS[unit].format(f'" + {text} + "'), '"))'))

    return written


_PYTHON_METHODS: dict[tuple[str, int], Callable[..., str]] = {
    ("equals", 1): lambda value, other: f"({value} == {other})",
    ("contains", 1): lambda value, other: f"({other} in {value})",
    ("equalsIgnoreCase", 1): lambda value, other: f"({value}.lower() == {other}.lower())",
    ("size", 0): lambda value: f"len({value})",
    ("length", 0): lambda value: f"len({value})",
    ("isEmpty", 0): lambda value: f"(len({value}) == 0)",
    ("startsWith", 1): lambda value, other: f"{value}.startswith({other})",
    ("endsWith", 1): lambda value, other: f"{value}.endswith({other})",
    ("toLowerCase", 0): lambda value: f"{value}.lower()",
    ("toUpperCase", 0): lambda value: f"{value}.upper()",
    ("trim", 0): lambda value: f"{value}.strip()",
}
_FEEL_METHODS: dict[tuple[str, int], Callable[..., str]] = {
    ("equals", 1): lambda value, other: f"({value} = {other})",
    ("contains", 1): lambda value, other: f"list contains({value}, {other})",
    ("equalsIgnoreCase", 1): lambda value, other: f"(lower case({value}) = lower case({other}))",
    ("size", 0): lambda value: f"count({value})",
    ("length", 0): lambda value: f"string length({value})",
    ("isEmpty", 0): lambda value: f"(count({value}) = 0)",
    ("startsWith", 1): lambda value, other: f"starts with({value}, {other})",
    ("endsWith", 1): lambda value, other: f"ends with({value}, {other})",
    ("toLowerCase", 0): lambda value: f"lower case({value})",
    ("toUpperCase", 0): lambda value: f"upper case({value})",
}
_FEEL_METHODS |= {(f"plus{unit}", 1): _shift("+", unit) for unit in _UNITS}
_FEEL_METHODS |= {(f"minus{unit}", 1): _shift("-", unit) for unit in _UNITS}


def is_juel(text: str) -> bool:
    """Whether a text holds `${…}` or `#{…}`."""
    return "${" in text or "#{" in text


def to_python(text: str, names: Mapping[str, str] | None = None) -> str:
    """`${x > 5}` as Python; a text around it becomes string concatenation. Raises Untranslatable.

    `names` are variables that are called something else here.
    """
    return _translated(text, _Target(feel=False, names=names or {}))


def to_feel(text: str, names: Mapping[str, str] | None = None) -> str:
    """`${x}` as FEEL, with the `= ` that marks it. Raises Untranslatable."""
    return f"= {_translated(text, _Target(feel=True, names=names or {}))}"


def to_ours(text: str, names: Mapping[str, str] | None = None) -> str:
    """`${…}` as Python where that is possible, else as FEEL with its `= `. Raises Untranslatable."""
    try:
        return to_python(text, names)
    except Untranslatable as reason:
        try:
            return to_feel(text, names)
        except Untranslatable:
            raise reason from None


def _translated(text: str, target: _Target) -> str:
    parts = list(_parts(text.strip()))
    if len(parts) == 1 and parts[0][0]:
        return _Parser(parts[0][1], target).whole()
    written = [target.written(_Parser(part, target).whole()) if code else target.text(part) for code, part in parts]
    return " + ".join(written)


def _parts(text: str) -> list[tuple[bool, str]]:
    """The literal (False) and the expression (True) parts of a text, in order."""
    if len(text) > MAX_LENGTH:
        raise Untranslatable(f"it is longer than {MAX_LENGTH} characters")
    found: list[tuple[bool, str]] = []
    position = 0
    for match in re.finditer(r"[$#]\{((?:[^{}\"']|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')*)\}", text):
        if match.start() > position:
            found.append((False, text[position : match.start()]))
        found.append((True, match.group(1)))
        position = match.end()
    if position < len(text):
        found.append((False, text[position:]))
    if any(is_juel(part) for code, part in found if not code) or not found:
        raise Untranslatable("its braces do not match")
    return found


class _Parser:
    """Precedence climbing over one expression; writes the target language as it goes."""

    def __init__(self, text: str, target: _Target) -> None:
        self.target = target
        self.tokens = _tokens(text)[::-1]  # the next one last
        self.depth = 0

    def whole(self) -> str:
        """The whole expression; raises Untranslatable when something is left over."""
        found = self.choice()
        if self.tokens:
            raise Untranslatable(f"“{self.tokens[-1][1]}” is not understood there")
        return _unwrapped(found)

    def choice(self) -> str:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Untranslatable("it is nested too deeply")
        condition = self.binary(1)
        if self.take("?"):
            yes = self.choice()
            self.expect(":")
            condition = self.target.choice(condition, yes, self.choice())
        self.depth -= 1
        return condition

    def binary(self, least: int) -> str:
        """Precedence climbing: operators that bind at least so strongly."""
        left, open_at = self.unary(), 0  # open_at: the level at which `left` is bracketed and may be continued
        while (power := _POWER.get(self.sign(), 0)) >= least:
            sign = self.next()[1]
            continued = left[1:-1] if open_at == power and sign != "%" else left
            left = self.target.binary(sign, continued, self.binary(power + 1))
            open_at = power if power in _FLAT and left.startswith("(") else 0
        return left

    def unary(self) -> str:
        signs = []
        while (sign := self.take("!", "-")) or self.tokens[-1:] == [("name", "empty")]:
            if not sign:
                self.tokens.pop()
            signs.append(sign or "empty")
            if len(signs) > MAX_DEPTH:
                raise Untranslatable("it is nested too deeply")
        value = self.postfix()
        for sign in reversed(signs):
            if sign == "-":
                value = f"-{value}"
            else:
                value = self.target.negated(value) if sign == "!" else self.target.empty(value)
        return value

    def postfix(self) -> str:
        value = self.primary()
        while sign := self.take(".", "["):
            if sign == "[":
                value = self.target.index(value, self.choice())
                self.expect("]")
                continue
            kind, name = self.next()
            if kind != "name":
                raise Untranslatable(f"“{name}” is no name of a property")
            value = self.called(value, name) if self.take("(") else self.target.part(value, name)
        return value

    def called(self, value: str, method: str) -> str:
        given = []
        while not self.take(")"):
            given.append(self.choice())
            if not self.take(","):
                self.expect(")")
                break
        if method == "getVariable" and value == "execution" and len(given) == 1:
            return self.target.name(_variable_named(given[0]))
        return self.target.call(value, method, given)

    def primary(self) -> str:
        kind, part = self.next()
        if kind == "number":
            return part
        if kind == "text":
            return self.target.text(re.sub(r"\\(.)", r"\1", part[1:-1]))
        if kind == "name" and part in _LITERALS:
            return self.target.literal(part)
        if kind == "name" and not self.take("("):
            return self.target.name(part)
        if kind == "name" and part in {"now", "dateTime"} and self.target.feel and self.take(")"):
            return "now()"
        if part == "(":
            value = self.choice()
            self.expect(")")
            return value
        raise Untranslatable(f"the function {part}() is not known here" if kind == "name" else f"“{part}” is misplaced")

    def next(self) -> tuple[str, str]:
        if not self.tokens:
            raise Untranslatable("it ends too early")
        return self.tokens.pop()

    def take(self, *signs: str) -> str:
        return self.tokens.pop()[1] if self.sign() in signs else ""

    def sign(self) -> str:
        """The sign that comes next, if one does."""
        return self.tokens[-1][1] if self.tokens and self.tokens[-1][0] == "sign" else ""

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise Untranslatable(f"a “{sign}” is missing")


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position, text = 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise Untranslatable(f"“{text[position : position + 10].strip()}” is not understood")
        kind, token = match.lastgroup, match.group(match.lastgroup)
        if kind == "name" and token in _WORDS:
            kind, token = "sign", _WORDS[token]
        found.append((kind, token))
        position = match.end()
    return found


def _variable_named(literal: str) -> str:
    if not re.fullmatch(r'"[A-Za-z_]\w*"', literal):
        raise Untranslatable("the name of a variable must be written out")
    return literal[1:-1]


def _unwrapped(text: str) -> str:
    """Without the outermost brackets, when they embrace everything and only group."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth, quoted = 0, False
    for position, sign in enumerate(text):
        if sign == '"' and text[position - 1] != "\\":
            quoted = not quoted
        if not quoted:
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if depth == 0 and position < len(text) - 1:
                return text
    return text[1:-1]
