"""Who acts: what is known of a person, or of the system, while something is done."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

#: What an API token may be allowed, and what that is; never more than its owner may.
SCOPES = {
    "read": "read what the owner may read",
    "work": "open cases, do tasks, change cases",
    "message": "publish messages and signals, and nothing else",
    "deploy": "deploy case types and read what is deployed, and nothing else",
    "operate": "see incidents, try again what is stuck or put it away",
    "admin": "manage users, groups, incidents and tokens",
    "calendar": "show the owner's due dates in a calendar program, and nothing else",
}
ALONE = frozenset({"message", "deploy", "calendar"})  #: those that need not read anything else


@dataclass(frozen=True)
class Actor:
    """Who is acting: a signed-in person, the holder of a token, or the system itself."""

    id: uuid.UUID | None
    name: str
    display_name: str = ""
    groups: frozenset[str] = frozenset()
    is_admin: bool = False
    stands_in: bool = False  #: for somebody who is away now
    scopes: frozenset[str] = field(default=frozenset(SCOPES))  #: narrowed by an API token
    language: str | None = None  #: in which they are spoken to; None: as the browser asks

    @cached_property
    def principals(self) -> frozenset[str]:
        """What candidate lists may call this person."""
        return frozenset({f"user:{self.name}", *(f"group:{group}" for group in self.groups)})

    def belongs_to(self, groups: Iterable[str]) -> bool:
        return not self.groups.isdisjoint(groups)


SYSTEM = Actor(None, "system", "System", is_admin=True)  #: timers, messages and jobs; no person can sign in as it
