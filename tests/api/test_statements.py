"""What a request costs the database: the budgets that architecture and benchmarks hold us to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from service.db import db, reading
from service.models import Membership
from tests.api.conftest import Office, Program

#: The statements that a connection has prepared; SQLite's driver keeps its own, and says nothing of them.
PREPARED = {
    "postgresql": "SELECT statement FROM pg_prepared_statements",
    "sqlite": "SELECT 'FROM human_task'",
}


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL statements of the block, and `COMMIT` for each commit."""
    seen: list[str] = []

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if not text.startswith("BEGIN"):
            seen.append(text)

    def commit(_connection: object) -> None:
        seen.append("COMMIT")

    sa.event.listen(db.engine, "before_cursor_execute", statement)
    sa.event.listen(db.engine, "commit", commit)
    yield seen
    sa.event.remove(db.engine, "before_cursor_execute", statement)
    sa.event.remove(db.engine, "commit", commit)


ENDS = {"postgresql": 1, "sqlite": 2}  #: of transactions; on SQLite, what was read before the lock ends with one


def test_completing_a_task_costs_few_statements_and_one_commit(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    for _ in range(2):
        office.open_case(amount=5000)
    first, second = ann.get("/tasks?view=team").json["items"]
    for task in (first, second):
        ann.post(f"/tasks/{task['id']}/claim")
    ann.post(f"/tasks/{first['id']}/complete", {"data": {}})

    with counted() as seen:
        answer = ann.post(f"/tasks/{second['id']}/complete", {"data": {}})

    assert answer.status_code == 200
    assert seen.count("COMMIT") == ENDS[db.engine.dialect.name]
    assert len(seen) - 1 <= 12, "\n".join(seen)


def test_opening_a_case_costs_few_statements_and_one_commit(office: Office, program: Callable[..., Program]) -> None:
    ann, wanted = program(office.ann), {"case_type": "loan", "data": {"amount": 5000}}
    ann.post("/cases", wanted)

    with counted() as seen:
        answer = ann.post("/cases", wanted)

    assert answer.status_code == 201
    assert seen.count("COMMIT") == ENDS[db.engine.dialect.name]
    assert len(seen) - 1 <= 12, "\n".join(seen)


def test_a_list_costs_four_statements_however_long(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    for number in range(7):
        office.open_case(customer=f"Customer {number}")
    ann.get("/tasks?view=team")

    with counted() as seen:
        answer = ann.get("/tasks?view=team")

    assert len(answer.json["items"]) == 7
    assert len(seen) <= 4, "\n".join(seen)  # who asks, the tasks with their cases, their candidates, the cases' roles


def test_the_tasks_of_a_case_cost_the_same_however_many(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case(amount=5000)
    [task] = ann.get("/tasks?view=team").json["items"]

    with counted() as one:
        ann.get(f"/cases/{case}/tasks")
    ann.post(f"/tasks/{task['id']}/claim")
    ann.post(f"/tasks/{task['id']}/complete", {"data": {}})
    with counted() as two:
        tasks = ann.get(f"/cases/{case}/tasks").json["items"]

    assert len(tasks) == 2
    assert len(two) <= len(one)


def test_who_asks_costs_one_statement(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    ann.get("/me")

    with counted() as seen:
        ann.get("/me")

    assert len(seen) == 1


def test_postgresql_keeps_what_it_prepared_for_requests_that_only_read(
    office: Office, program: Callable[..., Program]
) -> None:
    ann = program(office.ann)
    db.session.remove()
    for _ in range(8):  # psycopg has prepared what it was asked for the sixth time
        ann.get("/tasks?view=team")

    with db.engine.connect() as connection:
        prepared = connection.exec_driver_sql(PREPARED[db.engine.dialect.name]).scalars().all()

    assert any("FROM human_task" in statement for statement in prepared)


def test_what_only_reads_cannot_write(office: Office) -> None:
    db.session.rollback()

    with reading(), db.engine.connect() as connection, suppress(sa.exc.InternalError):  # PostgreSQL refuses it
        connection.execute(sa.delete(Membership))
    with db.engine.connect() as connection:
        left = connection.execute(sa.select(sa.func.count()).select_from(Membership)).scalar_one()

    assert left
