"""A filter that is understood: each term with its field and its values as what they are. Knows no database."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Union

from service.errors import BadFilter
from service.filters import grammar, moments
from service.filters.fields import PRIORITIES, Field, Kind
from service.filters.grammar import Compared, Listed, Range, Word
from service.languages import _

NONE, ANY, ME = "none", "any", "me"
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_YES_NO = {"yes": "true", "true": "true", "no": "false", "false": "false"}
_COMPARED = 300  #: names among which the one that was meant is sought


@dataclass(frozen=True)
class Bounds:
    """From `low` to `high`; None: no bound. An open bound does not belong to it."""

    low: float | datetime | None
    high: float | datetime | None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True)
class Is:
    """It is this word, name or number; `begins`: it begins so."""

    value: str
    begins: bool = False


@dataclass(frozen=True)
class Empty:
    """It has no value."""


Test = Union[Bounds, Is, Empty]  # noqa: UP007


@dataclass(frozen=True)
class Leaf:
    """One condition: any of `tests` holds for the field, or for the `part` of it. Without a field: texts."""

    field: Field | None
    part: str
    tests: tuple[Test, ...]
    wanted: bool = True  #: False for `any`: that none of the tests holds


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple[Node, ...]


Node = Union[Leaf, Not, All, AnyOf]  # noqa: UP007


def read(text: str, fields: Mapping[str, Field], now: datetime) -> Node | None:
    """What `text` asks for at `now`, aware, in the zone of dates without one; None for an empty text.

    Raises `BadFilter`, which names the word that is wrong.
    """
    tree = grammar.parse(text)
    return None if tree is None else _understood(tree, fields, now)


def leaves(node: Node) -> Iterable[Leaf]:
    """The conditions below `node`."""
    match node:
        case Leaf():
            yield node
        case Not():
            yield from leaves(node.part)
        case All() | AnyOf():
            for part in node.parts:
                yield from leaves(part)


def _understood(node: grammar.Node, fields: Mapping[str, Field], now: datetime) -> Node:
    match node:
        case grammar.Not():
            return Not(_understood(node.part, fields, now))
        case grammar.All():
            parts = tuple(_understood(part, fields, now) for part in _joined(node.parts))
            return All(parts) if len(parts) > 1 else parts[0]
        case grammar.Any_():
            return AnyOf(tuple(_understood(part, fields, now) for part in node.parts))
    return _text(node) if node.name is None else _term(node, node.name, fields, now)


def _joined(parts: Iterable[grammar.Node]) -> list[grammar.Node]:
    """`parts`, in which words beside each other are one text: `07531 88 20` is searched as a whole."""
    found: list[grammar.Node] = []
    for part in parts:
        before, here = _plain(found[-1]) if found else None, _plain(part)
        if before is not None and here is not None:
            joined = Word(f"{before.text} {here.text}", before.start, here.end)
            found[-1] = grammar.Term(None, Compared("", joined))
        else:
            found.append(part)
    return found


def _plain(node: grammar.Node) -> Word | None:
    """The word of a term that is one without quotation marks."""
    if not isinstance(node, grammar.Term) or node.name is not None or not isinstance(node.value, Compared):
        return None
    return None if node.value.value.quoted else node.value.value


def _text(term: grammar.Term) -> Leaf:
    assert isinstance(term.value, Compared)
    word = term.value.value
    if not word.text.strip():
        raise BadFilter(_("This text is empty."), word.start, word.end, "Write what to look for between the marks.")
    return Leaf(None, "", (Is(word.text.strip()),))


def _term(term: grammar.Term, name: Word, fields: Mapping[str, Field], now: datetime) -> Leaf:
    field, part = _field(name, fields)
    if isinstance(term.value, Compared) and term.value.operator in ("", "="):
        words: tuple[Word, ...] = (term.value.value,)
    elif isinstance(term.value, Listed):
        words = term.value.values
    else:
        return Leaf(field, part, (_bounds(field, term.value, name, now),))
    if len(words) == 1 and words[0].text.lower() == ANY and field.optional:
        return Leaf(field, part, (Empty(),), wanted=False)
    return Leaf(field, part, tuple(_test(field, word, now) for word in words))


def _field(name: Word, fields: Mapping[str, Field]) -> tuple[Field, str]:
    """The field of that name, and the part of it that stands after a dot."""
    wanted = name.text.lower()
    if wanted in fields:
        return fields[wanted], ""
    whole, dot, part = wanted.partition(".")
    if dot and whole in fields and (parts := {each.lower(): each for each in fields[whole].parts}):
        if part in parts:
            return fields[whole], parts[part]
        word = Word(part, name.start, name.end)
        raise _unknown(
            _("%(whole)s has no “%(name)s”", whole=whole, name=name.text[len(whole) + 1 :][:40]),
            word,
            parts,
            f"{whole}.",
        )
    spelled = {key: [field.name, f"fact.{field.name}"] for key, field in fields.items()}  # an alias is in small letters
    known = {key: next((name for name in names if name.lower() == key), key) for key, names in spelled.items()}
    raise _unknown(
        _("There is no “%(name)s” to filter by", name=name.text[:40]), Word(wanted, name.start, name.end), known
    )


def _unknown(message: str, word: Word, known: Mapping[str, str], prefix: str = "") -> BadFilter:
    """That there is no such name; `known`: in small letters -> as it is written."""
    shown = dict(islice(known.items(), _COMPARED))
    near = [prefix + shown[each] for each in difflib.get_close_matches(word.text[:60].lower(), shown, n=3, cutoff=0.6)]
    names = list(shown.values())
    some = ", ".join(prefix + each for each in sorted(names)[:12]) + (", …" if len(names) > 12 else "")
    advice = (
        _("Did you mean %(near)s?", near=near[0])
        if near
        else _("There are: %(some)s.", some=some)
        if names
        else _("None is deployed.")
    )
    return BadFilter(f"{message}.", word.start, word.end, advice, near)


def _test(field: Field, word: Word, now: datetime) -> Test:
    """What a single value asks for."""
    text = word.text.strip()
    if not text:
        raise BadFilter(
            _("This value of %(field)s is empty.", field=field.name), word.start, word.end, "Write one, or none."
        )
    if text.lower() == NONE and field.optional:
        return Empty()
    found: Test | None = None
    for kind in field.kinds or (field.kind,):
        found = _of_kind(kind, field, text, word, now)
        if found is not None:
            return found
    raise BadFilter(_wrong(field, text), word.start, word.end, _advice(field))


def _of_kind(kind: Kind, field: Field, text: str, word: Word, now: datetime) -> Test | None:
    match kind:
        case Kind.PERSON | Kind.PRINCIPAL | Kind.GROUP:
            return Is(text) if _PRINCIPAL.fullmatch(text) else None
        case Kind.CHOICE:
            return Is(_choice(field, text, word))
        case Kind.CASE:
            if text.lower() in field.values:
                return Is(text.lower())
            return Is(text.rstrip("*"), begins=text.endswith("*"))
        case Kind.WORDS:
            return Is(text)
        case Kind.TEXT:
            return Is(text.rstrip("*"), begins=True) if text.endswith("*") and text != "*" else Is(text)
        case Kind.YES_OR_NO:
            return Is(_YES_NO[text.lower()]) if text.lower() in _YES_NO else None
        case Kind.NUMBER:
            numbers = _numbers(field, text)
            return None if numbers is None else Bounds(*numbers)
        case Kind.DATE:
            if text.lower() == "overdue" and field.name == "due":
                return Bounds(None, now, high_open=True)
            found = moments.span(text, now)
            return None if found is None or found.is_moment else Bounds(found.start, found.end, high_open=True)


def _choice(field: Field, text: str, word: Word) -> str:
    """The value that `text` names, by itself or by what it is called."""
    known = {name.lower(): name for name in field.values}
    called = {said.lower(): name for name, said in field.values.items()}
    wanted = text.lower()
    found = known.get(wanted) or field.also.get(wanted) or called.get(wanted)
    if found is None:
        raise _unknown(
            _("There is no %(field)s “%(text)s”", field=field.name, text=text[:40]),
            Word(text, word.start, word.end),
            known,
        )
    return found


def _bounds(field: Field, value: Compared | Range | Listed, name: Word, now: datetime) -> Bounds:
    if not field.comparable:
        raise BadFilter(
            _("%(field)s cannot be compared.", field=field.name),
            name.start,
            name.end,
            f"Write {field.name}: and what it should be.",
        )
    if isinstance(value, Range):
        return _range(field, value, now)
    assert isinstance(value, Compared)
    low, high, is_age = _ends(field, value.value, now)
    operator = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}[value.operator] if is_age else value.operator
    # A day is later than what was before it has begun, and earlier than what is after it has ended.
    moment = low == high
    match operator:
        case "<":
            return Bounds(None, low, high_open=True)
        case "<=":
            return Bounds(None, high, high_open=not moment)
        case ">":
            return Bounds(high, None, low_open=moment)
        case _:
            return Bounds(low, None)


def _range(field: Field, value: Range, now: datetime) -> Bounds:
    first = _ends(field, value.low, now) if value.low else None
    last = _ends(field, value.high, now) if value.high else None
    if (first and first[2]) or (last and last[2]):  # ages: the greater one is the earlier moment
        first, last = last, first
    low, high = first[0] if first else None, last[1] if last else None
    words = [word for word in (value.low, value.high) if word is not None]
    if low is not None and high is not None and low > high:  # type: ignore[operator]  # both of the field's one kind
        raise BadFilter(_("This range ends before it begins."), words[0].start, words[-1].end, "Turn it round.")
    return Bounds(low, high, high_open=bool(last and last[0] != last[1]))


def _ends(field: Field, word: Word, now: datetime) -> tuple[float | datetime, float | datetime, bool]:
    """Where what `word` says begins and ends, and whether it was said as an age."""
    text = word.text.strip()
    for kind in field.kinds or (field.kind,):
        if kind is Kind.NUMBER and (numbers := _numbers(field, text)) is not None:
            return *numbers, False
        if kind is Kind.DATE and (found := moments.span(text, now)) is not None:
            is_age = field.past and not found.signed
            if is_age:
                at = now - (found.start - now)
                return at, at, True
            return found.start, found.end, False
    raise BadFilter(_wrong(field, text), word.start, word.end, _advice(field))


def _numbers(field: Field, text: str) -> tuple[float, float] | None:
    """The number, or the numbers that a word stands for, from the first to the last."""
    if not field.fact and text.lower() in PRIORITIES:
        return PRIORITIES[text.lower()]
    if not re.fullmatch(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", text):
        return None
    number = float(text)
    return (number, number) if math.isfinite(number) else None


def _wrong(field: Field, text: str) -> str:
    kinds = field.kinds or (field.kind,)
    what = {
        Kind.NUMBER: "number",
        Kind.DATE: "time that fits here",
        Kind.YES_OR_NO: "yes or no",
        Kind.GROUP: "group's name",
        Kind.PRINCIPAL: "name of a person or group",
    }.get(kinds[0], "name")
    return _("“%(text)s” is no %(what)s.", text=text[:40], what=what)


def _advice(field: Field) -> str:
    kinds = field.kinds or (field.kind,)
    none = _(" Or none, or any.") if field.optional else ""
    match kinds[0]:
        case Kind.NUMBER if not field.fact:
            return _(
                "Write a number, such as %(field)s:>50, or %(PRIORITIES)s.",
                field=field.name,
                PRIORITIES=", ".join(PRIORITIES),
            )
        case Kind.NUMBER:
            return _(
                "Write a number, such as %(field)s:>1000 or %(field)s:10..20.%(none)s", field=field.name, none=none
            )
        case Kind.DATE:
            late = _(" or overdue,") if field.name == "due" else ""
            return (
                f"Write {field.name}:today,{late} {field.name}:<2d (hours h, days d, weeks w),"
                f" or a date, such as {field.name}:>2026-12-24.{none}"
            )
        case Kind.YES_OR_NO:
            return _("Write yes or no.")
    example = "me" if kinds[0] in (Kind.PERSON, Kind.PRINCIPAL) else "claims"
    return _("Write a name, such as %(field)s:%(example)s.%(none)s", field=field.name, example=example, none=none)
