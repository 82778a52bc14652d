"""Find a place in the handbook: all words of a query, in any order, each as the beginning of a word.

A few dozen chapters are read through for each query, which takes a few milliseconds; so there is no index to keep.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from service.handbook import Chapter, chapters
from service.handbook.rendering import Section

LONGEST = 200  #: characters of a query that are read
WORDS = 8  #: words of a query that are looked for
FOUND = 20  #: places that are shown
EXCERPT = 220  #: characters of an excerpt
IN_TITLE, IN_HEADING, IN_TEXT = 5, 6, 1  #: what a word counts for, by where it stands
COUNTED = 4  #: so often at most in the text
WHOLE = 2  #: times as much for a whole word as for the beginning of one


@dataclass(frozen=True)
class Piece:
    """A piece of an excerpt; the words that were looked for are marked."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Hit:
    """A section that has what was looked for."""

    chapter: Chapter
    section: Section
    excerpt: Sequence[Piece]

    @property
    def address(self) -> str:
        heading = self.section.heading
        return f"{self.chapter.address}#{heading.anchor}" if heading else self.chapter.address

    @property
    def title(self) -> str:
        return self.section.heading.title if self.section.heading else self.chapter.title


class Folded:
    """A text in small letters without accents, which knows where each letter came from."""

    def __init__(self, text: str) -> None:
        self.original = text
        letters: list[str] = []
        self._from: list[int] = []
        self._starts: list[bool] = []
        before = " "
        for place, letter in enumerate(text):
            begins = not before.isalnum() or (before.islower() and letter.isupper())
            for part in fold(letter):
                letters.append(part)
                self._from.append(place)
                self._starts.append(begins)
                begins = False
            if not unicodedata.combining(letter):
                before = letter
        self.text = "".join(letters)

    def places(self, word: str) -> list[tuple[int, int, bool]]:
        """Where words begin with `word`: start and end in the original, and whether it is the whole word."""
        found = []
        for match in re.finditer(re.escape(word), self.text):
            start, end = match.span()
            if self._starts[start]:
                whole = end == len(self.text) or self._starts[end] or not self.text[end].isalnum()
                found.append((self._from[start], self._from[end - 1] + 1, whole))
        return found


def fold(text: str) -> str:
    """Small letters without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words(query: str) -> list[str]:
    """What a query asks for: each word once, not more than are looked for."""
    return list(islice(dict.fromkeys(re.findall(r"[^\W_]+", fold(query[:LONGEST]))), WORDS))


def find(query: str) -> tuple[list[Hit], bool]:
    """The places that fit best; True when they have all the words, False when there are only some with most of them."""
    wanted = words(query)
    scored = [(score, -place, spot) for place, spot in enumerate(_spots()) if any(score := _score(spot, wanted))]
    best = max((score[0] for score, _, _ in scored), default=0)
    chosen = sorted((each for each in scored if each[0][0] == best), key=lambda each: each[:2], reverse=True)
    hits = [Hit(spot.chapter, spot.section, _excerpt(spot.text, wanted)) for _, _, spot in chosen[:FOUND]]
    return hits, best == len(wanted)


@dataclass(frozen=True)
class _Spot:
    """A section, folded once."""

    chapter: Chapter
    section: Section
    title: Folded
    heading: Folded
    text: Folded


@lru_cache(maxsize=1)
def _spots() -> tuple[_Spot, ...]:
    return tuple(
        _Spot(
            chapter,
            section,
            Folded(chapter.title),
            Folded(section.heading.title if section.heading else chapter.title),
            Folded(section.text),
        )
        for chapter in chapters()
        for section in chapter.sections
    )


def _score(spot: _Spot, wanted: Sequence[str]) -> tuple[int, int]:
    """How many of the words a section has, and how well."""
    has, well = 0, 0
    for word in wanted:
        fields = ((spot.title, IN_TITLE, 1), (spot.heading, IN_HEADING, 1), (spot.text, IN_TEXT, COUNTED))
        points = 0
        for folded, weight, most in fields:
            points += sum(weight * (WHOLE if whole else 1) for _, _, whole in folded.places(word)[:most])
        has, well = has + (points > 0), well + points
    return has, well


def _excerpt(text: Folded, wanted: Sequence[str]) -> list[Piece]:
    """The stretch of `text` that has most of the words, with the words marked."""
    places = sorted((start, end, word) for word in wanted for start, end, _ in text.places(word))
    begin = _best_start(places)
    start = 0 if begin < EXCERPT // 2 else text.original.rfind(" ", 0, begin - EXCERPT // 5) + 1
    end = start + EXCERPT
    end = len(text.original) if end >= len(text.original) else max(text.original.rfind(" ", start, end), start + 1)
    pieces = [Piece("… ")] if start else []
    done = start
    for first, last, _word in places:
        if first >= done and last <= end:
            pieces += [Piece(text.original[done:first]), Piece(text.original[first:last], marked=True)]
            done = last
    pieces.append(Piece(text.original[done:end] + (" …" if end < len(text.original) else "")))
    return [piece for piece in pieces if piece.text]


def _best_start(places: Sequence[tuple[int, int, str]]) -> int:
    """Where the stretch begins that has the most different words, and then the most of them."""
    best, chosen = (0, 0), 0
    for start, _, _ in places:
        inside = Counter(word for first, last, word in places if start <= first and last <= start + EXCERPT // 2)
        if (len(inside), inside.total()) > best:
            best, chosen = (len(inside), inside.total()), start
    return chosen
