"""What a job promises while nothing goes wrong outside of it: once, in order, not before its time, with retries."""

from __future__ import annotations

import base64
import math
import os
import pickle
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import jobs
from service.db import db, utcnow
from service.jobs import attempts, failed_jobs
from service.models.jobs import FinishedJob, job_status
from service.worker import loop
from tests.durability import ledger
from tests.durability.ledger import entries

Wait = Callable[..., None]


def put(entry: str, name: str = "write", *, partition: str = "p", key: str | None = None, **arguments: object) -> None:
    jobs.enqueue(name, {"entry": entry, **arguments}, partition=partition, key=key)


def reported() -> list[str]:
    found = list(db.session.execute(sa.select(ledger.reports.c.error)).scalars())
    db.session.rollback()
    return found


def failed() -> list[failed_jobs.FailedJob]:
    found = failed_jobs.latest()
    db.session.rollback()
    return found


def status_of(key: str) -> str | None:
    found = jobs.execute(sa.select(job_status.c.status).where(job_status.c.workflow_uuid == key)).scalar()
    db.session.rollback()
    return found


def test_a_job_is_part_of_the_transaction_that_enqueues_it(working: None, wait: Wait) -> None:
    put("taken back")
    db.session.rollback()
    put("kept")
    db.session.commit()

    wait(entries)
    time.sleep(1)

    assert entries() == ["kept"]


def test_to_enqueue_takes_two_statements_and_no_commit(app: Flask) -> None:
    put("first")  # makes the client
    db.session.commit()
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *event: seen.append(event[2]))
    commits: list[object] = []
    sa.event.listen(db.engine, "commit", commits.append)

    put("second")

    assert len([statement for statement in seen if not statement.startswith("BEGIN")]) == 2
    assert not commits


@pytest.mark.parametrize("microseconds", [0, 1, 400, 999, 1000, 123_456])
def test_a_delayed_job_is_due_in_the_first_millisecond_that_is_not_before_its_time(
    app: Flask, tables: None, microseconds: int
) -> None:
    """Or a timer would be woken before it is due, put back, and woken again."""
    with time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False):
        when = utcnow() + timedelta(hours=1, microseconds=microseconds)
        jobs.enqueue_at(when, "write", {"entry": "later"}, partition="p", key="later")
        db.session.commit()

    assert jobs.execute(sa.select(job_status.c.delay_until_epoch_ms)).scalar_one() == math.ceil(when.timestamp() * 1000)


def test_jobs_with_the_same_key_are_one(working: None, wait: Wait) -> None:
    for _ in range(3):
        put("once", key="the-key")
        db.session.commit()

    wait(entries)
    put("once", key="the-key")
    db.session.commit()
    time.sleep(1)

    assert entries() == ["once"]


def test_a_failed_attempt_leaves_nothing_and_the_next_one_follows(working: None, wait: Wait) -> None:
    put("at last", "write_then_fail", until_attempt=3)
    db.session.commit()

    wait(entries)

    assert entries() == ["at last"]
    assert reported() == []


def test_a_job_out_of_attempts_is_reported_listed_and_may_be_tried_again(working: None, wait: Wait) -> None:
    put("never", "write_then_fail")
    db.session.commit()

    wait(failed)

    assert reported() == ["ValueError: as ordered"]
    assert entries() == []
    [job] = failed()
    assert (job.name, job.arguments) == ("write_then_fail", {"entry": "never"})

    failed_jobs.retry(job, {"entry": "corrected", "until_attempt": 1})
    db.session.commit()
    wait(entries)

    assert entries() == ["corrected"]
    assert failed() == []


def test_an_unknown_job_is_not_lost(working: None, wait: Wait, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "RUNS", 1)
    jobs.enqueue("of a newer version", {}, partition="p")
    db.session.commit()

    wait(failed)

    assert reported() == ["KeyError: 'of a newer version'"]


def test_jobs_of_one_case_follow_one_another_and_cases_do_not_wait(working: None, wait: Wait) -> None:
    for number in range(5):
        for case in ("a", "b", "c"):
            put(f"{case}{number}", partition=case, seconds=0.05)
    db.session.commit()

    wait(lambda: len(entries()) == 15)

    for case in ("a", "b", "c"):
        assert entries(case) == [f"{case}{number}" for number in range(5)]
        rows = db.session.execute(
            sa.select(ledger.ledger.c.began, ledger.ledger.c.ended)
            .where(ledger.ledger.c.partition == case)
            .order_by(ledger.ledger.c.began)
        ).all()
        assert all(one.ended <= other.began for one, other in pairwise(rows))
    db.session.rollback()


def test_a_delayed_job_does_not_begin_before_its_time(working: None, wait: Wait) -> None:
    due = [utcnow() + timedelta(seconds=4 if number == 0 else 1 + number / 7) for number in range(20)]
    for number, when in enumerate(due):
        jobs.enqueue_at(when, "write", {"entry": f"{number}"}, partition=f"{number}")
    db.session.commit()

    wait(lambda: len(entries()) == 20)

    for entry, began in db.session.execute(sa.select(ledger.ledger.c.entry, ledger.ledger.c.began)):
        assert began >= due[int(entry)].timestamp()
    db.session.rollback()


