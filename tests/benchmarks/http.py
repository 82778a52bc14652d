"""What starting a case, completing a task, opening a form and listing tasks cost, over HTTP with one web worker."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from service import create_app
from service.config import read
from service.db import db, new_id, utcnow
from service.maintenance import schema
from service.models import SYSTEM, Case, HumanTask, TaskCandidate, TaskState, User
from service.operations import deployments, users
from tests.benchmarks import bare, engine, model, table

TICKS = os.sysconf("SC_CLK_TCK")
LARGE = 900_000  #: written as JSON it is somewhat more
LOOKS = 60  #: at a list: processes count their time in hundredths of a second
KEPT = 2  #: seconds; the server closes a connection on which nothing comes for five


@dataclass
class Client:
    """Keeps one connection and one token."""

    connection: http.client.HTTPConnection
    token: str
    used: float = 0  #: when, by time.monotonic()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; fails unless it is 2xx."""
        if time.monotonic() - self.used > KEPT:
            self.connection.close()  # it opens itself again
        self.used = time.monotonic()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return json.loads(content) if content else None


@dataclass
class Cost:
    """Of one kind of request: wall-clock milliseconds each, and the server's CPU milliseconds on average."""

    wall: list[float]
    cpu: float

    def p(self, percent: int) -> float:
        return round(statistics.quantiles(self.wall, n=100)[percent - 1], 2)


@dataclass
class Installation:
    """A database with people and a case type, and a web server with one worker on it."""

    app: Flask
    environment: dict[str, str]
    token: str  #: Ann's
    pid: int  #: of the web worker
    client: Client


@contextmanager
def installed(url: str) -> Iterator[Installation]:
    """An installation on the empty database at `url`."""
    with prepared(url) as (app, environment, token), server(environment) as (pids, port):
        client = Client(http.client.HTTPConnection("127.0.0.1", port), token)
        with app.app_context():
            for _ in range(10):  # definitions parsed, pools filled
                _whole_case(client)
        yield Installation(app, environment, token, pids[0], client)


@contextmanager
def prepared(url: str) -> Iterator[tuple[Flask, dict[str, str], str]]:
    """The application on `url`, the settings that make it, and a token; the schema and what it works on are there."""
    environment = {
        "CASEWRIGHT_DATABASE_URL": url,
        "CASEWRIGHT_SECRET_KEY": secrets.token_urlsafe(40),
        "CASEWRIGHT_SECURE_COOKIES": "no",
        "CASEWRIGHT_LOG_LEVEL": "WARNING",
    }
    app = create_app(read(environment))
    with app.app_context():
        schema.upgrade(app)
        token = _prepare()
        db.session.remove()
    yield app, environment, token
    with app.app_context():
        db.engine.dispose()


def one_round(at: Installation, cases: int) -> dict[str, Any]:
    """What varies from moment to moment, the limit and the engine's own time beside it."""
    with at.app.app_context():
        figures = _run(at.client, at.pid, cases)
        limit = bare.transactions_per_second(at.app)
        db.session.remove()
    return {
        **figures,
        "bare_transactions_per_s": round(limit),
        "limit_ratio": round(figures["completes_per_s"] / limit, 3),
        **table.to_engine(figures, engine.short_step_ms()),
    }


def once(at: Installation) -> dict[str, Any]:
    """What is the same in every round: statements, sizes, a long list."""
    with at.app.app_context():
        size = _bytes_per_case(at.client)
        figures = {"database": db.engine.dialect.name, "bytes_per_case": size, **_statements(at.app, at.token)}
        db.session.remove()
        figures |= _lists(at)
        return figures | table.to_engine(figures, engine.short_step_ms())


def _prepare() -> str:
    """People and the two-task case type; a token for Ann."""
    users.create("ann", "Ann", password=secrets.token_urlsafe(20), groups=("clerks",), is_admin=False, by=SYSTEM)
    deployments.deploy(model.FILES, by=SYSTEM)
    ann = db.session.scalars(sa.select(User).where(User.name == "ann")).one()
    until = utcnow() + timedelta(days=1)
    issued = users.issue_token(ann, "bench", ["read", "work"], by=SYSTEM, expires_at=until)
    db.session.commit()
    return issued.secret


