"""Worker processes that can be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Nursery = subprocess.Popen[str]


@contextmanager
def opened_nursery() -> Iterator[Nursery]:
    """A process that has loaded all modules and forks workers on demand: a fresh one takes seconds to load them."""
    command = [sys.executable, "-m", "tests.durability.ledger"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@dataclass
class Worker:
    """A worker process of the database `url`."""

    nursery: Nursery
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
