"""How the demo's cases are told: steps of people, each at its time before now."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from service.models import Actor, Case

OPEN = ""  #: instead of an element: the case is opened
Act = Callable[[Case, Actor], object]


@dataclass(frozen=True)
class Step:
    """What one person did: opened the case, completed a task, or (without a form) only claimed it; or `act`."""

    at: datetime
    person: str
    element: str = ""
    form: Mapping[str, Any] | None = None
    local: Mapping[str, Any] = field(default_factory=dict)  #: tells the instances of one element apart
    act: Act | None = None  #: anything else that they did to the case
    child: str = ""  #: the case type of the child that it was done to, instead of the tale's own case


@dataclass(frozen=True)
class Tale:
    """One case, from its opening to where it stands today."""

    case_type: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Ago:
    """Moments and days before `now`."""

    now: datetime

    def at(self, days: int, time: str) -> datetime:
        """That many days ago, at `HH:MM`."""
        hour, minute = map(int, time.split(":"))
        return (self.now - timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)

    def minutes(self, minutes: int) -> datetime:
        return self.now.replace(second=0, microsecond=0) - timedelta(minutes=minutes)

    def day(self, days: int) -> str:
        """The date, as forms have it."""
        return (self.now - timedelta(days=days)).date().isoformat()


def moment(at: datetime) -> str:
    """A date with a time, as forms have it."""
    return at.strftime("%Y-%m-%dT%H:%MZ")


def email_of(name: str) -> str:
    """An address that reaches nobody (RFC 2606)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", ".") + "@example.org"
