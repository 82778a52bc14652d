"""Jobs for these tests, which write what they did into a ledger; as a program, what forks workers that do them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.config import read
from service.db import db, engine_options, prepare
from service.worker import loop

ledger = sa.Table(
    "ledger",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("entry", sa.Text, nullable=False),  # not unique: what is done twice has to be seen
    sa.Column("partition", sa.Text, nullable=False),
    sa.Column("began", sa.Float, nullable=False),  # seconds since 1970
    sa.Column("ended", sa.Float, nullable=False),
)
calls = sa.Table(  # committed at once, as a call to the outside would be
    "calls",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
)
reports = sa.Table(
    "reports",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
)


@jobs.register("write")
def write(entry: str, partition: str = "", seconds: float = 0) -> None:
    """Write `entry`, taking `seconds` for it."""
    began = time.time()
    row = {"entry": entry, "partition": partition, "began": began, "ended": began + seconds}
    db.session.execute(ledger.insert().values(row))
    time.sleep(seconds)


@jobs.register("write_then_fail", attempts=3, backoff=(0.3,))
def write_then_fail(entry: str, until_attempt: int = 99) -> None:
    """Write `entry`, then fail on every attempt before `until_attempt`."""
    write(entry)
    if jobs.current().attempt < until_attempt:
        raise ValueError("as ordered")


@jobs.register("call_then_write", queue="connectors", calls_out=True)
def call_then_write(entry: str, seconds: float = 0) -> None:
    """Do something outside, which takes `seconds`, then write `entry`."""
    db.session.execute(calls.insert().values(key=jobs.current().key, attempt=jobs.current().attempt))
    db.session.commit()
    time.sleep(seconds)
    with jobs.once():
        write(entry)


def die_once(marker: str) -> None:
    """End the process, unless this was called with this `marker` (a file to be made) before."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)


@jobs.register("die_in_transaction", attempts=1)
def die_in_transaction(entry: str, marker: str, when: str) -> None:
    """Write `entry`, and die once: after the flush, before the commit, or after it."""
    write(entry)
    if when == "after flush":
        die_once(marker)
    else:
        event = {"before commit": "before_commit", "after commit": "after_commit"}[when]
        sa.event.listen(db.session(), event, lambda _session: die_once(marker))


@jobs.register("die_at_call", queue="connectors", calls_out=True, attempts=1)
def die_at_call(entry: str, marker: str, when: str) -> None:
    """Do something outside, then write `entry`; die once: between the steps or after the call."""
    if when == "between steps":
        die_once(marker)
    db.session.execute(calls.insert().values(key=jobs.current().key, attempt=jobs.current().attempt))
    db.session.commit()
    if when == "after call":
        die_once(marker)
    with jobs.once():
        write(entry)


@jobs.register("kill_worker")
def kill_worker() -> None:
    """End the process, as a crash in a library would."""
    os.kill(os.getpid(), signal.SIGKILL)


@jobs.register("tick", queue="bulk")
def tick() -> None:
    """What is scheduled."""
    write("tick")


@jobs.when_exhausted
def note(name: str, arguments: dict[str, object], error: str) -> None:
    """Note the job that is out of attempts."""
    db.session.execute(reports.insert().values(name=name, error=error))


def application(url: str) -> Flask:
    """As little of an application as jobs need."""
    app = Flask("ledger")
    settings = {"CASEWRIGHT_DATABASE_URL": url, "CASEWRIGHT_SECRET_KEY": "only for tests, only for tests, only"}
    app.config.update(
        CASEWRIGHT=read(settings), SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url)
    )
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    return app


def create_tables() -> None:
    """Make the ledger's tables; within an application context."""
    for table in (ledger, calls, reports):
        table.create(db.engine)


def entries(prefix: str = "") -> list[str]:
    """What was written, in the order of writing; in a transaction of its own."""
    query = sa.select(ledger.c.entry).where(ledger.c.entry.startswith(prefix)).order_by(ledger.c.id)
    found = list(db.session.execute(query).scalars())
    db.session.rollback()
    return found


def work(app: Flask, worker_id: str, stop: threading.Event) -> None:
    """Do jobs in this process until `stop`."""
    loop.run(app, executor_id=worker_id, stop=stop)


def nursery() -> None:
    """For each line `URL WORKER_ID` that is read, fork a worker and print its process id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for line in sys.stdin:
        url, worker_id = line.split()
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work(application(url), worker_id, threading.Event())
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    nursery()
