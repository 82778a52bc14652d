"""WHICH RUNNING CASES of a version somebody means: for a pre-flight, for an order to move them or to change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from service.db import local, utcnow
from service.models import Case, CaseState, User

LONGEST, MOST = 255, 10_000  #: characters of a text, numbers of cases
OPEN = (CaseState.ACTIVE, CaseState.SUSPENDED, CaseState.FAILED)


@dataclass(frozen=True)
class Chosen:
    """What is not said chooses all."""

    states: tuple[CaseState, ...] = OPEN
    numbers: tuple[str, ...] = ()
    stage: str | None = None
    owner: str | None = None  #: a user name
    at: str | None = None  #: the id of an element at which a token stands
    created_from: datetime | None = None
    created_before: datetime | None = None
    due_before: datetime | None = None
    priority_from: int | None = None
    priority_to: int | None = None  #: that one included
    text: str | None = None  #: told only, queries/choosing.py says which they are: it asks who may read them
    places: str | None = None  #: where they stand, in words: told only, as well

    @property
    def is_all(self) -> bool:
        """Whether every open case is meant."""
        return self == Chosen()

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; what is not said is left out."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        found |= {"states": [str(state) for state in self.states], "numbers": list(self.numbers)}
        said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}
        return {name: value for name, value in said.items() if value is not None and value not in ("", [])}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Chosen:
        """What a file says in that shape. Raises `ValueError`, in a sentence."""
        known = {each.name for each in fields(cls)} - {"places"}
        if strange := [str(name) for name in said if name not in known]:
            raise ValueError(f"Cases are chosen by {', '.join(sorted(known))}; not by {strange[0]}.")
        found: dict[str, Any] = {}
        for name, value in said.items():
            read: Callable[[str, Any], Any] = _READ.get(name, _text)
            if value is not None:
                found[name] = read(name, value)
        return cls(**found)

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The same about rows."""
        said: list[sa.ColumnElement[bool]] = [Case.state.in_(self.states)]
        if self.numbers:
            said.append(Case.number.in_(self.numbers))
        if self.stage:
            said.append(Case.stage == self.stage)
        if self.owner:
            said.append(Case.owner_id.in_(sa.select(User.id).where(User.name == self.owner)))
        if self.at:
            said.append(sa.cast(Case.marked, sa.String).contains(f'"{self.at}"', autoescape=True))
        return [*said, *self._between()]

    def _between(self) -> list[sa.ColumnElement[bool]]:
        """Its bounds of time and priority."""
        bounds = (
            (self.created_from, Case.created_at.__ge__),
            (self.created_before, Case.created_at.__lt__),
            (self.due_before, Case.due_at.__lt__),
            (self.priority_from, Case.priority.__ge__),
            (self.priority_to, Case.priority.__le__),
        )
        return [holds(bound) for bound, holds in bounds if bound is not None]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or not 0 < len(str(value)) <= LONGEST:
        raise ValueError(f"“{name}” takes a text of at most {LONGEST} characters.")
    return str(value)


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST:
        raise ValueError(f"“{name}” takes a list of at most {MOST:,}.")
    return tuple(_text(name, each) for each in value)


def _states(name: str, value: Any) -> tuple[CaseState, ...]:
    if not (found := _texts(name, value)) or not set(found) <= set(OPEN):
        raise ValueError(f"“{name}” takes a list of {', '.join(OPEN)}.")
    return tuple(CaseState(each) for each in found)


def _moment(name: str, value: Any) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(_text(name, value))
    except ValueError:
        raise ValueError(f"“{name}” takes a date, or a date and time.") from None
    if not 1970 <= found.year <= 9000:
        raise ValueError(f"“{name}” takes a date between the years 1970 and 9000.")
    return found if found.tzinfo else found.replace(tzinfo=local(utcnow()).tzinfo)


def _priority(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
        raise ValueError(f"“{name}” takes a whole number from 0 to 100.")
    return value


_READ: Mapping[str, Callable[[str, Any], Any]] = {
    "states": _states,
    "numbers": _texts,
    "created_from": _moment,
    "created_before": _moment,
    "due_before": _moment,
    "priority_from": _priority,
    "priority_to": _priority,
}
