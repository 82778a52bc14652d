"""The ways between clerks, web server, workers and PostgreSQL break, stall and slow down under load."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from service import audit
from service.models import Case, Incident
from tests.durability import network, office
from tests.durability.accounts import FILES, applied_twice, lost
from tests.durability.network import COMMIT, Network
from tests.durability.office import Office, count, wait
from tests.durability.server import Server

WRONG = ("broken_ways_lost", "broken_ways_applied_twice")
SLOW = 0.2  #: seconds that each packet takes on a slow way


@dataclass
class Ways:
    """The networks between the clerks and the server, and (PostgreSQL) between the server and the database."""

    people: Office
    front: Network
    back: Network | None  #: SQLite has none

    def disturb(self, turn: int) -> tuple[float, float]:
        """Do one of the things that happen to networks; how long work took to go on when it was over."""
        time.sleep(random.uniform(0.5, 1.5))
        kinds = [(self.front, kind) for kind in ("cut", "lost answer", "slow")]
        if self.back is not None:
            kinds += [(self.back, kind) for kind in ("cut", "lost answer", "slow", "away", "silent")]
        way, kind = kinds[turn % len(kinds)]
        if kind == "lost answer":
            way.cut_after = b"POST /api" if way is self.front else COMMIT
        elif kind == "slow":
            way.delay = SLOW
            time.sleep(3)
            way.delay = 0
        elif kind == "away":
            way.close()
            time.sleep(2)
            way.open()
        elif kind == "silent":
            way.swallow()
        else:
            way.cut()
        return self.people.resume(lambda: None)


def run(url: str, cases: int, times: int, *, with_tables: bool = True) -> dict[str, Any]:
    """Disturb the ways that often while `cases` cases run on the database `url`; the figures."""
    with _office(url, with_tables=with_tables) as ways:
        people = ways.people
        people.work(cases, times, ways.disturb)
        wait(lambda: count(Case, Case.case_type == "chaos-heard") >= cases, 60)
        time.sleep(1)  # what happens twice has to be seen
        return {
            "broken_ways": times,
            "broken_ways_acknowledged": len(people.acknowledged),
            "broken_ways_lost": lost(people.acknowledged, cases),
            "broken_ways_applied_twice": applied_twice(people.acknowledged, cases),
            "broken_ways_worst_resume_s": people.worst["worst_resume_s"],
            "broken_ways_worst_job_resume_s": people.worst["worst_job_resume_s"],
            "broken_ways_incidents": count(Incident, Incident.about.is_(None)),
            "broken_ways_broken_audit_chains": len(list(audit.verify())),
        }


@contextmanager
def _office(url: str, *, with_tables: bool) -> Iterator[Ways]:
    """A running office whose ways can be disturbed; we ourselves have a way to the database that nobody disturbs."""
    with (
        office.closed(url, FILES, with_tables=with_tables) as (environment, token),
        _back(url) as (back, through),
    ):
        server = Server(environment | {"CASEWRIGHT_DATABASE_URL": through}, on_sqlite=back is None)
        door = server.address
        front = Network(lambda: socket.create_connection(door))
        server.address = front.address
        server.start()
        try:
            yield Ways(Office(server, token), front, back)
        finally:
            server.kill()
            front.end()


@contextmanager
def _back(url: str) -> Iterator[tuple[Network | None, str]]:
    """The network before the database, where there is one, and the database's URL by way of it."""
    if url.startswith("sqlite"):
        yield None, url
        return
    with network.before(url) as (between, through):
        yield between, through
