"""Rows written and read the short way are those that the ORM would have written and read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask_sqlalchemy.session import Session
from sqlalchemy.orm import undefer
from sqlalchemy.orm.exc import StaleDataError

from service.db import Base, Statement, db, rows, utcnow
from service.db import session as sessions
from service.models import (
    Actor,
    AuditEntry,
    Case,
    CaseRole,
    CaseState,
    HumanTask,
    Membership,
    ProcessDefinition,
    TaskCandidate,
    TaskState,
    User,
)
from service.models.tasks import NEVER

ONE = rows.Query([Case], lambda select: select.where(Case.id == sa.bindparam("case_id")))
SOME = rows.Query([[Case.number, Case.version]], lambda select: select.where(Case.id == sa.bindparam("case_id")))


def key(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def made(definition: ProcessDefinition, number: int = 1) -> Case:
    """A case whose columns are set, unset, or left to their defaults."""
    return Case(
        id=key(number), number=f"N-{number}", case_type="loan", definition_id=definition.id, title="É\u2028",
        state=CaseState.ACTIVE, created_by="ann", root_id=key(number), inline={"a": [1, None, 2**70]}, reason=None,
        snapshot=b"\x00\xff", due_at=utcnow() + timedelta(days=1), parent_id=key(number - 1) if number > 1 else None,
    )  # fmt: skip


def a_life(definition: ProcessDefinition) -> None:
    """What happens to rows: they are added in any order, changed, changed back, and changed to nothing."""
    task = HumanTask(id=key(7), case_id=key(1), element_id="A", name="A", state=TaskState.READY, checklist=[{"x": 1}])
    beside = {"free": True, "rank": -50, "due": NEVER}
    db.session.add_all([TaskCandidate(task_id=key(7), principal=f"group:{each}", **beside) for each in "ab"])
    db.session.add(task)
    db.session.add(AuditEntry(case_id=key(1), seq=1, at=utcnow(), actor="ann", action="x", hash=b"h", details={}))
    first, second = made(definition), made(definition, 2)
    db.session.add_all([first, second, CaseRole(case_id=key(1), role="r", principal="p", access="read", bound_by="a")])
    db.session.flush()
    task.state, task.assignee, task.checklist = TaskState.RESERVED, "ann", None
    first.title, first.inline = "changed", {"a": 1, "b": {"ü": True}}
    second.title, second.title = "other", "É\u2028"
    db.session.flush()
    first.due_at, first.snapshot, first.reason = None, None, "because"
    db.session.commit()


def contents() -> dict[str, list[tuple[Any, ...]]]:
    tables = [
        Base.metadata.tables[each] for each in ("case", "human_task", "task_candidate", "case_role", "audit_entry")
    ]
    return {
        table.name: sorted(map(tuple, db.session.execute(sa.select(table))), key=lambda row: tuple(map(str, row)))
        for table in tables
    }


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the ORM write from here on."""
    return lambda: monkeypatch.setattr(sessions.OneDatabase, "flush", Session.flush)


def test_the_same_rows_are_written(loan: ProcessDefinition, slowly: Callable[[], None]) -> None:
    with time_machine.travel("2026-03-01T09:00:00Z", tick=False):
        a_life(loan)
        short = contents()
        for name in ("audit_entry", "task_candidate", "case_role", "human_task"):
            db.session.execute(sa.delete(Base.metadata.tables[name]))
        db.session.execute(sa.delete(Case))
        db.session.commit()
        slowly()
        a_life(loan)

    assert contents() == short
    assert {name: len(found) for name, found in short.items()} == {
        "case": 2, "human_task": 1, "task_candidate": 2, "case_role": 1, "audit_entry": 1,
    }  # fmt: skip


def test_the_same_objects_are_read(loan: ProcessDefinition) -> None:
    a_life(loan)
    db.session.expunge_all()
    [short] = ONE.one_or_none(db.session(), case_id=key(1)) or ()
    values = {each.key: getattr(short, each.key) for each in sa.inspect(Case).column_attrs}
    db.session.expunge_all()

    whole = db.session.get_one(Case, key(1), options=[undefer(Case.snapshot), undefer(Case.search_text)])

    assert values == {each.key: getattr(whole, each.key) for each in sa.inspect(Case).column_attrs}


def test_an_object_that_is_known_is_read_again(loan: ProcessDefinition) -> None:
    a_life(loan)
    known = db.session.get_one(Case, key(1))
    db.session.execute(
        sa.update(Case).where(Case.id == key(1)).values(title="new"), execution_options={"synchronize_session": False}
    )

    [found] = ONE.one_or_none(db.session(), case_id=key(1)) or ()

    assert found is known and known.title == "new"
    assert ONE.one_or_none(db.session(), case_id=key(99)) is None


