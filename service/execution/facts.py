"""The facts by which lists are filtered: kept as rows beside the case (`CaseVariable`), written as they change.

Which ones these are is said by the case's own version and by the newest one of its type. The newest is remembered for
some seconds: what a deployment declares anew is filled in for running cases by a job that comes later than that
(operations/facts.py).
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from datetime import time as clock_time
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.db import Base, db, local, utcnow
from service.engine import searchable
from service.execution.definitions import deployed
from service.execution.search import folded
from service.models import Case, CaseVariable, ProcessDefinition

LONGEST = 200  #: characters of a text that are kept, and asked for
REMEMBERED = 5.0  #: seconds
_FACTS = Base.metadata.tables[CaseVariable.__tablename__]
_FORGET = sa.delete(_FACTS).where(
    _FACTS.c.case_id == sa.bindparam("case"), _FACTS.c.name.in_(sa.bindparam("names", expanding=True))
)
_ADD = sa.insert(_FACTS)
_NEWEST = sa.select(ProcessDefinition.info["attributes", "searchable"].as_string()).where(
    ProcessDefinition.key == sa.bindparam("key"), ProcessDefinition.latest
)
_remembered: dict[uuid.UUID, tuple[float, Mapping[str, str]]] = {}


class Fact(NamedTuple):
    """A value as its row has it."""

    text: str | None
    number: float | None
    date: datetime | None
    shown: str


def keep(case: Case, variables: Mapping[str, Any]) -> None:
    """Write of the facts what is another than in `case.variables`, which are those from before."""
    declared = declared_for(case.definition_id)
    if not declared:
        return
    now = values(variables, declared)
    if case.snapshot is None:  # it has no row yet: theirs come after it, with the flush
        db.session.add_all(CaseVariable(case_id=case.id, name=name, **fact._asdict()) for name, fact in now.items())
    else:
        _write(case, values(case.variables, declared), now)


def refill(case: Case) -> None:
    """Write all facts of a case anew, whatever its rows say: after its type declares others."""
    declared = declared_for(case.definition_id)
    db.session.flush()
    rows = db.session.execute(sa.select(_FACTS).where(_FACTS.c.case_id == case.id))
    there = {row.name: Fact(row.text, row.number, row.date, row.shown) for row in rows}
    _write(case, there, values(case.variables, declared))


def _write(case: Case, before: Mapping[str, Fact], now: Mapping[str, Fact]) -> None:
    changed = {name: fact for name, fact in now.items() if before.get(name) != fact}
    gone = [name for name in before if name not in now or name in changed]
    if (changed or gone) and any(isinstance(row, CaseVariable) for row in db.session.new):
        db.session.flush()
    if gone:
        db.session.execute(_FORGET, {"case": case.id, "names": gone})
    if changed:
        rows = [{"case_id": case.id, "name": name, **fact._asdict()} for name, fact in changed.items()]
        db.session.execute(_ADD, rows)


def declared_for(definition_id: uuid.UUID) -> Mapping[str, str]:
    """Name -> kind of the facts of a case of that version: its own, and those of the newest version of its type."""
    until, found = _remembered.get(definition_id, (0.0, {}))
    if time.monotonic() < until:
        return found
    source = deployed(definition_id)
    own = source.definition.info.attributes.get("searchable", "")
    found = {**searchable.declared(own), **declared_by(source.key)}
    if len(_remembered) > 4096:
        _remembered.clear()
    _remembered[definition_id] = time.monotonic() + REMEMBERED, found
    return found


def declared_by(case_type: str) -> Mapping[str, str]:
    """Name -> kind of the facts that the newest version of a case type declares."""
    return searchable.declared(db.session.scalar(_NEWEST, {"key": case_type}) or "")


def values(variables: Mapping[str, Any], declared: Mapping[str, str]) -> dict[str, Fact]:
    """The declared facts that there are, each of the kind that is declared; what is of another kind is left out."""
    found = {name: _fact(_at(variables, name.split(".")), kind) for name, kind in declared.items()}
    return {name: fact for name, fact in found.items() if fact is not None}


def _at(variables: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = variables
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _fact(value: Any, kind: str) -> Fact | None:
    if value is None or value == "" or isinstance(value, Mapping | list | tuple):
        return None
    if kind == "boolean":
        return Fact(str(value).lower(), None, None, "Yes" if value else "No") if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if kind == "number":
        return _number(value)
    if kind == "date":
        return _date(value)
    text = " ".join(str(value).split())
    return Fact(folded(text)[:LONGEST], None, None, text[:LONGEST]) if text else None


def _number(value: Any) -> Fact | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return Fact(None, number, None, str(value)[:LONGEST]) if math.isfinite(number) else None


def _date(value: Any) -> Fact | None:
    """A day, or a moment; what has no zone means the installation's."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(found, date) and not isinstance(found, datetime):
            found = datetime.combine(found, clock_time())
        if not isinstance(found, datetime):
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=local(utcnow()).tzinfo)
        at = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    shown = value if isinstance(value, str) else value.isoformat()
    return Fact(None, None, at, shown[:LONGEST]) if 1 < at.year < 9999 else None
