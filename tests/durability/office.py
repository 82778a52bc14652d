"""An office to be disturbed: the installed service on a database, and clerks who work over HTTP while it is killed."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from service import create_app
from service.config import read
from service.db import db, reading
from service.maintenance import schema
from service.models import SYSTEM, AuditEntry, User
from service.operations import deployments, users
from tests.durability.client import Clerk, Write
from tests.durability.server import Server

PEOPLE = 8


@dataclass
class Office:
    """Clerks who together do what is `left`, each piece by `doing` it; and what they were told of it."""

    server: Server
    token: str
    doing: Callable[[Clerk, int], None] = Clerk.see_through
    left: list[int] = field(default_factory=list)
    acknowledged: list[Write] = field(default_factory=list)
    resumed: list[tuple[float, float]] = field(default_factory=list)  #: of each kill: see `resume`

    def work(self, pieces: int, times: int, disturb: Callable[[int], tuple[float, float]] | None = None) -> None:
        """Do so many pieces of work, while the server is killed, or else disturbed, so many times."""
        self.left.extend(range(pieces))
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(PEOPLE)]
        for thread in threads:
            thread.start()
        self.resumed += [(disturb or self._kill)(turn) for turn in range(times)]
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        with closing(Clerk(self.server.address, self.token, self.acknowledged.append)) as clerk:
            while True:
                try:
                    piece = self.left.pop()
                except IndexError:
                    return
                self.doing(clerk, piece)

    def _kill(self, turn: int) -> tuple[float, float]:
        """Kill and restart after a moment; see `resume`."""
        time.sleep(random.uniform(1.5, 3))
        self.server.kill(turn)
        return self.resume(self.server.start)

    def resume(self, start: Callable[[], object]) -> tuple[float, float]:
        """Start again what was ended; seconds from then to the next write acknowledged, and to the next job done."""
        writes, jobs = len(self.acknowledged), done_by_jobs()
        began = time.monotonic()
        start()
        write = wait(lambda: not self.left or len(self.acknowledged) > writes, 60) - began
        job = wait(lambda: not self.left or done_by_jobs() > jobs, 60) - began
        return write, job

    @property
    def worst(self) -> dict[str, float]:
        """The longest time from a restart to the next write acknowledged, and to the next job done."""
        return {
            "worst_resume_s": round(max((write for write, _ in self.resumed), default=0), 2),
            "worst_job_resume_s": round(max((job for _, job in self.resumed), default=0), 2),
        }


@contextmanager
def opened(url: str, files: Mapping[str, bytes], *, with_tables: bool = True) -> Iterator[Office]:
    """An office on the database `url`, with `files` deployed and the server running; within an application context."""
    with closed(url, files, with_tables=with_tables) as (environment, token):
        office = Office(Server(environment, on_sqlite=url.startswith("sqlite")), token)
        office.server.start()
        try:
            yield office
        finally:
            office.server.kill()


@contextmanager
def closed(url: str, files: Mapping[str, bytes], *, with_tables: bool = True) -> Iterator[tuple[dict[str, str], str]]:
    """The same before its server runs: what that one needs in its environment, and a clerk's token."""
    environment = {
        "CASEWRIGHT_DATABASE_URL": url,
        "CASEWRIGHT_SECRET_KEY": "only for tests, only for tests, only",
        "CASEWRIGHT_SECURE_COOKIES": "no",
        "CASEWRIGHT_LOG_LEVEL": "ERROR",
    }
    app = create_app(read(environment))
    with app.app_context():
        if with_tables:
            schema.upgrade(app)
        try:
            yield environment, _prepare(files)
        finally:
            db.session.remove()
            db.engine.dispose()


def _prepare(files: Mapping[str, bytes]) -> str:
    """A clerk, the case types, and the clerk's token."""
    users.create("ann", "Ann", password=secrets.token_urlsafe(20), groups=("clerks",), is_admin=False, by=SYSTEM)
    deployments.deploy(files, by=SYSTEM)
    ann = db.session.scalars(sa.select(User).where(User.name == "ann")).one()
    issued = users.issue_token(ann, "chaos", ("read", "work"), by=SYSTEM)
    db.session.commit()
    return issued.secret


def wait(holds: Callable[[], object], seconds: float) -> float:
    """Wait until something holds, at most so long; the time at which it did."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError("The server did not go on.")
        time.sleep(0.02)
    return time.monotonic()


def count(model: type[Any], *conditions: sa.ColumnElement[bool]) -> int:
    """How many rows of `model` there are, in a transaction of its own."""
    with reading():  # on SQLite it would wait for its turn among those who write
        found = db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*conditions)) or 0
        db.session.rollback()
    return found


def done_by_jobs() -> int:
    """How many timers have fired."""
    return count(AuditEntry, AuditEntry.action == "timer:fired")
