"""Workers in this process and in others, and waiting for what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from service.db import db
from tests.durability import ledger

ROOT = Path(__file__).resolve().parents[2]


class Worker:
    """A worker process that can be killed, stopped and started again."""

    def __init__(self, url: str, worker_id: str) -> None:
        self.url, self.worker_id = url, worker_id
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.durability.ledger", self.url, self.worker_id]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout
        with self.process.stdout as output:
            assert output.readline().startswith(b"begins")

    def send(self, what: signal.Signals) -> None:
        self.process.send_signal(what)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    @property
    def is_dead(self) -> bool:
        return self.process.poll() is not None


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
def worker_process(database_url: str, tables: None) -> Iterator[Callable[[str], Worker]]:
    """Start a worker as a process of its own: `worker_process("w1")`."""
    made: list[Worker] = []

    def start(worker_id: str) -> Worker:
        made.append(Worker(database_url, worker_id))
        return made[-1]

    yield start
    for each in made:
        if not each.is_dead:
            os.kill(each.process.pid, signal.SIGCONT)
            each.kill()


@pytest.fixture
def working(app: Flask, tables: None) -> Iterator[None]:
    """A worker in this process."""
    stop = threading.Event()
    thread = threading.Thread(target=ledger.work, args=(app, "here", stop))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def wait() -> Callable[..., float]:
    """Wait until something holds, at most `seconds`; tells how long it took."""

    def until(holds: Callable[[], object], seconds: float = 20) -> float:
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < seconds, "waited in vain"
            time.sleep(0.05)
        return time.monotonic() - began

    return until
