"""Texts with gaps: what stands in a row of a copied case where the copies differ.

A gap is named while texts are marked (`Marks`), numbered when a marked text is compiled (`Slots.pattern`), and filled
from one list of values for each copy: `text % fill(values)`, which is as fast as Python gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

_OPEN, _CLOSE = "\ue000", "\ue001"  # for private use, so that JSON leaves them alone
_GAP = re.compile(f'"{_OPEN}#([^{_CLOSE}]*){_CLOSE}"|{_OPEN}([^{_CLOSE}]*){_CLOSE}')
_DAY = r"20\d\d-\d\d-\d\d(?!\d)"

Pattern = tuple[str, tuple[int, ...]]  #: a text for `%`, unless there are no gaps, and the slots of its gaps' values
Fill = Callable[[Sequence[Any]], Any]


def gap(name: str) -> str:
    return f"{_OPEN}{name}{_CLOSE}"


def number_gap(name: str) -> str:
    """A gap that is a number once the text is JSON."""
    return f"{_OPEN}#{name}{_CLOSE}"


def compiled(pattern: Pattern) -> Fill:
    """What makes the text from the list of values."""
    text, slots = pattern
    if not slots:
        return lambda _: text
    fill = itemgetter(*slots)
    return lambda values: text % fill(values)


def merged(pieces: Iterable[Pattern], *, between: str, end: str) -> Pattern:
    """One pattern of several."""
    known = [*pieces]
    slots = tuple(slot for _, its in known for slot in its)
    texts = [text if its or not slots else text.replace("%", "%%") for text, its in known]
    return between.join(texts) + end, slots


@dataclass
class Slots:
    """The places of gaps in the list of values."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))

    def pattern(self, marked: str) -> Pattern:
        """Compile a marked text."""
        text, names, end = [], [], 0
        for found in _GAP.finditer(marked):
            text += [marked[end : found.start()].replace("%", "%%"), "%s"]
            names.append(found[1] if found[1] is not None else found[2])
            end = found.end()
        if not names:
            return marked, ()
        text.append(marked[end:].replace("%", "%%"))
        return "".join(text), tuple(map(self.number, names))


class Marks:
    """What is to be found in texts, and which gaps stand there instead.

    `whole`: texts that are such by themselves, such as a user's name; `parts`: also within others, such as a number.
    """

    def __init__(self, whole: Mapping[str, str], parts: Mapping[str, str]) -> None:
        self._whole, self._parts = whole, parts
        longest_first = sorted(parts, key=len, reverse=True)
        self._find = re.compile(f"(?<![0-9A-Za-z])(?:{_alternatives(longest_first)}|{_DAY})")

    def text(self, text: str) -> str:
        if text in self._whole:
            return self._whole[text]
        return self._find.sub(lambda found: self._parts.get(found[0]) or gap(f"day:{found[0]}"), text)

    def value(self, value: Any) -> Any:
        """Any JSON value, with its texts marked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return value


def _alternatives(texts: Iterable[str]) -> str:
    return "|".join(f"{re.escape(text)}(?![0-9A-Za-z])" for text in texts)
