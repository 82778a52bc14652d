"""COPIES: the patterns of a family filled with what is another's: ids, days, numbers, people; hashes and seals."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
import zstandard

from service.audit.keys import Key
from tests.benchmarks.large.families import AUDIT, Cell, Family
from tests.benchmarks.large.patterns import Fill, compiled
from tests.benchmarks.large.people import FIRST, LAST, Person

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Copy:
    """What is to be made: of which family, so many days earlier, with these numbers (one for each prefix)."""

    family: int
    days: int
    numbers: Sequence[int]


@dataclass(frozen=True)
class Form:
    """How a database wants rows: `raw` makes of an id or of bytes what is written, `row` compiles one of a table."""

    raw_id: Callable[[uuid.UUID], Any]
    raw_bytes: Callable[[bytes], Any]
    row: Callable[[list[Cell]], Fill]


Rows = list[tuple[sa.Table, list[Fill]]]


class Copier:
    """Makes copies of families, in the form of one database."""

    def __init__(
        self,
        families: Sequence[Family],
        alike: Mapping[str, Sequence[Person]],
        groups: Sequence[str],
        form: Form,
        key: Key,
    ) -> None:
        self._families, self._alike, self._groups, self._form, self._key = families, alike, groups, form, key
        self._rows: list[Rows] = [
            [(table, [form.row(row) for row in rows]) for table, rows in family.rows] for family in families
        ]
        self._chains = [
            [
                (seal, [(compiled(hashed), form.row([*cells, Cell(raw=-1)])) for hashed, cells in chain])
                for seal, chain in f.chains
            ]
            for f in families
        ]
        self._texts = [
            [[(slot, compiled(pattern)) for slot, pattern in each] for each in (family.digests, family.snapshots)]
            for family in families
        ]
        self._days: dict[int, tuple[str, str]] = {}

    def add(self, copy: Copy, rng: random.Random, into: Mapping[sa.Table, list[Any]]) -> None:
        """Append the rows of one copy to the lists of their tables."""
        family = self._families[copy.family]
        values = self._values(family, copy, rng)
        self._close(self._chains[copy.family], values, into[AUDIT])
        for table, rows in self._rows[copy.family]:
            into[table].extend(row(values) for row in rows)

    def _values(self, family: Family, copy: Copy, rng: random.Random) -> list[Any]:
        """The list of values, but for the seals."""
        values: list[Any] = [None] * (len(family.slots.numbers) + 1)  # the last one is for hashes
        self._ids(family, copy, rng, values)
        for slot, ordinal in family.days:
            values[slot] = self._day(ordinal - copy.days)[0]
        for slot, ordinal in family.joined_days:
            values[slot] = self._day(ordinal - copy.days)[1]
        for slot, micro in family.moments:
            values[slot] = micro - copy.days * DAY_MS * 1000
        for slot, milli in family.milliseconds:
            values[slot] = milli - copy.days * DAY_MS
        for prefix, number, (slot, folded, joined) in zip(family.prefixes, copy.numbers, family.numbers, strict=True):
            values[slot] = f"{prefix}-{number:05d}"
            values[folded] = values[slot].lower()
            values[joined] = values[folded].replace("-", "")
        self._people(family, rng, values)
        self._entered(family, rng, values)
        digests, snapshots = self._texts[copy.family]
        for slot, text_of in digests:
            values[slot] = self._key.sign("text", text_of(values)).hex()[:32]
        for slot, text_of in snapshots:
            text = text_of(values).encode("utf-8", "surrogatepass")
            values[slot] = self._form.raw_bytes(zstandard.compress(text, 3))
        return values

    def _ids(self, family: Family, copy: Copy, rng: random.Random, values: list[Any]) -> None:
        """UUIDs of version 7 that say when their rows were made, in the order in which they were."""
        later = rng.randrange(3_600_000) - copy.days * DAY_MS
        for order, (slot, raw, milli) in enumerate(family.ids):
            random_part = rng.getrandbits(62)
            number = (milli + later) << 80 | 7 << 76 | (order & 0xFFF) << 64 | 2 << 62 | random_part
            text = f"{number:032x}"
            text = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
            values[slot] = text
            values[raw] = text if self._form.raw_id is str else number.to_bytes(16, "big")

    def _day(self, ordinal: int) -> tuple[str, str]:
        if ordinal not in self._days:
            said = date.fromordinal(ordinal).isoformat()
            self._days[ordinal] = said, said.replace("-", "")
        return self._days[ordinal]

    def _people(self, family: Family, rng: random.Random, values: list[Any]) -> None:
        """Somebody who is like the one of the demo; some have much more to do than others."""
        for like, name, user, raw in family.people:
            person = _one_of(self._alike[like], rng)
            values[name], values[user], values[raw] = person.name, str(person.id), self._form.raw_id(person.id)
        taken: set[str] = set()
        for slot in family.groups:
            while (group := _one_of(self._groups, rng)) in taken:
                pass
            values[slot] = group
            taken.add(group)
        for slot in family.keys:
            values[slot] = f"{rng.getrandbits(64):020d}-{rng.getrandbits(32):08x}"

    def _entered(self, family: Family, rng: random.Random, values: list[Any]) -> None:
        for slot, folded, dotted in family.names:
            first, last = rng.choice(FIRST), rng.choice(LAST)
            values[slot] = f"{first} {last}"
            values[folded] = values[slot].lower()
            values[dotted] = f"{first}.{last}".lower()
        for number in family.entered:
            digits = str(rng.randrange(10 ** (number.digits - 1), 10**number.digits))
            for slot, pieces in number.forms:
                values[slot] = "".join(
                    [each if isinstance(each, str) else digits[each[0] : each[1]] for each in pieces]
                )

    def _close(
        self,
        chains: Sequence[tuple[int, list[tuple[Fill, Fill]]]],
        values: list[Any],
        into: list[Any],
    ) -> None:
        """Make the audit entries' hashes, and each chain's seal."""
        hash_of, seal_of, raw = self._key.hash, self._key.seal, self._form.raw_bytes
        for seal_slot, chain in chains:
            seal = b""
            for hashed, row in chain:
                digest = hash_of(seal, hashed(values).encode("utf-8", "surrogatepass"))
                seal = seal_of(digest)
                values[-1] = raw(digest)
                into.append(row(values))
            values[seal_slot] = raw(seal)


def _one_of(them: Sequence[Any], rng: random.Random) -> Any:
    """One of them, the first ones by far the most often."""
    return them[int(len(them) * rng.random() ** 2)]
