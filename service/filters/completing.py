"""What may come next in a filter that somebody types: names of fields, and those of their values that are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.filters.fields import PRIORITIES, Field, Kind
from service.filters.moments import EXAMPLES
from service.languages import _

MOST = 12
_TYPED = re.compile(
    r"""(?:^|(?<=[\s(]))-?
    (?:(?P<name>[^\W\d_][\w.\-]*):(?P<lead>\((?:[^()"]|"[^"]*")*?(?<=[(,])\s*|<=|>=|[<>=≤≥])?)?
    (?P<word>"[^"]*|[^\s()",:<>=≤≥]*)$""",
    re.VERBOSE,
)
_LENGTHS = ("<1d", "<2d", "<1w", ">1w")


@dataclass(frozen=True)
class Offer:
    """A text that may stand where something is typed, and what it is."""

    text: str
    about: str = ""


@dataclass(frozen=True)
class Completion:
    """What is being typed: from `start` on, `typed` so far; a value of `field`, or a field's name."""

    start: int
    typed: str
    field: Field | None
    offers: tuple[Offer, ...]


def completion(text: str, fields: Mapping[str, Field]) -> Completion | None:
    """What may stand at the end of `text`; None within a text that is searched, and where nothing fits."""
    found = _TYPED.search(text[-1000:])
    if found is None or (found["word"].startswith('"') and not found["name"]):
        return None
    start, typed = len(text) - len(found["word"]), found["word"].lstrip('"')
    if found["name"] is None:
        return Completion(start, typed, None, tuple(_names(typed, fields))) if typed else None
    field, part = fields.get(found["name"].lower()), ""
    if field is None:
        name, _, part = found["name"].lower().partition(".")
        field = fields.get(name)
        if field is None or part not in {each.lower() for each in field.parts}:
            return None
    lead = found["lead"] or ""
    chosen = [offer for offer in _values(field, lead, part) if offer.text.lower().startswith(typed.lower())]
    return Completion(start, typed, field, tuple(chosen[:MOST]))


def _names(typed: str, fields: Mapping[str, Field]) -> list[Offer]:
    """Names of fields that begin so, then those that hold it."""
    wanted = typed.lower()
    offers = {f"{field.name}:": field.about for name, field in fields.items() if name == field.name.lower()}
    offers |= {
        f"{field.name}.{part}:": f"{field.about}: {part}"
        for name, field in fields.items()
        for part in field.parts
        if name == field.name and wanted.startswith(name)
    }
    fitting = [(text, about) for text, about in offers.items() if wanted in text.lower()]
    begin = [Offer(text, about) for text, about in fitting if text.lower().startswith(wanted)]
    hold = [Offer(text, about) for text, about in fitting if not text.lower().startswith(wanted)]
    return [*begin, *hold][:MOST]


def _values(field: Field, lead: str, part: str) -> Iterator[Offer]:
    compared = lead in ("<", "<=", ">", ">=", "≤", "≥")
    for kind in field.kinds or (field.kind,):
        match kind:
            case Kind.CHOICE:
                yield from (Offer(value, about) for value, about in field.values.items())
            case Kind.CASE if not part:
                yield from (Offer(value, about) for value, about in field.values.items())
            case Kind.YES_OR_NO:
                yield from (Offer("yes"), Offer("no"))
            case Kind.NUMBER if not field.fact:
                yield from (
                    Offer(word, _("%(low)s to %(high)s", low=low, high=high))
                    for word, (low, high) in PRIORITIES.items()
                )
            case Kind.DATE:
                yield from [Offer("overdue", _("past its due date"))] if field.name == "due" and not compared else []
                yield from (Offer(word) for word in EXAMPLES)
                yield from (Offer(word[bool(lead) :], _("d days, h hours, w weeks")) for word in _LENGTHS)
            case Kind.PERSON | Kind.PRINCIPAL:
                yield Offer("me", "you")
    if field.optional and not compared:
        yield from (Offer("none", _("without one")), Offer("any", _("with any")))
