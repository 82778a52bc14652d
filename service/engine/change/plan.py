"""What is to become of cases that move to another version, and what is said of one before it does.

Plain values: they are kept as JSON, written as YAML, and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a new version means for a case; of several the last one counts."""

    EXACT = "exact"  #: its history would have led to where it stands
    SAFE = "safe"  #: everything open has a place and can go on to the end
    WITH_PLAN = "safe with this plan"  #: likewise, once the plan's mappings and values are applied
    PERSON = "needs a person"  #: a question that only somebody can answer
    STAY = "must stay"  #: it cannot move

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)


class Clock(StrEnum):
    """From when the new duration of a timer that is running counts."""

    KEEP = "keep"  #: as it was armed
    ENTRY = "from entry"  #: anew, from when it was armed
    NOW = "from now"  #: anew, from the move


@dataclass(frozen=True)
class Plan:
    """How what is open maps from one version to another; what is not named maps to itself."""

    elements: Mapping[str, str | None] = field(default_factory=dict)  #: id before -> id after; None: it is taken away
    values: Mapping[str, str] = field(default_factory=dict)  #: variable -> expression, set as the case moves
    clocks: Mapping[str, Clock] = field(default_factory=dict)  #: id after -> what becomes of its running timers

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; what is empty is left out."""
        clocks = {name: str(clock) for name, clock in self.clocks.items()}
        said = {"elements": dict(self.elements), "values": dict(self.values), "clocks": clocks}
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Plan:
        """The plan that `as_json` gave; raises ValueError for a clock that there is not."""
        clocks = {name: Clock(clock) for name, clock in said.get("clocks", {}).items()}
        return cls(dict(said.get("elements", {})), dict(said.get("values", {})), clocks)


@dataclass(frozen=True)
class Reason:
    """One answer to one of the five questions, as a case manager understands it."""

    question: int  #: 1 a place, 2 the history, 3 the end, 4 the data, 5 people, clocks and partners
    verdict: Verdict
    message: str  #: what it means for the case, a sentence
    way_out: str = ""  #: what to do, a sentence
    element_id: str | None = None  #: of the version before, or of the one after where it is new
    variable: str | None = None  #: question 4: the one that lacks a value


@dataclass(frozen=True)
class Judgement:
    """The worst of the five answers, all of them, and the plan under which they hold."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    plan: Plan = field(default_factory=Plan)  #: the one given, with what was proposed beside
