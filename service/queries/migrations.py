"""Orders to move cases to another version, and what became of each case."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import db
from service.errors import NotFound
from service.execution.definitions import deployed
from service.models import Actor, AuditEntry, Case, HumanTask, MigratedCase, Migration, Outcome, ProcessDefinition
from service.policy.permissions import Action, may
from service.queries.incidents import UNTOLD
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(Migration.id, uuid.UUID, descending=True),)
BY_CASE = (Sort(MigratedCase.case_id, uuid.UUID),)


def listed(*, case_type: str | None = None, limit: int = LIMIT, cursor: str | None = None) -> Page[Migration]:
    """Orders, the newest first; of one process, or of all."""
    versions = sa.select(ProcessDefinition.id).where(ProcessDefinition.key == case_type)
    of_type = [Migration.source_id.in_(versions)] if case_type else []
    options = [joinedload(Migration.source), joinedload(Migration.target)]
    return page(Migration, *of_type, sorts=NEWEST, limit=limit, cursor=cursor, options=options)


def get(migration_id: uuid.UUID) -> Migration:
    """The order. Raises `NotFound`."""
    found = db.session.get(Migration, migration_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found


def cases_of(
    migration: Migration, *, outcome: Outcome | None = None, limit: int = LIMIT, cursor: str | None = None
) -> Page[MigratedCase]:
    """The cases of an order, with what became of each."""
    conditions = [MigratedCase.migration_id == migration.id]
    if outcome is not None:
        conditions.append(MigratedCase.outcome == outcome)
    options = [joinedload(MigratedCase.case)]
    return page(MigratedCase, *conditions, sorts=BY_CASE, limit=limit, cursor=cursor, options=options)


@dataclass(frozen=True)
class Why:
    """Why some cases of an order stayed, and how many."""

    message: str
    element_id: str | None
    cases: int


def reasons(migration: Migration, *, most: int = 8) -> list[Why]:
    """Why cases of an order stayed, the commonest first; of restricted cases only that there are some."""
    stayed = MigratedCase.migration_id == migration.id, MigratedCase.outcome == Outcome.UNTOUCHED
    of_case = sa.select(MigratedCase.message, MigratedCase.element_id, sa.func.count().label("cases"))
    open_ones = of_case.join(Case, Case.id == MigratedCase.case_id).where(*stayed, Case.restricted.is_(False))
    commonest = open_ones.group_by(MigratedCase.message, MigratedCase.element_id).order_by(sa.desc("cases")).limit(most)
    found = [Why(row.message or "", row.element_id, row.cases) for row in db.session.execute(commonest)]
    hidden = sa.select(sa.func.count()).select_from(MigratedCase).join(Case, Case.id == MigratedCase.case_id)
    number = db.session.execute(hidden.where(*stayed, Case.restricted)).scalar_one()
    return [*found, Why(UNTOLD, None, number)] if number else found


def returns_of(migration: Migration) -> list[Migration]:
    """The orders that brought cases of this one back, the newest first."""
    wanted = sa.select(Migration).where(Migration.returns_id == migration.id).order_by(Migration.id.desc())
    return list(db.session.scalars(wanted.limit(LIMIT)))


def kept(rows: Sequence[MigratedCase]) -> frozenset[uuid.UUID]:
    """Those of the cases of one order of which it is kept how they stood before, and which are as it left them."""
    if not rows:
        return frozenset()
    wanted = sa.select(MigratedCase.case_id).join(Migration).join(Case, Case.id == MigratedCase.case_id)
    of_these = (
        MigratedCase.migration_id == rows[0].migration_id,
        MigratedCase.case_id.in_([row.case_id for row in rows]),
    )
    stands = MigratedCase.outcome == Outcome.MOVED, MigratedCase.snapshot.is_not(None), Migration.returns_id.is_(None)
    same = Case.definition_id == Migration.target_id, Case.closed_at.is_(None)
    return frozenset(db.session.scalars(wanted.where(*of_these, *stands, *same)))


def counts(migration_ids: list[uuid.UUID]) -> Mapping[uuid.UUID, Mapping[str, int]]:
    """How many cases of each order came to what."""
    wanted = sa.select(MigratedCase.migration_id, MigratedCase.outcome, sa.func.count())
    wanted = wanted.where(MigratedCase.migration_id.in_(migration_ids))
    found: dict[uuid.UUID, dict[str, int]] = {each: dict.fromkeys(map(str, Outcome), 0) for each in migration_ids}
    for order, outcome, number in db.session.execute(wanted.group_by(MigratedCase.migration_id, MigratedCase.outcome)):
        found[order][str(outcome)] = number
    return found


def running(key: str) -> Mapping[int, int]:
    """Version -> how many cases run on it, whoever may read them; the newest first, those without any left out."""
    wanted = sa.select(ProcessDefinition.version, sa.func.count()).join(
        Case, Case.definition_id == ProcessDefinition.id
    )
    of_key = wanted.where(ProcessDefinition.key == key, Case.closed_at.is_(None))
    rows = db.session.execute(of_key.group_by(ProcessDefinition.version).order_by(ProcessDefinition.version.desc()))
    return {row[0]: row[1] for row in rows}


def behind(keys: Sequence[str]) -> Mapping[str, int]:
    """Key -> how many of its cases run on another version than the newest; keys without any are left out."""
    wanted = sa.select(ProcessDefinition.key, sa.func.count()).join(Case, Case.definition_id == ProcessDefinition.id)
    others = wanted.where(
        ProcessDefinition.key.in_(keys), ProcessDefinition.latest.is_(False), Case.closed_at.is_(None)
    )
    return {row[0]: row[1] for row in db.session.execute(others.group_by(ProcessDefinition.key))}


def former_version(case: Case) -> int | None:
    """The version to which a case could be brought back, as far as rows say: it is kept how it stood there."""
    wanted = sa.select(ProcessDefinition.version).join(Migration, Migration.source_id == ProcessDefinition.id)
    moved = wanted.join(MigratedCase, MigratedCase.migration_id == Migration.id).where(
        MigratedCase.case_id == case.id,
        MigratedCase.outcome == Outcome.MOVED,
        MigratedCase.snapshot.is_not(None),
        Migration.returns_id.is_(None),
        Migration.target_id == case.definition_id,
    )
    return db.session.scalar(moved.order_by(MigratedCase.at.desc()).limit(1))


def other_version(case: Case) -> int | None:
    """The newest version besides the case's own."""
    others = ProcessDefinition.key == case.case_type, ProcessDefinition.id != case.definition_id
    number = ProcessDefinition.version
    return db.session.scalar(sa.select(number).where(*others).order_by(number.desc()).limit(1))


def moved_under(task: HumanTask) -> AuditEntry | None:
    """The entry that tells of the last move of the task's case to a version that was deployed after the task opened.

    Asks the database only where the case is of such a version.
    """
    case = task.case
    if deployed(case.definition_id).since <= task.created_at:
        return None
    moves = sa.select(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.action == "case:migrated")
    return db.session.scalars(
        moves.where(AuditEntry.at > task.created_at).order_by(AuditEntry.seq.desc()).limit(1)
    ).one_or_none()


def message(row: MigratedCase, actor: Actor) -> str | None:
    """Why a case stayed; of a restricted case only to who may read it."""
    case: Case = row.case
    hidden = row.message is not None and case.restricted and not may(actor, Action.READ_CASE, case)
    return UNTOLD if hidden else row.message
