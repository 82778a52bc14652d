"""What the rows say now, beside what the audit trail says of them: who can write to the database changes a variable, a
note or a right without an entry. `audit.verify` holds the entries themselves against their key.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from service import audit
from service.audit.verification import ENTRIES as AT_ONCE
from service.audit.verification import INSTALLATION, Break, Reached, ranges
from service.db import Identifier, db
from service.engine.definition import Element
from service.execution import variables
from service.models import ApiToken, AuditEntry, Case, HumanTask, InstallationEntry, Note, NoteRevision, User
from service.queries import moments

SHOWN = 8  #: variables that are named
LOOKS = 5  #: at a case that people change meanwhile
LENGTH = len(str(uuid.UUID(int=0)))


_CASES = sa.select(
    Case.id,
    Case.number,
    Case.definition_id,
    Case.state,
    Case.stage,
    Case.inline,
    Case.apart,
    Case.audit_seq,
    Case.version,
)
_VERSION = sa.select(Case.version).where(Case.id == sa.bindparam("case", type_=Identifier))
_OF_ENTRY = (
    AuditEntry.case_id,
    AuditEntry.seq,
    AuditEntry.at,
    AuditEntry.actor,
    AuditEntry.action,
    AuditEntry.element_id,
)
_ENTRIES = (
    sa.select(*_OF_ENTRY, sa.cast(AuditEntry.details, sa.Text).label("details"))
    .where(AuditEntry.case_id.between(sa.bindparam("first", type_=Identifier), sa.bindparam("last", type_=Identifier)))
    .order_by(AuditEntry.case_id, AuditEntry.seq)
    .execution_options(yield_per=AT_ONCE)
)


def differences(*, after: uuid.UUID | None = None, reached: Reached | None = None) -> Iterator[Break]:
    """Each case and person whose rows say something else than the last entries about them.

    `after` and `reached`: as `audit.verify` has them, of cases.
    """
    for first, last, more in ranges(after):
        yield from _of_cases(first, last)
        if more and reached:
            reached(last)
    yield from _of_people()


def _of_cases(first: uuid.UUID, last: uuid.UUID, looks: int = LOOKS) -> Iterator[Break]:
    """What is not so in the cases from one to the other. One that has gone on meanwhile is looked at again."""
    cases = {row.id: row for row in db.session.execute(_CASES.where(Case.id.between(first, last)))}
    open_tasks, notes = _open_tasks(first, last), _notes(first, last)
    for case_id, told in _replayed(cases, first, last):
        case = cases[case_id]
        found = [
            *_of_case(case, told.moment),
            *_of_tasks(open_tasks[case_id], told.moment),
            *_of_notes(notes[case_id], told.notes),
        ]
        if found and looks > 1 and db.session.scalar(_VERSION, {"case": case_id}) != case.version:
            yield from _of_cases(case_id, case_id, looks - 1)
        else:
            yield from (Break(case.number, told.moment.seq, what) for what in found)


@dataclass
class _Told:
    """What the entries of one case say."""

    moment: moments.Moment
    notes: dict[str, list[str]] = field(default_factory=dict)  #: the digests of what each said, by its id


def _replayed(
    cases: Mapping[uuid.UUID, sa.Row[Any]], first: uuid.UUID, last: uuid.UUID
) -> Iterator[tuple[uuid.UUID, _Told]]:
    """What the entries of each of these cases say that has any; some of them in memory at once, however many it has."""
    told: _Told | None = None
    case_id: uuid.UUID | None = None
    elements: Mapping[str, Element] = {}
    begun = _versions_at_first(first, last)
    for part in db.session.execute(_ENTRIES, {"first": first, "last": last}).partitions():
        entries = [_Entry(*row[:-1], json.loads(row.details) if row.details else None) for row in part]
        activities = _activities(entries)
        for entry in entries:
            if entry.case_id not in cases or entry.seq > cases[entry.case_id].audit_seq:
                continue  # written since its case was read
            if told is None or entry.case_id != case_id:
                if case_id and told:
                    yield case_id, told
                case_id, told = entry.case_id, _Told(moments.Moment(entry.seq, entry.at))
                elements = moments.elements_of(cases[case_id].definition_id, begun.get(case_id))
            if entry.action in moments.MOVES:
                elements = moments.elements_of(cases[case_id].definition_id, (entry.details or {})["to"])
            _tell(told, entry, elements, activities)
    if case_id and told:
        yield case_id, told


def _versions_at_first(first: uuid.UUID, last: uuid.UUID) -> Mapping[uuid.UUID, int]:
    """Of the cases that were moved to another version: which one they began with."""
    moved = sa.select(AuditEntry.case_id, AuditEntry.details).where(
        AuditEntry.case_id.between(first, last), AuditEntry.action.in_(moments.MOVES)
    )
    found: dict[uuid.UUID, int] = {}
    for row in db.session.execute(moved.order_by(AuditEntry.case_id, AuditEntry.seq)):
        found.setdefault(row.case_id, (row.details or {})["from"])
    return found


class _Entry(NamedTuple):
    case_id: uuid.UUID
    seq: int
    at: datetime
    actor: str
    action: str
    element_id: str | None
    details: Any


def _tell(told: _Told, entry: Any, elements: Mapping[str, Element], activities: Mapping[str, str]) -> None:
    moments.go_on(told.moment, entry, elements, activities)
    if entry.action.startswith("note:") and "text" in (entry.details or {}):
        told.notes.setdefault(entry.details["note"], []).append(entry.details["text"])


def _activities(entries: Iterable[_Entry]) -> Mapping[str, str]:
    """The activities of the tasks that these entries name; of one that nobody drew, its id."""
    said = [entry.details for entry in entries if entry.details]
    named = {str(each.get("task")) for each in said} | {task for each in said for task in each.get("released") or ()}
    ids = [uuid.UUID(each) for each in named if len(each) == LENGTH]
    rows = db.session.execute(sa.select(HumanTask.id, HumanTask.activity_id).where(HumanTask.id.in_(ids)))
    return {str(row.id): row.activity_id or str(row.id) for row in rows}


def _open_tasks(first: uuid.UUID, last: uuid.UUID) -> Mapping[uuid.UUID, Sequence[sa.Row[Any]]]:
    """The open tasks of the cases from one to the other, by case."""
    columns = HumanTask.case_id, HumanTask.id, HumanTask.activity_id, HumanTask.name, HumanTask.assignee
    chosen = sa.select(*columns).where(HumanTask.case_id.between(first, last), HumanTask.closed_at.is_(None))
    return _by_case(db.session.execute(chosen))


def _notes(first: uuid.UUID, last: uuid.UUID) -> Mapping[uuid.UUID, Sequence[sa.Row[Any]]]:
    """Whose notes there are, by case; what they say is read where entries speak of them."""
    return _by_case(db.session.execute(sa.select(Note.case_id, Note.id).where(Note.case_id.between(first, last))))


def _by_case(rows: Iterable[sa.Row[Any]]) -> Mapping[uuid.UUID, Sequence[sa.Row[Any]]]:
    found: dict[uuid.UUID, list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.case_id].append(row)
    return found


def _of_case(case: sa.Row[Any], moment: moments.Moment) -> Iterator[str]:
    known = variables.read(case.inline, case.apart)
    if moment.variables != known:
        names = {*moment.variables, *known}
        other = sorted(name for name in names if moment.variables.get(name) != known.get(name))
        yield f"variables are not what they were set to: {', '.join(other[:SHOWN])}"
    if moment.state != case.state:
        yield f"it is {case.state.value}, and was made {moment.state.value}"
    if moment.stage != case.stage:
        yield f"it stands in the stage {case.stage}, and was last in {moment.stage}"


def _of_tasks(open_tasks: Sequence[sa.Row[Any]], moment: moments.Moment) -> Iterator[str]:
    then = {activity: task.assignee for activity, task in moment.tasks.items()}
    there = {row.activity_id or str(row.id): row for row in open_tasks}
    for activity, row in there.items():
        if activity not in then:
            yield f"the task “{row.name}” is open, and no entry opened it"
        elif then[activity] != row.assignee:
            yield f"the task “{row.name}” is {row.assignee or 'nobody'}'s, and was {then[activity] or 'nobody'}'s"
    if gone := len(then.keys() - there.keys()):
        yield f"{gone} open tasks are gone"


def _of_notes(there: Sequence[sa.Row[Any]], said: dict[str, list[str]]) -> Iterator[str]:
    for note_id in [row.id for row in there] if said else ():
        digests = said.pop(str(note_id), None)
        if digests is None:
            continue  # from before entries said what notes say
        former = sa.select(NoteRevision.text).where(NoteRevision.note_id == note_id).order_by(NoteRevision.number)
        text = db.session.execute(sa.select(Note.text).where(Note.id == note_id)).scalar_one_or_none() or ""
        now = [audit.digest_of(each) for each in (*db.session.scalars(former), text)]
        if now[-len(digests) :] != digests:
            yield "a note does not say what was written"
    if said:
        yield f"{len(said)} notes are gone"


def _of_people() -> Iterator[Break]:
    """Administrators whom nobody made one, and tokens that nobody issued: whoever can write a row gives these first."""
    told = sa.select(InstallationEntry.action, InstallationEntry.subject, InstallationEntry.details)
    admins: dict[str | None, bool] = {}
    tokens: set[str] = set()
    for action, subject, details in db.session.execute(told.order_by(InstallationEntry.seq)):
        said: Mapping[str, Any] = details or {}
        if "admin" in said and action.startswith("user:"):
            admins[subject] = said["admin"]
        elif action == "audit:began":
            admins |= dict.fromkeys(said["admins"], True)
            tokens |= set(said["tokens"])
        elif action == "token:issued":
            tokens.add(said["id"])
    for name in db.session.scalars(sa.select(User.name).where(User.is_admin).order_by(User.name)):
        if not admins.get(name):
            yield Break(INSTALLATION, 0, f"{name} is an administrator, and nobody made them one")
    for token_id, name in db.session.execute(sa.select(ApiToken.id, ApiToken.name).order_by(ApiToken.id)):
        if str(token_id) not in tokens:
            yield Break(INSTALLATION, 0, f"the token “{name}” was issued by nobody")
