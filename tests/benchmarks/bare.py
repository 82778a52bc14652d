"""The limit: how many bare transactions with a completion's writes this machine does in a second."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from service.db import db

ROUNDS = 200


def transactions_per_second(_app: Any) -> float:
    """One connection, one client: update a case row of 2 KB and a task row, add a task, a candidate, two audit rows."""
    tables = (
        "CREATE TABLE bare_case (id INTEGER PRIMARY KEY, body TEXT, snapshot TEXT, version INTEGER)",
        "CREATE TABLE bare_task (id INTEGER PRIMARY KEY, state TEXT, body TEXT)",
        "CREATE TABLE bare_candidate (task INTEGER, principal TEXT, PRIMARY KEY (task, principal))",
        "CREATE TABLE bare_audit (kase INTEGER, seq INTEGER, body TEXT, PRIMARY KEY (kase, seq))",
    )
    with db.engine.connect() as connection:
        for table in tables:
            connection.exec_driver_sql(table)
        insert = "INSERT INTO bare_case SELECT {0}, 'x', 'y', 1"
        for number in range(ROUNDS):
            connection.exec_driver_sql(insert.format(number))
            connection.execute(
                sa.text("INSERT INTO bare_task VALUES (:n, 'reserved', :b)"), {"n": number, "b": "x" * 200}
            )
        connection.commit()
        began = time.perf_counter()
        for number in range(ROUNDS):
            _one(connection, number)
        elapsed = time.perf_counter() - began
        for table in ("bare_case", "bare_task", "bare_candidate", "bare_audit"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.commit()
    return ROUNDS / elapsed


def _one(connection: sa.Connection, number: int) -> None:
    run = connection.execute
    run(
        sa.text("UPDATE bare_case SET body = :b, snapshot = :s, version = version + 1 WHERE id = :n"),
        {"b": "x" * 800, "s": "y" * 1200, "n": number},
    )
    run(sa.text("UPDATE bare_task SET state = 'completed' WHERE id = :n"), {"n": number})
    run(sa.text("INSERT INTO bare_task VALUES (:n, 'ready', :b)"), {"n": number + 1_000_000, "b": "x" * 200})
    run(sa.text("DELETE FROM bare_candidate WHERE task = :n"), {"n": number})
    run(sa.text("INSERT INTO bare_candidate VALUES (:n, 'group:clerks')"), {"n": number + 1_000_000})
    run(
        sa.text("INSERT INTO bare_audit VALUES (:n, :q, :b)"),
        [{"n": number, "q": q, "b": "x" * 200} for q in (1, 2)],
    )
    connection.commit()
