"""Who acts: what is known of a person, or of the system, while something is done."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Actor:
    """Who is acting: a signed-in person, the holder of a token, or the system itself."""

    id: uuid.UUID | None
    name: str
    display_name: str = ""
    groups: frozenset[str] = frozenset()
    is_admin: bool = False
    scopes: frozenset[str] = field(default=frozenset({"read", "work", "deploy", "admin"}))  #: narrowed by an API token

    @cached_property
    def principals(self) -> frozenset[str]:
        """What candidate lists may call this person."""
        return frozenset({f"user:{self.name}", *(f"group:{group}" for group in self.groups)})

    def belongs_to(self, groups: Iterable[str]) -> bool:
        return not self.groups.isdisjoint(groups)


SYSTEM = Actor(None, "system", "System", is_admin=True)  #: timers, messages and jobs; no person can sign in as it
