"""The limit: how many bare transactions with a completion's writes this machine does in a second."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from service.db import db, engine_options

ROUNDS = 200
READY = 12  #: seconds in which the processes of several clients have to start


TABLES = (
    "CREATE TABLE bare_case (id INTEGER PRIMARY KEY, body TEXT, snapshot TEXT, version INTEGER)",
    "CREATE TABLE bare_task (id INTEGER PRIMARY KEY, state TEXT, body TEXT)",
    "CREATE TABLE bare_candidate (task INTEGER, principal TEXT, PRIMARY KEY (task, principal))",
    "CREATE TABLE bare_audit (kase INTEGER, seq INTEGER, body TEXT, PRIMARY KEY (kase, seq))",
)


def transactions_per_second(_app: Any) -> float:
    """One connection, one client: update a case row of 2 KB and a task row, add a task, a candidate, two audit rows."""
    with _rows(db.engine, ROUNDS), db.engine.connect() as connection:
        return ROUNDS / _took(connection, range(ROUNDS))


def by_several_per_second(url: str, clients: int) -> float:
    """The same by so many processes at once, each with a connection and cases of its own."""
    engine = sa.create_engine(url, **engine_options(url))
    parallel = multiprocessing.get_context("spawn")
    with _rows(engine, clients * ROUNDS), ProcessPoolExecutor(clients, mp_context=parallel) as pool:
        ready = time.time() + READY
        spans = list(pool.map(_client, [(url, number, ready) for number in range(clients)]))
    engine.dispose()
    return clients * ROUNDS / (max(end for _, end in spans) - min(begin for begin, _ in spans))


def _client(given: tuple[str, int, float]) -> tuple[float, float]:
    """Do one client's transactions once all are ready; when it began and ended."""
    url, number, ready = given
    engine = sa.create_engine(url, **engine_options(url))
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.commit()
        time.sleep(max(0, ready - time.time()))
        begun = time.time()
        _took(connection, range(number * ROUNDS, (number + 1) * ROUNDS))
        ended = time.time()
    engine.dispose()
    return begun, ended


@contextmanager
def _rows(engine: sa.Engine, count: int) -> Iterator[None]:
    """The tables, with a case and a task for each number; gone afterwards."""
    with engine.begin() as connection:
        for table in TABLES:
            connection.exec_driver_sql(table)
        cases = [{"n": number, "b": "x" * 200} for number in range(count)]
        connection.execute(sa.text("INSERT INTO bare_case VALUES (:n, 'x', 'y', 1)"), cases)
        connection.execute(sa.text("INSERT INTO bare_task VALUES (:n, 'reserved', :b)"), cases)
    try:
        yield
    finally:
        with engine.begin() as connection:
            for table in ("bare_case", "bare_task", "bare_candidate", "bare_audit"):
                connection.exec_driver_sql(f"DROP TABLE {table}")


def _took(connection: sa.Connection, numbers: range) -> float:
    began = time.perf_counter()
    for number in numbers:
        _one(connection, number)
    return time.perf_counter() - began


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
