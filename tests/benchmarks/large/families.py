"""FAMILIES: cases that belong together (parents and children, linked ones) with all their rows, as patterns.

Which rows belong to a case, foreign keys tell, so that tables of later releases are copied too; of the queue's, the
wake-ups of timers. What differs from copy to copy: ids, days, numbers, people, groups of added tasks, and the names and
numbers that people entered.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
import zstandard

from service import audit
from service.audit.cases import content_of
from service.audit.keys import canonical
from service.db import Base, Identifier, Moment, db, to_json
from service.demo.people import PEOPLE
from service.engine.limits import SNAPSHOT_BYTES
from service.execution import search
from service.models import AuditEntry, Case, CaseLink, HumanTask, Note, NoteRevision, Timer, User
from service.models.jobs import job_input, job_status
from tests.benchmarks.large.originals import POOLS
from tests.benchmarks.large.patterns import Marks, Pattern, Slots, gap, number_gap

_NAME = re.compile(r"[A-ZÀ-Ž][\w’'-]+(?: [A-ZÀ-Ž][\w’'-]+)+")
_DATE = re.compile(r"20\d\d-\d\d-\d\d")
Row = Mapping[str, Any]
CASES, AUDIT = Case.__table__, AuditEntry.__table__


@dataclass(frozen=True)
class Cell:
    """One column of a row: a constant, or a pattern, or (`raw`) the number of a value that is written as it is."""

    constant: Any = None
    pattern: Pattern | None = None
    raw: int | None = None


@dataclass
class Number:
    """A number among what people entered: how many digits it has, and how its texts (slot, pieces) are made of them.
    A piece is text, or from where to where the digits stand."""

    digits: int
    forms: list[tuple[int, list[str | tuple[int, int]]]]


@dataclass
class Family:
    """Some cases as patterns; slots are those of the list of values."""

    cases: int
    open_tasks: int
    running: int  #: cases that are not closed
    earliest: float  #: days until its first timer falls due; infinite without
    prefixes: list[str] = field(default_factory=list)  #: such as CLM-2026, one for each case with a number of its own
    slots: Slots = field(default_factory=Slots)
    ids: list[tuple[int, int, int]] = field(default_factory=list)  #: slot, slot as bytes, milliseconds since 1970
    days: list[tuple[int, int]] = field(default_factory=list)  #: slot, ordinal of the day
    joined_days: list[tuple[int, int]] = field(default_factory=list)
    moments: list[tuple[int, int]] = field(default_factory=list)  #: slot, microseconds since 1970
    milliseconds: list[tuple[int, int]] = field(default_factory=list)
    people: list[tuple[str, int, int, int]] = field(default_factory=list)  #: whom, slots: name, id, id as bytes
    groups: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)  #: of jobs
    numbers: list[tuple[int, int, int]] = field(default_factory=list)  #: as it is, folded, joined; one per prefix
    names: list[tuple[int, int, int]] = field(default_factory=list)  #: as it is, folded, as in e-mail addresses
    entered: list[Number] = field(default_factory=list)
    digests: list[tuple[int, Pattern]] = field(default_factory=list)
    snapshots: list[tuple[int, Pattern]] = field(default_factory=list)
    #: of each case: the slot of its seal, and its entries: what is hashed, and the row, of which the hash is the last
    chains: list[tuple[int, list[tuple[Pattern, list[Cell]]]]] = field(default_factory=list)
    rows: list[tuple[sa.Table, list[list[Cell]]]] = field(default_factory=list)


def all_case_ids() -> list[list[uuid.UUID]]:
    """The ids of all cases there are, family by family."""
    head: dict[uuid.UUID, uuid.UUID] = {}

    def find(each: uuid.UUID) -> uuid.UUID:
        while head.setdefault(each, each) != each:
            each = head[each]
        return each

    pairs = [*db.session.execute(sa.select(Case.id, Case.root_id))]
    pairs += db.session.execute(sa.select(CaseLink.source_id, CaseLink.target_id))
    for one, other in pairs:
        head[find(one)] = find(other)
    found: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for each in sorted(head):
        found[find(each)].append(each)
    return list(found.values())


def family_of(case_ids: Sequence[uuid.UUID], now: datetime) -> Family:
    """The patterns of these cases."""
    return _Reader(case_ids, now).family


class _Reader:
    """Reads the rows of a family and makes patterns of them."""

    def __init__(self, case_ids: Sequence[uuid.UUID], now: datetime) -> None:
        self.found, self.owned = _rows_of(case_ids)
        self.jobs = _jobs_of(self.found)
        cases, timers = self.found[CASES], self.found.get(Timer.__table__, [])
        due = [row["due_at"] for row in timers] + [_at(row["delay_until_epoch_ms"]) for row, _ in self.jobs]
        self.family = Family(
            cases=len(cases),
            open_tasks=sum(row["closed_at"] is None for row in self.found.get(HumanTask.__table__, ())),
            running=sum(row["closed_at"] is None for row in cases),
            earliest=min(((each - now).total_seconds() / 86400 for each in due), default=float("inf")),
        )
        self.slot = self.family.slots.number
        self.marks = self._marks(cases)
        self._read_chains()
        for table, rows in self.found.items():
            if table is not AUDIT:
                self.family.rows.append((table, [self._row(table, row) for row in rows]))
        self._read_jobs()
        self._note_gaps()

    def _marks(self, cases: Sequence[Row]) -> Marks:
        whole, parts = {group: gap(f"group:{group}") for group in POOLS}, {}
        whole |= {f"group:{group}": f"group:{gap(f'group:{group}')}" for group in POOLS}
        known = sa.select(User.id, User.name).where(User.name.in_(PEOPLE), User.name != "admin")
        self.users = {row.id: row.name for row in db.session.execute(known)}
        for id_, name in self.users.items():
            whole |= {name: gap(f"name:{name}"), f"user:{name}": f"user:{gap(f'name:{name}')}"}
            parts |= {f"@{name}": f"@{gap(f'name:{name}')}", str(id_): gap(f"user:{name}")}
        parts |= {str(each): gap(f"id:{each}") for ids in self.owned.values() for each in ids}
        for number in sorted({row["number"].partition(".")[0] for row in cases}):
            self.family.prefixes.append(number.rpartition("-")[0])
            forms = number, search.folded(number), search.wanted(number)[1]
            self.family.numbers.append(self._forms(parts, "number", forms))
        for row in cases:
            self._entered(parts, row["variables"])
        whole |= self._digests(whole, parts)
        return Marks(whole, parts)

    def _forms(self, parts: dict[str, str], kind: str, forms: Sequence[str]) -> tuple[int, ...]:
        """Gaps for each way to write something; their slots."""
        names = [f"{kind}:{form}:{index}" for index, form in enumerate(forms)]
        for form, name in zip(forms, names, strict=True):
            parts.setdefault(form, gap(name))
        return tuple(self.slot(name) for name in names)

    def _entered(self, parts: dict[str, str], value: Any) -> None:
        """What people entered and would be another's in another case: names, and numbers such as a policy's."""
        if isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                self._entered(parts, each)
        elif isinstance(value, str) and value not in parts and len(value) <= 40:
            if _NAME.fullmatch(value):
                folded = search.folded(value)
                self.family.names.append(self._forms(parts, "entered", (value, folded, folded.replace(" ", "."))))
            elif _DATE.match(value):
                day, joined = value[:10], value[:10].replace("-", "")
                parts.setdefault(joined, gap(f"joined:{day}"))
            elif len(value) > 4 and sum(each.isdecimal() for each in value) * 2 >= len(value):
                forms = [value, search.folded(value), search.wanted(value)[1]]
                forms = [form for form in dict.fromkeys(forms) if form]
                slots = self._forms(parts, "entered", forms)
                digits = sum(each.isdecimal() for each in value)
                self.family.entered.append(Number(digits, [*zip(slots, map(_pieces, forms), strict=True)]))

    def _digests(self, whole: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, str]:
        """The audit knows notes by their digests."""
        marks, found = Marks(whole, parts), {}
        for table in (Note.__table__, NoteRevision.__table__):
            for row in self.found.get(table, ()):
                digest = audit.digest_of(row["text"])
                found[digest] = gap(f"digest:{digest}")
                pattern = self.family.slots.pattern(marks.text(row["text"]))
                self.family.digests.append((self.slot(f"digest:{digest}"), pattern))
        return found

    def _read_chains(self) -> None:
        entries: dict[uuid.UUID, list[Row]] = defaultdict(list)
        for row in self.found.get(AUDIT, ()):
            entries[row["case_id"]].append(row)
        for case_id, rows in entries.items():
            chain = [
                (self._hashed(row), self._row(AUDIT, row)[:-1]) for row in sorted(rows, key=lambda row: row["seq"])
            ]
            self.family.chains.append((self.slot(f"seal:{case_id}"), chain))

    def _hashed(self, row: Row) -> Pattern:
        """What an entry's hash is over."""
        content = content_of(AuditEntry(**row))
        content[2] = number_gap(f"us:{content[2]}")
        return self.family.slots.pattern(canonical([self.marks.value(each) for each in content]).decode())

    def _row(self, table: sa.Table, row: Row) -> list[Cell]:
        return [self._cell(column, row) for column in columns_of(table)]

    def _cell(self, column: sa.Column[Any], row: Row) -> Cell:
        value, own = row[column.name], column.table
        if value is None:
            return Cell()
        if isinstance(column.type, Identifier) and isinstance(value, uuid.UUID):
            if value in self.users:
                return Cell(raw=self.slot(f"raw user:{self.users[value]}"))
            is_ours = any(value in ids for ids in self.owned.values())
            return Cell(raw=self.slot(f"raw id:{value}")) if is_ours else Cell(value)
        if isinstance(column.type, Moment):
            micro = round(value.timestamp() * 1_000_000)
            if db.engine.dialect.name == "sqlite":
                return Cell(raw=self.slot(f"us:{micro}"))
            return Cell(pattern=self.family.slots.pattern(self.marks.text(value.isoformat(" "))))
        if own is CASES and column.name == "audit_hash":
            return Cell(raw=self.slot(f"seal:{row['id']}"))
        if own is CASES and column.name == "snapshot":
            return self._snapshot(row)
        if isinstance(column.type, sa.JSON):
            return Cell(pattern=self.family.slots.pattern(to_json(self.marks.value(value))))
        if isinstance(value, str):
            return Cell(pattern=self.family.slots.pattern(self.marks.text(str(value))))
        return Cell(value)

    def _snapshot(self, case: Row) -> Cell:
        text = zstandard.decompress(case["snapshot"], max_output_size=SNAPSHOT_BYTES).decode("utf-8", "surrogatepass")
        marked = json.dumps(self.marks.value(json.loads(text)), separators=(",", ":"), ensure_ascii=False)
        slot = self.slot(f"snapshot:{case['id']}")
        self.family.snapshots.append((slot, self.family.slots.pattern(marked)))
        return Cell(raw=slot)

    def _read_jobs(self) -> None:
        of_status, of_input = _dbos_table(job_status.name), _dbos_table(job_input.name)
        statuses, inputs = [], []
        for status, input_ in self.jobs:
            key = self.marks.text(status["workflow_uuid"])
            if key == status["workflow_uuid"]:
                key = gap(f"key:{key}")
            known = Cell(pattern=self.family.slots.pattern(key))
            delay = Cell(raw=self.slot(f"ms:{status['delay_until_epoch_ms']}"))
            own = {"workflow_uuid": known, "delay_until_epoch_ms": delay}
            statuses.append([own.get(each.name) or self._cell(each, status) for each in columns_of(of_status)])
            inputs.append([own.get(each.name) or self._cell(each, input_) for each in columns_of(of_input)])
        self.family.rows += [(of_status, statuses), (of_input, inputs)]

    def _note_gaps(self) -> None:
        """What the gaps are, by their names."""
        family, times = self.family, self._times()
        for name, slot in [*family.slots.numbers.items()]:
            kind, _, rest = name.partition(":")
            if kind in ("day", "joined"):
                (family.days if kind == "day" else family.joined_days).append(
                    (slot, date.fromisoformat(rest).toordinal())
                )
            elif kind in ("us", "ms"):
                (family.moments if kind == "us" else family.milliseconds).append((slot, int(rest)))
            elif kind == "group":
                family.groups.append(slot)
            elif kind == "key":
                family.keys.append(slot)
        for name in self.users.values():
            slots = [self.slot(f"{kind}:{name}") for kind in ("name", "user", "raw user")]
            family.people.append((name, *slots))
        for each in sorted({id_ for ids in self.owned.values() for id_ in ids}):
            family.ids.append((self.slot(f"id:{each}"), self.slot(f"raw id:{each}"), times[each]))

    def _times(self) -> dict[uuid.UUID, int]:
        """When each row with an id was made, in milliseconds: that is in its id."""
        opened = {row["id"]: row["created_at"] for row in self.found[CASES]}
        first = min(opened.values())
        return {
            row["id"]: round((row.get("created_at") or opened.get(row.get("case_id")) or first).timestamp() * 1000)
            for table, ids in self.owned.items()
            for row in self.found[table]
        }


