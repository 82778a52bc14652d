"""WHERE THE RUNNING CASES OF A VERSION STAND, counted by the signature in their rows; one of each kind is read.

Rows from before there were signatures (and those of another format) are read one by one until the worker has signed
them (operations/signing.py). So are those of a class whose first case does not stand as its signature says, since
while an installation is upgraded a process of the release before may have gone on with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from service.db import db
from service.engine.change.marking import Marking, marking
from service.engine.errors import Unfit
from service.execution.signing import FORMAT, UNREADABLE, signature
from service.models import Case

Conditions = Sequence[sa.ColumnElement[bool]]  #: about rows of `case`
AT_ONCE = 500  #: rows read one by one, or named in one statement


@dataclass(frozen=True)
class Stood:
    """Running cases of one version that stand alike and have been in the same places."""

    definition_id: uuid.UUID
    signature: str
    marking: Marking | None  #: None: it cannot be read, `problem` says why
    visits: Mapping[str, int] = field(default_factory=dict)
    signed: int = 0  #: cases whose rows say so
    unsigned: tuple[uuid.UUID, ...] = ()  #: those whose rows do not
    problem: str = ""
    first: uuid.UUID | None = None  #: the oldest of them

    @property
    def cases(self) -> int:
        """How many there are."""
        return self.signed + len(self.unsigned)


def counted(definition_id: uuid.UUID, among: Conditions = ()) -> list[Stood]:
    """Where the running cases of a version stand, or those of them for which `among` holds; the commonest first."""
    running = *_running(definition_id), *among
    numbers = sa.select(Case.signature, sa.func.count()).where(*running).group_by(Case.signature)
    found: dict[str, Stood] = {}
    loose: list[str | None] = []
    for signed, number in db.session.execute(numbers):
        is_known = signed is not None and signed.startswith(FORMAT)
        first = _first(definition_id, signed, among) if signed is not None and is_known else None
        if first is None:
            loose.append(signed)
        else:
            found[first.signature] = replace(first, signed=number)
    for each in _one_by_one(definition_id, loose, among):
        known = found.get(each.signature)
        ids = (*known.unsigned, *each.unsigned) if known else each.unsigned
        found[each.signature] = replace(known or each, unsigned=ids)
    return sorted(found.values(), key=lambda each: (-each.cases, each.signature))


def knowing(
    stood: Stood, names: frozenset[str], among: Conditions = ()
) -> Iterator[tuple[frozenset[str], int, tuple[uuid.UUID, ...]]]:
    """The cases of a class by which of these variables they have: (those, how many, the unsigned ones among them)."""
    if not names:
        yield names, stood.cases, stood.unsigned
        return
    order = sorted(names)
    numbers: dict[frozenset[str], int] = {}
    ids: dict[frozenset[str], list[uuid.UUID]] = {}
    has = [has_variable(name).label(f"has_{place}") for place, name in enumerate(order)]
    alike = *_running(stood.definition_id), Case.signature == stood.signature, *among
    rows = sa.select(*has).where(*alike).subquery()
    together = sa.select(sa.func.count(), *rows.c).group_by(*rows.c)
    for number, *there in db.session.execute(together) if stood.signed else ():
        numbers[_chosen(order, there)] = number
    for start in range(0, len(stood.unsigned), AT_ONCE):
        some = stood.unsigned[start : start + AT_ONCE]
        for id_, *there in db.session.execute(sa.select(Case.id, *has).where(Case.id.in_(some))):
            ids.setdefault(_chosen(order, there), []).append(id_)
    for known in {**numbers, **ids}:
        unsigned = tuple(ids.get(known, ()))
        yield known, numbers.get(known, 0) + len(unsigned), unsigned


def rows(stood_at: uuid.UUID, signed: str, has: frozenset[str], lacks: frozenset[str]) -> sa.ColumnElement[bool]:
    """Which rows of `case` are signed so, and have and lack these variables."""
    known = [has_variable(name) for name in sorted(has)] + [sa.not_(has_variable(name)) for name in sorted(lacks)]
    return sa.and_(*_running(stood_at), Case.signature == signed, *known)


def has_variable(name: str) -> sa.ColumnElement[bool]:
    """Whether the row of a case has a variable of that name, whatever its value."""
    if db.engine.dialect.name == "sqlite":
        escaped = name.replace('"', '\\"')
        return sa.func.json_type(sa.type_coerce(Case.inline, sa.Text), f'$."{escaped}"').is_not(None)
    return Case.inline.op("->", return_type=sa.Text())(sa.literal(name, sa.String())).is_not(None)


def _chosen(names: Sequence[str], there: Sequence[bool]) -> frozenset[str]:
    return frozenset(name for name, is_there in zip(names, there, strict=True) if is_there)


def _running(definition_id: uuid.UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return Case.definition_id == definition_id, Case.closed_at.is_(None)


_STOOD = (Case.id, Case.snapshot, Case.visits)


def _first(definition_id: uuid.UUID, signed: str, among: Conditions) -> Stood | None:
    """How the oldest case with a signature stands; None where that is not what it says."""
    alike = *_running(definition_id), Case.signature == signed, *among
    wanted = sa.select(*_STOOD).where(*alike).order_by(Case.id).limit(1)
    row = db.session.execute(wanted).one_or_none()
    if row is None:
        return None
    found = _stood(definition_id, *row)
    return replace(found, unsigned=()) if found.signature == signed else None


def _one_by_one(definition_id: uuid.UUID, signatures: Sequence[str | None], among: Conditions) -> Iterator[Stood]:
    """How each of the cases with these signatures stands."""
    for signed in signatures:
        said = Case.signature.is_(None) if signed is None else Case.signature == signed
        wanted = sa.select(*_STOOD).where(*_running(definition_id), said, *among).order_by(Case.id)
        with db.session.execute(wanted.execution_options(yield_per=AT_ONCE)) as found:
            for row in found:
                yield _stood(definition_id, *row)


def _stood(definition_id: uuid.UUID, case_id: uuid.UUID, snapshot: bytes | None, visits: Mapping[str, int]) -> Stood:
    try:
        stands = marking(snapshot or b"")
    except Unfit as problem:
        return Stood(definition_id, UNREADABLE, None, {}, unsigned=(case_id,), problem=str(problem), first=case_id)
    been = visits or {}
    return Stood(definition_id, signature(stands, been), stands, been, unsigned=(case_id,), first=case_id)