def test_what_was_not_read_is_read_when_it_is_asked_for(loan: ProcessDefinition) -> None:
    a_life(loan)
    db.session.expunge_all()

    [found] = SOME.one_or_none(db.session(), case_id=key(1)) or ()

    assert found.number == "N-1"
    assert found.title == "changed"
    assert found.inline == {"a": 1, "b": {"ü": True}}
    assert found.definition.key == "loan"


def test_two_who_write_one_row_are_one_too_many(loan: ProcessDefinition) -> None:
    a_life(loan)
    case = db.session.get_one(Case, key(1))
    case.title = "mine"
    table = Base.metadata.tables["case"]
    db.session.execute(sa.update(table).where(table.c.id == key(1)).values(version=table.c.version + 1))

    with pytest.raises(StaleDataError):
        db.session.flush()
    db.session.rollback()

    assert db.session.get_one(Case, key(1)).title == "changed"


def test_what_was_rolled_back_was_never_there(loan: ProcessDefinition) -> None:
    a_life(loan)
    case, another = db.session.get_one(Case, key(1)), made(loan, 3)
    case.title = "mine"
    db.session.add(another)
    db.session.flush()
    version = case.version
    db.session.rollback()

    assert case.title == "changed" and case.version == version - 1
    assert another not in db.session


def test_a_row_that_is_refused_ends_the_transaction(loan: ProcessDefinition) -> None:
    a_life(loan)
    twin = made(loan, 4)
    twin.number = "N-1"
    db.session.add(twin)

    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()
    db.session.rollback()

    assert db.session.get_one(Case, key(1)).number == "N-1"
    assert twin not in db.session


def test_what_is_refused_while_it_is_committed_ends_the_transaction_too(loan: ProcessDefinition) -> None:
    a_life(loan)
    twin = made(loan, 4)
    twin.number = "N-1"
    db.session.add(twin)

    with pytest.raises(sa.exc.IntegrityError):
        db.session.commit()
    db.session.rollback()

    assert twin not in db.session


def test_within_a_savepoint_only_its_own_is_taken_back(loan: ProcessDefinition) -> None:
    a_life(loan)
    db.session.get_one(Case, key(2)).title = "kept"
    db.session.flush()
    twin = made(loan, 4)
    twin.number = "N-1"

    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        db.session.add(twin)
    db.session.commit()

    assert db.session.get_one(Case, key(2)).title == "kept"


def test_what_was_forgotten_and_is_changed_before_it_is_read_again(loan: ProcessDefinition) -> None:
    a_life(loan)
    case = db.session.get_one(Case, key(1))
    version = case.version
    db.session.expire_all()

    case.title = "mine"
    db.session.commit()

    assert (case.title, case.version) == ("mine", version + 1)


def test_relationships_are_written_by_the_orm(
    app: Flask, person: Callable[..., Actor], loan: ProcessDefinition
) -> None:
    ann = person("ann", "clerks")
    user = db.session.get_one(User, ann.id)
    user.memberships.clear()
    case = made(loan)
    case.owner = user
    db.session.add(case)
    db.session.commit()

    assert db.session.scalars(sa.select(Membership)).all() == []
    assert db.session.get_one(Case, key(1)).owner_id == ann.id


def test_values_that_the_database_works_out_are_written_by_the_orm(loan: ProcessDefinition) -> None:
    a_life(loan)
    case = db.session.get_one(Case, key(1))
    case.priority = Case.priority + 7
    db.session.commit()

    assert case.priority == 57


def test_what_the_driver_refuses_is_told_as_sqlalchemy_does(loan: ProcessDefinition) -> None:
    a_life(loan)
    table = Base.metadata.tables["case_role"]
    again = Statement(sa.insert(table), [column.name for column in table.columns])
    heard: list[str] = []

    def listen(*said: Any) -> None:
        heard.append(said[2])

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    row = {"case_id": key(1), "role": "r", "principal": "p", "access": "read", "bound_by": "a", "bound_at": utcnow()}

    with pytest.raises(sa.exc.IntegrityError) as refused:
        again.run(db.session.connection(), row)
    db.session.rollback()
    with pytest.raises(sa.exc.StatementError, match="has no time zone"):
        again.run(db.session.connection(), row | {"bound_at": datetime(2026, 3, 1)})

    sa.event.remove(db.engine, "before_cursor_execute", listen)
    assert [text for text in heard if text.startswith("INSERT INTO case_role")]
    assert "'p'" not in str(refused.value)  # what people entered is not told


def test_a_statement_may_hold_constants(loan: ProcessDefinition) -> None:
    a_life(loan)
    reserved = Statement(
        sa.select(HumanTask.id, sa.literal("x\ny"), HumanTask.created_at)
        .where(HumanTask.case_id == sa.bindparam("case"), HumanTask.state == TaskState.RESERVED)
        .limit(1)
    )

    [[task_id, text, created_at]] = reserved.rows(db.session.connection(), {"case": key(1)})

    assert (task_id, text) == (key(7), "x\ny")
    assert created_at == db.session.get_one(HumanTask, key(7)).created_at