@contextmanager
def server(environment: Mapping[str, str], workers: int = 1, threads: int = 4) -> Iterator[tuple[list[int], int]]:
    """A web server; its workers' process ids and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["web", "--workers", str(workers), "--threads", str(threads), "--port", str(port)]
    with running([str(Path(sys.executable).parent / "casewright"), *arguments], environment) as pid:
        _wait_for(port)
        yield children_of(pid, workers), port


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """Another process; its id. It is asked to end, and waited for."""
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(1800):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The server did not start.")


def children_of(pid: int, wanted: int) -> list[int]:
    """The process ids of gunicorn's workers."""
    for _ in range(100):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if len(children) >= wanted:
            return [int(child) for child in children]
        time.sleep(0.1)
    raise RuntimeError("gunicorn lacks workers.")


def cpu_ms_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def _cost(pid: int, calls: list[Callable[[], Any]]) -> tuple[Cost, list[Any]]:
    wall, answers, before = [], [], cpu_ms_of(pid)
    for call in calls:
        began = time.perf_counter()
        answers.append(call())
        wall.append((time.perf_counter() - began) * 1000)
    return Cost(wall, round((cpu_ms_of(pid) - before) / len(calls), 2)), answers


def _run(client: Client, pid: int, cases: int) -> dict[str, Any]:
    start, opened = _cost(pid, [lambda i=i: client.call("POST", "/cases", model.start(i)) for i in range(cases)])
    first = [client.call("GET", f"/cases/{case['id']}/tasks")["items"][0]["id"] for case in opened]
    claim, _ = _cost(pid, [lambda t=t: client.call("POST", f"/tasks/{t}/claim", {}) for t in first])
    form, _ = _cost(pid, [lambda t=t: client.call("GET", f"/tasks/{t}/form") for t in first])
    complete, _ = _cost(pid, [lambda t=t: client.call("POST", f"/tasks/{t}/complete", model.ASSESSED) for t in first])
    for case in opened:
        _do_next(client, case["id"])
    began = time.perf_counter()
    for _ in range(cases // 3):
        _whole_case(client)
    return {
        "start_cpu_ms": start.cpu,
        "start_p50_ms": start.p(50),
        "complete_cpu_ms": complete.cpu,
        "complete_p50_ms": complete.p(50),
        "complete_p95_ms": complete.p(95),
        "completes_per_s": round(1000 / statistics.mean(complete.wall), 1),
        "claim_cpu_ms": claim.cpu,
        "form_cpu_ms": form.cpu,
        "form_p50_ms": form.p(50),
        "cases_per_s": round(cases // 3 / (time.perf_counter() - began), 1),
        **_free_work(client, pid, cases),
        **_large(client, pid, max(3, cases // 6)),
    }


def _free_work(client: Client, pid: int, times: int) -> dict[str, Any]:
    """What it costs to start a piece of free work."""
    case = client.call("POST", "/cases", {"case_type": "free"})["id"]
    [part] = client.call("GET", f"/cases/{case}/adhoc")["items"]
    path, body = f"/cases/{case}/adhoc/{part['activity_id']}/activate", {"element_id": "Call"}
    cost, _ = _cost(pid, [lambda: client.call("POST", path, body)] * times)
    return {"activate_cpu_ms": cost.cpu}


def _large(client: Client, pid: int, cases: int) -> dict[str, Any]:
    """What a completion costs in a case with 1 MB of variables, near the most that a request may bring."""
    body = {"case_type": "large", "data": engine.variables(LARGE)}
    opened = [client.call("POST", "/cases", body)["id"] for _ in range(cases)]
    tasks = [client.call("GET", f"/cases/{case}/tasks")["items"][0]["id"] for case in opened]
    for task in tasks:
        client.call("POST", f"/tasks/{task}/claim", {})
    sent = {"data": {"amount": 70}}
    cost, _ = _cost(pid, [lambda t=t: client.call("POST", f"/tasks/{t}/complete", sent) for t in tasks])
    return {"large_complete_cpu_ms": cost.cpu, "large_complete_p50_ms": cost.p(50)}


def _whole_case(client: Client) -> None:
    case = client.call("POST", "/cases", model.start(0))
    _do_next(client, case["id"])
    _do_next(client, case["id"])


def _do_next(client: Client, case: str) -> None:
    for task in client.call("GET", f"/cases/{case}/tasks")["items"]:
        if task["state"] in ("ready", "reserved"):
            client.call("POST", f"/tasks/{task['id']}/claim", {})
            client.call("POST", f"/tasks/{task['id']}/complete", model.ASSESSED)


def _bytes_per_case(client: Client) -> int:
    before, count = _size(), _count()
    for _ in range(100):
        _whole_case(client)
    return round((_size() - before) / (_count() - count))


def _count() -> int:
    count = db.session.execute(sa.select(sa.func.count()).select_from(Case)).scalar_one()
    db.session.rollback()
    return int(count)


def _size() -> int:
    """Bytes of all tables and indexes, after making them as small as they get."""
    if db.engine.dialect.name == "sqlite":
        with contextlib.closing(sqlite3.connect(str(db.engine.url.database))) as file:
            file.execute("VACUUM")
            [pages], [size] = file.execute("PRAGMA page_count").fetchone(), file.execute("PRAGMA page_size").fetchone()
            return int(pages * size)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM FULL")
        tables = "relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'dbos'::regnamespace)"
        query = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE {tables}"
        return int(connection.exec_driver_sql(query).scalar_one())


def _statements(app: Any, token: str) -> dict[str, Any]:
    """SQL statements and commits of one start and one completion, counted in this process."""
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    sa.event.listen(db.engine, "commit", lambda *_: seen.append("COMMIT"))
    web = app.test_client()
    headers = {"Authorization": f"Bearer {token}"}

    def call(method: str, path: str, body: Any = None) -> tuple[Any, int, int]:
        db.session.rollback()  # as between requests; here they share one application context, and so its session
        seen.clear()
        answer = web.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        statements = [line for line in seen if not line.startswith(("BEGIN", "COMMIT"))]
        return answer.json, len(statements), seen.count("COMMIT")

    for number in (1, 2):  # the first time, definitions and forms are read and parsed
        case, start_sql, start_commits = call("POST", "/cases", model.start(number))
        [task] = call("GET", f"/cases/{case['id']}/tasks")[0]["items"]
        call("POST", f"/tasks/{task['id']}/claim", {})
        _, complete_sql, complete_commits = call("POST", f"/tasks/{task['id']}/complete", model.ASSESSED)
    return {
        "start_sql": start_sql,
        "start_commits": start_commits,
        "complete_sql": complete_sql,
        "complete_commits": complete_commits,
    }


def _lists(at: Installation) -> dict[str, float]:
    """What pages of 100 cost as JSON: of Ann's tasks, when 10,000 are open in all the cases there are; and of cases."""
    _open_tasks(10_000)
    found = {}
    for name, path in (("tasks_list", "/tasks?view=mine&limit=100"), ("cases_list", "/cases?limit=100")):
        at.client.call("GET", path)
        cost, _ = _cost(at.pid, [lambda path=path: at.client.call("GET", path)] * LOOKS)
        found |= {f"{name}_cpu_ms": cost.cpu, f"{name}_10000_ms": cost.p(50)}
    return found


def _open_tasks(count: int) -> None:
    """Add open tasks to all cases, of which Ann has half."""
    cases, now = db.session.scalars(sa.select(Case.id)).all(), utcnow()
    rows = [
        {
            "id": new_id(), "case_id": cases[i % len(cases)], "activity_id": f"bench-{i}", "element_id": "Assess",
            "name": "Assess", "state": TaskState.READY, "assignee": None, "priority": i % 100,
            "due_at": now + timedelta(minutes=i), "created_at": now, "version": 1,
        }
        for i in range(count)
    ]  # fmt: skip
    for row in rows[::2]:
        row |= {"assignee": "ann", "state": TaskState.RESERVED}
    offered = [
        {
            "task_id": row["id"], "principal": "group:clerks", "free": row["assignee"] is None,
            "rank": -row["priority"], "due": row["due_at"],
        }
        for row in rows
    ]  # fmt: skip
    db.session.execute(sa.insert(HumanTask), rows)
    db.session.execute(sa.insert(TaskCandidate), offered)
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
