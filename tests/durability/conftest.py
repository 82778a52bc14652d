"""Workers in this process and in others, and waiting for what they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.db import db
from tests.durability import ledger
from tests.durability.workers import Nursery, Worker, opened_nursery
from tests.postgresql import new_one_like


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """What forks the worker processes."""
    with opened_nursery() as process:
        yield process


@pytest.fixture(scope="session")
def database_like(postgresql: str) -> Callable[[sa.URL], AbstractContextManager[sa.URL]]:
    """A new PostgreSQL database for each test: a worker that outlives its own finds it gone."""
    return new_one_like


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """An application on a database of its own, with an application context open."""
    app = ledger.application(database_url)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def tables(app: Flask) -> None:
    """The ledger's tables."""
    ledger.create_tables()


@pytest.fixture
def worker_of(nursery: Nursery) -> Iterator[Callable[[str, str], Worker]]:
    """Start a worker as a process of its own, on a database: `worker_of(url, "w1")`."""
    made: list[Worker] = []

    def start(url: str, worker_id: str) -> Worker:
        made.append(Worker(nursery, url, worker_id))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.kill()


@pytest.fixture
def worker_process(database_url: str, tables: None, worker_of: Callable[..., Worker]) -> Callable[[str], Worker]:
    """The same, on the test's database: `worker_process("w1")`."""
    return lambda worker_id: worker_of(database_url, worker_id)


@pytest.fixture
def working(app: Flask, tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker in this process."""
    monkeypatch.setattr(jobs.state, "exhausted", ledger.note)  # whatever else was imported
    stop = threading.Event()
    thread = threading.Thread(target=ledger.work, args=(app, "here", stop))
    thread.start()
    yield
    db.session.rollback()  # on SQLite our own open transaction would hold up the worker's last writes
    stop.set()
    thread.join()


@pytest.fixture
def wait() -> Callable[..., None]:
    """Wait until something holds, at most `seconds`: a machine's patience, no promise (`make chaos` shows how soon)."""

    def until(holds: Callable[[], object], seconds: float = 60) -> None:
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < seconds, "waited in vain"
            time.sleep(0.05)

    return until
