"""A full disk: what does not fit is refused as a whole; everything goes on when there is room again."""

from __future__ import annotations

import resource
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import audit, create_app, jobs
from service.db import db, utcnow
from service.jobs import failed_jobs
from service.models import SYSTEM, AuditEntry, Case, IdempotencyKey, User
from service.models.jobs import job_status
from service.operations import deployments, users
from tests.api.conftest import Program
from tests.conftest import config_for
from tests.durability import ledger
from tests.durability.failpoints import ONE_TASK
from tests.security.browsing import Browser

Full = Callable[[str], AbstractContextManager[None]]
WAYS = (("sqlite", "no page more"), ("sqlite", "no byte more"), ("postgresql", "to write"), ("postgresql", "to commit"))
BYTES = 64 * 1024
MUCH = {"data": "much " * 60_000}  #: more than is left


@contextmanager
def _no_page_more(_table: str) -> Iterator[None]:
    """SQLite says that the disk is full as soon as a page is needed."""

    def stop_growing(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # that is, so many as there are

    def grow(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")

    sa.event.listen(db.engine, "begin", stop_growing)
    yield
    sa.event.remove(db.engine, "begin", stop_growing)
    sa.event.listen(db.engine, "begin", grow)


@contextmanager
def _no_byte_more(_table: str) -> Iterator[None]:
    """The system lets no file of this process become larger than its first kilobytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _failing(when: str) -> Callable[[str], AbstractContextManager[None]]:
    """PostgreSQL says 53100, disk full, as it does when a table cannot be extended."""
    body = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END"

    @contextmanager
    def fail(table: str) -> Iterator[None]:
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
            connection.exec_driver_sql(
                f"CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON {table} DEFERRABLE INITIALLY {when} "
                "FOR EACH ROW EXECUTE FUNCTION full_disk()"
            )
        yield
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP TRIGGER full_disk ON {table}")

    return fail


FULL: dict[str, Full] = {
    "no page more": _no_page_more,
    "no byte more": _no_byte_more,
    "to write": _failing("IMMEDIATE"),
    "to commit": _failing("DEFERRED"),
}
on_each_way = pytest.mark.parametrize(
    ("database_url", "way"), WAYS, indirect=["database_url"], ids=[" ".join(way) for way in WAYS]
)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application, where Ann may open cases."""
    app = create_app(config_for(database_url))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context():
        users.create("ann", "Ann", password="secret-ann-secret", groups=("clerks",), is_admin=False, by=SYSTEM)
        deployments.deploy({"one.bpmn": ONE_TASK}, by=SYSTEM)
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def ann(app: Flask) -> Program:
    issued = users.issue_token(db.session.scalars(sa.select(User)).one(), "test", ("read", "work"), by=SYSTEM)
    db.session.commit()
    return Program(app, issued.secret)


def rows() -> list[int]:
    """How many there are of what a write leaves."""
    counted = [sa.select(sa.func.count()).select_from(kind) for kind in (Case, AuditEntry, IdempotencyKey)]
    found = [db.session.scalar(query) or 0 for query in counted]
    found.append(jobs.execute(sa.select(sa.func.count()).select_from(job_status)).scalar_one())
    db.session.rollback()
    return found


@on_each_way
def test_what_does_not_fit_is_refused_as_a_whole_and_done_when_there_is_room(
    app: Flask, ann: Program, way: str, database_url: str
) -> None:
    browser = Browser(app)
    browser.sign_in("ann", "secret-ann-secret")
    small = {"case_type": "one-task", "data": {}}
    assert ann.post("/cases", small).status_code == 201
    before = rows()

    with FULL[way]("audit_entry"):
        refused = ann.post("/cases", small | {"data": MUCH}, Idempotency_Key="k")
        left = rows()
        with time_machine.travel(utcnow() + timedelta(minutes=5)):  # when a sign-in's last use is to be written
            read = [ann.get("/cases"), ann.get("/readyz"), browser.get("/cases")]
    again = ann.post("/cases", small | {"data": MUCH}, Idempotency_Key="k")

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert ("disk is full" in refused.json["detail"]) == (way != "no byte more")  # SQLite cannot tell that one
    assert left == before
    assert [answer.status_code for answer in read] == [200] * 3
    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again.headers
    assert list(audit.verify()) == []
    if database_url.startswith("sqlite"):
        assert db.session.scalar(sa.text("PRAGMA integrity_check")) == "ok"


@on_each_way
def test_jobs_wait_for_room_and_are_done_once(database_url: str, way: str, wait: Callable[..., Any]) -> None:
    app, stop = ledger.application(database_url), threading.Event()
    worker = threading.Thread(target=ledger.work, args=(app, "here", stop))
    with app.app_context():
        ledger.create_tables()
        for number in range(10):
            jobs.enqueue("write", {"entry": f"{number} {MUCH}"}, partition=f"{number}")
        db.session.commit()
        with FULL[way]("ledger"):
            worker.start()
            time.sleep(1.5)
            done = len(ledger.entries())

        wait(lambda: len(ledger.entries()) == 10)
        stop.set()
        worker.join()

        assert done == 0
        assert Counter(ledger.entries()) == Counter(f"{number} {MUCH}" for number in range(10))
        assert failed_jobs.latest() == []
        db.session.remove()
        db.engine.dispose()
