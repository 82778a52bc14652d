"""The facts that a case type declares searchable: `case:searchable="amount: number, claimant.city"`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KINDS = ("text", "number", "date", "boolean")
MOST = 30  #: of one case type
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Said:
    """One part of the list, as it is written."""

    name: str
    kind: str

    @property
    def is_name(self) -> bool:
        return _NAME.fullmatch(self.name) is not None and len(self.name) <= 100


def parts(text: str) -> Iterator[Said]:
    """What the list says, right or wrong; what has no kind is a text."""
    for part in text.split(","):
        name, colon, kind = (each.strip() for each in part.partition(":"))
        if name or colon:
            yield Said(name, kind if colon else "text")


def declared(text: str) -> Mapping[str, str]:
    """Name -> kind, of all that is declared as it should be; the first of one name."""
    found: dict[str, str] = {}
    for said in parts(text):
        if said.is_name and said.kind in KINDS and len(found) < MOST:
            found.setdefault(said.name, said.kind)
    return found
