"""Who can write to the database changes what happened: `casewright audit verify` says where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from service import cli
from service.cli import inspecting
from service.db import db
from service.models import AuditEntry, Case
from service.operations import cases
from tests.api.conftest import Office


@pytest.fixture
def verify(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Result]:
    """The command, on the test's database."""

    @contextmanager
    def here() -> Iterator[Flask]:
        yield app

    monkeypatch.setattr(inspecting, "application", here)
    return lambda: CliRunner().invoke(cli.main, ["audit", "verify"])


@pytest.fixture
def told(office: Office) -> Case:
    """A case of six entries, beside another one that nobody touches."""
    office.open_case()
    case = db.session.get_one(Case, UUID(office.open_case()))
    for priority in (10, 20, 30, 40, 60):
        cases.change(case, by=office.ann, priority=priority)
    db.session.commit()
    return case


def at(case: Case, seq: int) -> sa.ColumnElement[bool]:
    return sa.and_(AuditEntry.case_id == case.id, AuditEntry.seq == seq)


def move(case: Case, seq: int, to: int) -> None:
    db.session.execute(sa.update(AuditEntry).where(at(case, seq)).values(seq=to))


def change(case: Case) -> int:
    db.session.execute(sa.update(AuditEntry).where(at(case, 3)).values(details={"priority": [20, 99]}))
    return 3


def change_who(case: Case) -> int:
    db.session.execute(sa.update(AuditEntry).where(at(case, 2)).values(actor="ben"))
    return 2


def change_when(case: Case) -> int:
    later = db.session.get_one(AuditEntry, (case.id, 6)).at
    db.session.execute(sa.update(AuditEntry).where(at(case, 4)).values(at=later))
    return 4


def delete(case: Case) -> int:
    db.session.execute(sa.delete(AuditEntry).where(at(case, 3)))
    return 3


def delete_and_close_the_gap(case: Case) -> int:
    delete(case)
    for seq in (4, 5, 6):
        move(case, seq, seq - 1)
    return 3


def insert(case: Case) -> int:
    for seq in (6, 5, 4):
        move(case, seq, seq + 1)
    copied = [getattr(AuditEntry, name) for name in ("case_id", "at", "actor", "action", "details", "hash")]
    chosen = sa.select(sa.literal(4), *copied).where(at(case, 3))
    db.session.execute(sa.insert(AuditEntry).from_select(["seq", *(column.key for column in copied)], chosen))
    return 4


def append(case: Case) -> int:
    insert_at_end = {"case_id": case.id, "seq": 7, "actor": "ann", "action": "case:closed", "hash": b"x" * 32}
    db.session.execute(sa.insert(AuditEntry).values(at=case.created_at, **insert_at_end))
    return 7


def reorder(case: Case) -> int:
    for seq, to in ((3, 103), (4, 3), (103, 4)):
        move(case, seq, to)
    return 3


def truncate(case: Case) -> int:
    db.session.execute(sa.delete(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.seq > 4))
    return 5


def empty(case: Case) -> int:
    db.session.execute(sa.delete(AuditEntry).where(AuditEntry.case_id == case.id))
    return 1


MANIPULATIONS = (
    change, change_who, change_when, delete, delete_and_close_the_gap, insert, append, reorder, truncate, empty,
)  # fmt: skip


@pytest.mark.parametrize("manipulate", MANIPULATIONS, ids=lambda each: each.__name__)
def test_each_manipulation_is_found_at_the_first_bad_entry(
    told: Case, verify: Callable[[], Result], manipulate: Callable[[Case], int]
) -> None:
    untouched = verify()

    seq = manipulate(told)
    db.session.flush()
    db.session.expire_all()
    found = verify()

    assert (untouched.exit_code, untouched.stdout) == (0, "Every chain holds.\n")
    assert found.exit_code == 1
    [line] = found.stderr.splitlines()
    assert line.startswith(f"{told.number}: ")
    assert str(seq) in line.removeprefix(told.number)
