"""FEEL, for decisions and `=` expressions: an interpreter of the standard (frontend/src/server/parts/feel/) in quickjs.

Names that are unknown are null, as FEEL says. Values go in and come out as plain values: dates as `date`, dates and
times as aware `datetime`, times as `time`, days-and-time durations as `timedelta`, years-and-months ones as ISO text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from secrets import token_hex
from typing import Any

import quickjs

from service.engine.expressions import budget, simple, zones
from service.engine.expressions.javascript import SECONDS, Bundle, LimitReached
from service.engine.expressions.plain import NotPlain, plain

_bundle = Bundle("feel")
_KEY = re.compile(r'"((?:[^"\\]|\\.)*)":')
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"[^\W\d]\w*")
#: Words of the language: as names of variables they matter to the parser, see frontend/src/server/parts/trees.js.
_KEYWORDS = frozenset(
    {
        "for",
        "in",
        "return",
        "if",
        "then",
        "else",
        "some",
        "every",
        "satisfies",
        "or",
        "and",
        "between",
        "instance",
        "of",
    }
    | {"days", "time", "duration", "years", "months", "date", "list", "context", "function", "null", "true", "false"}
    | {"external", "not"}
)
_LITERALS = frozenset({"null", "true", "false"})
_MOST_ZONES = 20  #: that one evaluation may look up
_MARK = f"@{token_hex(16)}"  #: of dates and times in JSON; a secret, so that no variable can pass itself off as one
MAX_LENGTH = 100_000  #: characters of one text


class FeelError(ValueError):
    """FEEL that cannot be parsed, cannot be evaluated, or was stopped at a limit."""


def evaluate(text: str, context: Mapping[str, Any], *, now: datetime | None = None) -> Any:
    """The value of the expression `text` (without `=`), as plain values. Raises FeelError."""
    _short_enough(text)
    sent = _sent(text, context)
    found = simple.evaluate(text, _read(text), sent)
    return found if found is not simple.UNSURE else decode(_asked("evaluate", text, *_arguments(sent, now)))


def unary_test(text: str, value: Any, context: Mapping[str, Any], *, now: datetime | None = None) -> bool:
    """Whether the unary tests `text` (DMN 1.5 §10.3.2.8) hold for `value`. Raises FeelError."""
    _short_enough(text)
    return _asked("unary", text, *_arguments({**_sent(text, context), "?": value}, now)) is True


def check(text: str, *, unary: bool = False, names: Iterable[str] = (), in_form: bool = False) -> str | None:
    """What is wrong with `text`, a sentence with its line, or None. `names` are known names that hold spaces; in a form
    the browser evaluates it, whose evaluator has not all of FEEL."""
    found = examine(text, unary=unary, names=dict.fromkeys(names), in_form=in_form)
    return found if isinstance(found, str) else None


def examine(
    text: str, *, unary: bool = False, names: Mapping[str, Any] | None = None, in_form: bool = False
) -> Mapping[str, Any] | str:
    """What is wrong with `text`, a sentence with its line; or what it holds: `alone`, the names that are a unary test
    by themselves, and `kinds`, of the literals that a value is compared with. `names` may hold names of entries."""
    try:
        answer = _answer("check", text, json.dumps(names or {}), unary, in_form)
    except FeelError as error:
        return str(error)
    if answer.get("lacking"):
        return f"Forms do not know “{answer['lacking']}”, for the browser does not."
    if answer.get("error") is None:
        found: Mapping[str, Any] = answer["value"]
        return found
    if answer["error"] == "syntax":
        return _syntax(text, answer["at"])
    if answer.get("at") is not None:
        return f"{answer['error']} ({_place(text, answer['at'])})."
    return _sentence(str(answer["error"]))


def names(text: str) -> frozenset[str]:
    """The variables that the expression `text` reads, as far as it can be parsed."""
    try:
        return frozenset(_asked("names", text))
    except FeelError:
        return frozenset()


def outer_names(text: str) -> frozenset[str]:
    """Of the variables that the expression `text` reads those that cannot be parts of the items of a filtered list."""
    try:
        return frozenset(_asked("names", text, False, True))
    except FeelError:
        return frozenset()


def mismatches(text: str, kinds: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Comparisons and sums of two kinds, which are null: (left, its kind, right, its kind).

    `kinds` are those of the variables whose kind is known: text, number or truth.
    """
    try:
        return [tuple(each) for each in _asked("mismatches", text, json.dumps(dict(kinds)))]
    except FeelError:
        return []


def unknown_functions(text: str) -> frozenset[str]:
    """The functions that `text` calls although there are none of that name: they would be null."""
    try:
        return frozenset(_asked("names", text, True))
    except FeelError:
        return frozenset()


def matches(pattern: str, text: str) -> bool:
    """Whether JavaScript's `new RegExp(pattern)` finds a match in `text`. Raises FeelError."""
    return _asked("matches", json.dumps([pattern, text])) is True