def test_a_cancelled_job_does_nothing(working: None, wait: Wait) -> None:
    for key in ("cancelled", "kept"):
        jobs.enqueue_after(0.5, "write", {"entry": key}, partition="p", key=key)
    db.session.commit()
    jobs.cancel("cancelled")
    db.session.commit()

    wait(entries)
    time.sleep(1)

    assert entries() == ["kept"]
    assert status_of("cancelled") == "CANCELLED"


def test_a_cancelling_that_is_rolled_back_cancels_nothing(app: Flask) -> None:
    jobs.enqueue_after(60, "write", {"entry": "kept"}, partition="p", key="kept")
    db.session.commit()

    jobs.cancel("kept")
    db.session.rollback()

    assert status_of("kept") == "DELAYED"


def test_a_look_at_ten_thousand_armed_timers_costs_what_one_at_ten_does(app: Flask) -> None:
    jobs.enqueue_after(3600, "write", {"entry": "0"}, partition="0", key="0")
    db.session.commit()
    arm(10)
    few = effort(loop._look, loop._wake)

    arm(10_000)

    assert effort(loop._look, loop._wake) <= 2 * few


def arm(how_many: int) -> None:
    """So many more delayed jobs like the one called 0."""
    one = jobs.execute(sa.select(job_status).where(job_status.c.workflow_uuid == "0")).mappings().one()
    rows = [dict(one) | {"workflow_uuid": f"timer:{how_many}:{number}"} for number in range(how_many)]
    extra = {"created_at": 0, "priority": 0} if db.engine.dialect.name == "sqlite" else {}
    insert = sa.text(
        f"INSERT INTO {'' if extra else 'dbos.'}workflow_status ({', '.join(rows[0])}) "
        f"VALUES ({', '.join(':' + name for name in rows[0])})"
    )
    db.session.execute(insert, rows)
    db.session.commit()


def effort(*actions: Callable[[], object]) -> int:
    """What the database does for these: the steps of SQLite's machine, the pages that PostgreSQL looks at."""
    if db.engine.dialect.name == "sqlite":
        return _steps(*actions)
    return _pages(*actions)


def _steps(*actions: Callable[[], object]) -> int:
    steps = count()
    connection = db.session.connection().connection.driver_connection
    db.session.rollback()  # the pool of one thread gives the same connection again
    connection.set_progress_handler(lambda: next(steps) < 0, 1)
    for action in actions:
        action()
    connection.set_progress_handler(None, 1)
    return next(steps)


def _pages(*actions: Callable[[], object]) -> int:
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        asked.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    for action in actions:
        action()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    pages = 0
    for statement, parameters in asked:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        [plan] = db.session.connection().exec_driver_sql(explain, parameters).scalar_one()
        pages += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    db.session.rollback()
    assert asked
    return pages


def test_a_scheduled_job_is_done_at_its_times(
    app: Flask, tables: None, wait: Wait, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(jobs.state.schedules, "tick", "* * * * * *")  # each second
    request.getfixturevalue("working")

    wait(lambda: len(entries()) >= 3)


def test_what_the_program_no_longer_schedules_is_done_no_more(
    app: Flask, tables: None, wait: Wait, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    with monkeypatch.context() as earlier:
        earlier.setitem(jobs.state.schedules, "tick", "* * * * * *")
        working = threading.Thread(target=ledger.work, args=(app, "here", stop))
        working.start()
        wait(entries)
        stop.set()
        working.join()
    request.getfixturevalue("working")
    put("go on")
    db.session.commit()
    wait(lambda: entries("go on"))

    def quiet() -> bool:  # some may have been under way
        then = len(entries("tick"))
        time.sleep(2.5)
        return len(entries("tick")) == then

    wait(quiet)


def test_finished_jobs_are_deleted_and_others_kept(working: None, wait: Wait) -> None:
    put("old", key="old")
    put("never", "write_then_fail", key="failed")
    jobs.enqueue_after(3600, "write", {"entry": "later"}, partition="q", key="later")
    db.session.commit()
    wait(lambda: status_of("old") == "SUCCESS" and failed())

    loop.clean(timedelta(0))

    assert status_of("old") is None
    assert status_of("later") == "DELAYED"
    assert db.session.get(FinishedJob, "old") is None
    db.session.rollback()


class _Evil:
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self.folder,)


def test_a_pickled_job_in_the_database_is_not_unpickled(working: None, wait: Wait, tmp_path: Path) -> None:
    evil = base64.b64encode(pickle.dumps(_Evil(tmp_path / "run"))).decode()
    prefix = "" if db.engine.dialect.name == "sqlite" else "dbos."
    jobs.enqueue_after(1, "write", {"entry": "x"}, partition="p", key="evil")
    db.session.execute(sa.text(f"UPDATE {prefix}workflow_status SET serialization = 'py_pickle'"))
    db.session.execute(sa.text(f"UPDATE {prefix}workflow_input SET inputs = :evil"), {"evil": evil})
    db.session.commit()

    wait(lambda: status_of("evil") == "ERROR")

    assert not (tmp_path / "run").exists()
