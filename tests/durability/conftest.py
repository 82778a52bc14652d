"""Workers in this process and in others, and waiting for what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from service import jobs
from service.db import db
from tests.durability import ledger

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Worker:
    """A worker process that can be killed, frozen and started again."""

    nursery: subprocess.Popen[str]
    url: str
    worker_id: str
    pid: int = 0

    def start(self) -> None:
        assert self.nursery.stdin and self.nursery.stdout
        print(self.url, self.worker_id, file=self.nursery.stdin, flush=True)
        self.pid = int(self.nursery.stdout.readline())

    def send(self, what: signal.Signals) -> None:
        os.kill(self.pid, what)

    def kill(self) -> None:
        if not self.is_dead:
            self.send(signal.SIGKILL)
        while not self.is_dead:
            time.sleep(0.01)

    @property
    def is_dead(self) -> bool:
        return not Path("/proc", str(self.pid)).exists()


@pytest.fixture(scope="session")
def nursery() -> Iterator[subprocess.Popen[str]]:
    """A process that has loaded all modules and forks workers on demand: a fresh one takes seconds to load them."""
    command = [sys.executable, "-m", "tests.durability.ledger"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


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
def worker_of(nursery: subprocess.Popen[str]) -> Iterator[Callable[[str, str], Worker]]:
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
    stop.set()
    thread.join()


@pytest.fixture
def wait() -> Callable[..., float]:
    """Wait until something holds, at most `seconds`; tells how long it took."""

    def until(holds: Callable[[], object], seconds: float = 60) -> float:
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < seconds, "waited in vain"
            time.sleep(0.05)
        return time.monotonic() - began

    return until


@pytest.fixture
def in_time() -> Callable[[float], float]:
    """How long something may take that is promised within `seconds`: more while others keep this machine busy."""

    def limit(seconds: float) -> float:
        return seconds * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))

    return limit