def _rows_of(case_ids: Sequence[uuid.UUID]) -> tuple[dict[sa.Table, list[Row]], dict[sa.Table, set[uuid.UUID]]]:
    """All rows of these cases, by table, the referred ones first; and the ids among them that are copied."""
    found: dict[sa.Table, list[Row]] = {CASES: _select(CASES, CASES.c.id.in_(case_ids))}
    owned: dict[sa.Table, set[uuid.UUID]] = {CASES: set(case_ids)}
    for table in Base.metadata.sorted_tables:
        refers = [
            key.parent.in_(owned[key.column.table])
            for key in table.foreign_keys
            if key.column.table in owned and key.column.table is not table
        ]
        if table in found or not refers:
            continue
        rows = _select(table, sa.or_(*refers))
        if rows:
            found[table] = rows
            if "id" in table.primary_key.columns and isinstance(table.c.id.type, Identifier):
                owned[table] = {row["id"] for row in rows}
    return found, owned


def _select(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> list[Row]:
    chosen = sa.select(table).where(*conditions).order_by(*table.primary_key.columns)
    return [dict(row) for row in _execute(chosen).mappings()]


def _execute(statement: sa.Executable) -> sa.Result[Any]:
    return db.session.execute(statement)


def _jobs_of(found: Mapping[sa.Table, Sequence[Row]]) -> list[tuple[Row, Row]]:
    """The delayed jobs of these cases, with their inputs; without those of timers that are no more."""
    statuses, inputs = _dbos_table(job_status.name), _dbos_table(job_input.name)
    roots = {str(row["root_id"]) for row in found[CASES]}
    chosen = sa.select(statuses).where(statuses.c.status == "DELAYED", statuses.c.queue_partition_key.in_(roots))
    armed = {f"timer:{row['id']}:{row['seq']}" for row in found.get(Timer.__table__, ())}
    of_jobs = [dict(row) for row in _execute(chosen).mappings()]
    of_jobs = [row for row in of_jobs if row["workflow_uuid"] in armed or not row["workflow_uuid"].startswith("timer:")]
    wanted = inputs.c.workflow_uuid.in_([row["workflow_uuid"] for row in of_jobs])
    by_job = {row["workflow_uuid"]: dict(row) for row in _execute(sa.select(inputs).where(wanted)).mappings()}
    return [(row, by_job[row["workflow_uuid"]]) for row in of_jobs]


_reflected: dict[tuple[str, str], sa.Table] = {}


def _dbos_table(name: str) -> sa.Table:
    """One of the queue's tables with all its columns, as this version of DBOS has it."""
    dialect = db.engine.dialect.name
    if (dialect, name) not in _reflected:
        schema = None if dialect == "sqlite" else "dbos"
        _reflected[dialect, name] = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=db.session.connection())
    return _reflected[dialect, name]


def columns_of(table: sa.Table) -> list[sa.Column[Any]]:
    """A table's columns, as they are written; an audit entry's hash as the last."""
    return sorted(table.columns, key=lambda column: table is AUDIT and column.name == "hash")


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _pieces(text: str) -> list[str | tuple[int, int]]:
    pieces: list[str | tuple[int, int]] = []
    at = 0
    for piece in re.split(r"(\d+)", text):
        if piece.isdecimal():
            pieces.append((at, at + len(piece)))
            at += len(piece)
        elif piece:
            pieces.append(piece)
    return pieces
