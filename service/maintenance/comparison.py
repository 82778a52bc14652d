"""What the rows say now, beside what the audit trail says of them: who can write to the database changes a variable, a
note or a right without an entry. `audit.verify` holds the entries themselves against their key.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from service import audit
from service.audit.verification import INSTALLATION, Break, entries_of
from service.db import db
from service.models import ApiToken, Case, HumanTask, InstallationEntry, Note, NoteRevision, User
from service.queries import moments

SHOWN = 8  #: variables that are named


def differences() -> Iterator[Break]:
    """Each case and person whose rows say something else than the last entries about them."""
    columns = Case.id, Case.number, Case.definition_id, Case.state, Case.stage, Case.marked, Case.variables
    for case in db.session.execute(sa.select(*columns).execution_options(yield_per=200)):
        entries = entries_of(case.id).all()
        if entries:
            moment = _last(case, entries)
            told = [*_of_case(case, moment), *_of_tasks(case.id, moment), *_of_notes(case.id, entries)]
            yield from (Break(case.number, entries[-1].seq, what) for what in told)
    yield from _of_people()


def _of_case(case: sa.Row[Any], moment: moments.Moment) -> Iterator[str]:
    if moment.variables != case.variables:
        names = {*moment.variables, *case.variables}
        other = sorted(name for name in names if moment.variables.get(name) != case.variables.get(name))
        yield f"variables are not what they were set to: {', '.join(other[:SHOWN])}"
    if moment.state != case.state:
        yield f"it is {case.state.value}, and was made {moment.state.value}"
    if moment.stage != case.stage:
        yield f"it stands in the stage {case.stage}, and was last in {moment.stage}"


def _last(case: sa.Row[Any], entries: Sequence[sa.Row[Any]]) -> moments.Moment:
    rows = db.session.execute(sa.select(HumanTask.id, HumanTask.activity_id).where(HumanTask.case_id == case.id))
    activities = {str(row.id): row.activity_id or str(row.id) for row in rows}
    return moments.replay(entries, case.definition_id, activities)


def _of_tasks(case_id: uuid.UUID, moment: moments.Moment) -> Iterator[str]:
    then = {activity: task.assignee for activity, task in moment.tasks.items()}
    tasks = sa.select(HumanTask.id, HumanTask.activity_id, HumanTask.name, HumanTask.assignee)
    open_ones = tasks.where(HumanTask.case_id == case_id, HumanTask.closed_at.is_(None))
    there = {row.activity_id or str(row.id): row for row in db.session.execute(open_ones)}
    for activity, row in there.items():
        if activity not in then:
            yield f"the task “{row.name}” is open, and no entry opened it"
        elif then[activity] != row.assignee:
            yield f"the task “{row.name}” is {row.assignee or 'nobody'}'s, and was {then[activity] or 'nobody'}'s"
    if gone := len(then.keys() - there.keys()):
        yield f"{gone} open tasks are gone"


def _of_notes(case_id: uuid.UUID, entries: Sequence[sa.Row[Any]]) -> Iterator[str]:
    said: dict[str, list[str]] = {}
    for entry in entries:
        if entry.action.startswith("note:") and "text" in (entry.details or {}):
            said.setdefault(entry.details["note"], []).append(entry.details["text"])
    notes = sa.select(Note.id, Note.text).where(Note.case_id == case_id)
    for note_id, text in db.session.execute(notes) if said else ():
        digests = said.pop(str(note_id), None)
        if digests is None:
            continue  # from before entries said what notes say
        former = sa.select(NoteRevision.text).where(NoteRevision.note_id == note_id).order_by(NoteRevision.number)
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