def _sent(text: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `context` that `text` can mean."""
    return {name: value for name, value in context.items() if mentions(text, name)}


@lru_cache(maxsize=2048)
def _read(text: str) -> frozenset[str]:
    return names(text)


def _arguments(sent: Mapping[str, Any], now: datetime | None) -> tuple[str, bool, bool]:
    """The variables as JSON; whether they hold dates; whether all their names are words. Tells the time, too."""
    payload, dated = encode(sent)
    set_clock(now)
    return payload, dated, is_flat(payload)


def mentions(text: str, name: str) -> bool:
    """Whether `text` may mean the variable `name`: never wrong in saying no."""
    words, squeezed = _words(text)
    if name in _LITERALS:
        return False
    return name in words if _WORD.fullmatch(name) else "".join(name.split()) in squeezed


@lru_cache(maxsize=2048)
def _words(text: str) -> tuple[frozenset[str], str]:
    return frozenset(_WORD.findall(text)), "".join(text.split())


def is_flat(payload: str) -> bool:
    """Whether all keys in a JSON text are plain words: then FEEL is parsed without a look at them."""
    return all(map(is_word, set(_KEY.findall(payload))))


def is_readable(name: str) -> bool:
    """Whether FEEL reads a name, of several words too, without knowing it; not `rate 2.1` or `terms and conditions`."""
    first, *others = name.split() or [""]
    return is_word(first) and all(is_word(part) or part.isdecimal() for part in others)


def is_word(name: str) -> bool:
    """Whether a name is one plain word, and none of FEEL's own."""
    return _WORD.fullmatch(name) is not None and name not in _KEYWORDS


def encode(value: Any) -> tuple[str, bool]:
    """`value` as JSON for the bundle, and whether it holds dates, times or durations."""
    dated = False

    def tagged(item: Any) -> Any:
        nonlocal dated
        if isinstance(item, datetime):
            dated = True
            return {_MARK: ["datetime", item.isoformat()]}
        if isinstance(item, date | time):
            dated = True
            return {_MARK: ["time" if isinstance(item, time) else "date", item.isoformat()]}
        if isinstance(item, timedelta):
            dated = True
            return {_MARK: ["duration", f"{'-' if item < timedelta(0) else ''}PT{abs(item).total_seconds():f}S"]}
        return plain(item)

    try:
        return json.dumps(value, default=tagged, allow_nan=False, separators=(",", ":")), dated
    except (NotPlain, ValueError, RecursionError, TypeError) as error:
        raise FeelError(f"A variable cannot be sent to the sandbox. {error}") from None


def set_clock(now: datetime | None) -> None:
    """Tell this thread's context the time and the zone of its next evaluation, and of that alone."""
    here = zones.name_of(now) if now is not None else "UTC"
    if here != "UTC" and here[0] not in "+-":
        _send_zone(here)
    _call("clock", None if now is None else now.timestamp() * 1000, here)


def _send_zone(zone: str) -> None:
    known = _bundle.notes()
    if (note := f"zone {zone}") not in known:
        _call("zone", zone, json.dumps(zones.steps(zone)))
        known.add(note)


def _asked(function: str, text: str, *arguments: str | bool) -> Any:
    answer = _answer(function, text, *arguments)
    if answer.get("error") is not None:
        if answer.get("at") is not None:
            raise FeelError(_syntax(text, answer["at"]))
        raise FeelError(_sentence(str(answer["error"])))
    return answer["value"]


def _answer(function: str, text: str, *arguments: str | bool) -> dict[str, Any]:
    _short_enough(text)
    if _SURROGATE.search(text):
        raise FeelError("The text holds half a character (a lone surrogate).")
    return _answered(function, text, *arguments)


def _short_enough(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise FeelError(f"The text is longer than {MAX_LENGTH:,} characters.")


def ask(function: str, *arguments: str | bool, seconds: float) -> dict[str, Any]:
    """Call a function of the bundle that is no evaluation of one text. Raises FeelError."""
    answer = _answered(function, *arguments, seconds=seconds)
    if answer.get("error") is not None:
        raise FeelError(_sentence(str(answer["error"])))
    return answer


def _answered(function: str, *arguments: str | float | bool | None, seconds: float = SECONDS) -> dict[str, Any]:
    """What the bundle answers once it has been sent all zones that it meets on the way, in texts or in variables."""
    sent = 0
    while "zones" in (answer := json.loads(_call(function, *arguments, seconds=seconds))):
        sent += len(answer["zones"])
        if sent > _MOST_ZONES:
            _bundle.forget()
            raise FeelError(f"It names more than {_MOST_ZONES} time zones.")
        for zone in answer["zones"]:
            _call("zone", zone, json.dumps(zones.steps(zone)))
    found: dict[str, Any] = answer
    return found


def _call(function: str, *arguments: str | float | bool | None, seconds: float = SECONDS) -> Any:
    try:
        with budget.counted():
            if "mark" not in (known := _bundle.notes()):
                _bundle.call("mark", _MARK)
                known.add("mark")
            return _bundle.call(function, *arguments, seconds=seconds)
    except LimitReached as error:
        raise FeelError(str(error)) from None
    except quickjs.JSException as error:
        raise FeelError(_sentence(str(error))) from None


def _syntax(text: str, at: int) -> str:
    rest = text.encode("utf-16-le")[2 * at :].decode("utf-16-le", "replace").split("\n")[0][:30]
    found = f"“{rest}” is not expected here" if rest.strip() else "something is missing at the end"
    return f"This is not FEEL: {found} ({_place(text, at)})."


def _place(text: str, at: int) -> str:
    """The line and column of the place `at`, which counts as JavaScript does."""
    lines = text.encode("utf-16-le")[: 2 * at].decode("utf-16-le", "replace").split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def _sentence(message: str) -> str:
    first = message.strip().split("\n")[0]
    return f"{first[:1].upper()}{first[1:300]}{'' if first.endswith('.') else '.'}"


def decode(value: Any) -> Any:
    """JSON from the bundle as plain values, its marked dates, times and durations as Python's."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and _MARK in value:
        return _moment(*value[_MARK])
    return {key: decode(item) for key, item in value.items()}


def _moment(kind: str, value: Any) -> Any:
    try:
        if kind == "duration":
            return timedelta(seconds=value)
        if kind == "date":
            return date.fromisoformat(value)
        return datetime.fromisoformat(value) if kind == "datetime" else time.fromisoformat(value)
    except (ValueError, OverflowError):
        raise FeelError(f"The {kind} {value} lies outside the years 1 to 9999.") from None
