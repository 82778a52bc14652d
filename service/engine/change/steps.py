"""What is to be changed about where one case stands: a list of steps, plain values that are kept as JSON.

All steps of a list are taken together, on what is open as the first begins; only then does the case run on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What one step does."""

    PUT = "put"  #: a token on an element, or on a sequence flow
    MOVE = "move"  #: a token from one element `to` another
    TAKE = "take"  #: a token away, with all that it holds
    AGAIN = "again"  #: an element once more; what comes after it is cancelled
    SKIP = "skip"  #: an activity or event: the case goes on behind it, with `values`, though nobody did it
    SET = "set"  #: variables
    FIRE = "fire"  #: what a timer, signal or other event waits for happens now
    TIME = "time"  #: a timer is due `at` another time
    DELIVER = "deliver"  #: a message by `name`, which brings `values`


@dataclass(frozen=True)
class Step:
    """One change. Ids of elements inside a called process are written `KEY:id`."""

    do: Kind
    element: str | None = None
    activity: str | None = None  #: where several stand at the element, the one that is meant; of `put`: in which scope
    to: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    name: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; what is not said is left out."""
        at = self.at.isoformat() if self.at else None
        said: dict[str, Any] = {"do": str(self.do), "element": self.element, "activity": self.activity, "to": self.to}
        said |= {"values": dict(self.values), "at": at, "name": self.name}
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Step:
        """The step that `as_json` gave; raises ValueError for a kind or time that there is not."""
        at = datetime.fromisoformat(said["at"]) if said.get("at") else None
        names = ("element", "activity", "to", "name")
        return cls(Kind(said["do"]), values=dict(said.get("values") or {}), at=at, **{n: said.get(n) for n in names})
