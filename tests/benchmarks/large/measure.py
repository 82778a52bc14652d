"""What lists and pages cost on a large installation: the server's time from the request to the last byte, in process.

Wall-clock time is what people wait for, and what limits are about. CPU time, ours and PostgreSQL's, is said beside it,
for a machine that has other things to do.
"""

from __future__ import annotations

import os
import secrets
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from service import create_app
from service.audit import installation
from service.db import db, reading, utcnow
from service.http import auth
from service.jobs import launching
from service.models import SYSTEM, Case, CaseState, HumanTask, LoginSession, User
from service.operations import deployments, users
from service.policy import credentials
from service.worker import loop
from tests.benchmarks import model
from tests.benchmarks.large.people import QUEUES
from tests.conftest import config_for

TICKS = os.sysconf("SC_CLK_TCK")
TURNS, WARM = 40, 3  #: how often each is asked for, and how often before that without looking at the clock
DEEP = 20  #: pages before a deep one
OWN = 200  #: open tasks of somebody who has as many as people have
LIMITS = {"postgresql": 20, "sqlite": 40}  #: milliseconds of lists and pages, at the 95th percentile
NOTHING_FOUND, DUE = 50, 5  #: of a text that hits nothing, of a look at what is due
BOARD = 200  #: of a board, which is a dozen lists
AS_EMPTY = 1.25  #: so many times as much as on an empty database still counts as the same
WRITES = ("start", "claim", "complete")


@dataclass(frozen=True)
class Times:
    """Milliseconds of many requests of one kind."""

    wall: list[float]
    cpu: list[float]
    database: float = 0.0  #: PostgreSQL's CPU milliseconds for each, on average

    def figures(self, limit: float) -> dict[str, float]:
        return {
            "p95_ms": round(statistics.quantiles(self.wall, n=20)[-1], 1),
            "p50_ms": round(statistics.median(self.wall), 1),
            "cpu_ms": round(statistics.median(self.cpu), 1),
            "database_cpu_ms": round(self.database, 1),
            "limit_ms": round(limit, 1),
        }


def measure(url: str, empty: str) -> dict[str, Any]:
    """All figures of the generated database at `url`, beside those of an `empty` one for what is written."""
    on_empty = _on_empty(empty)
    app = _application(url)
    with app.app_context():
        dialect = db.engine.dialect.name
        people = _people()
        browsers = {name: _browser(app, user) for name, user in people.items()}
        number = _a_number()
        db.session.remove()
    asked = _questions(browsers, number)
    steps = _steps(app)
    database = _postgresql_cpu(app)
    found: dict[str, Any] = {"database": dialect}
    limit = LIMITS[dialect]
    boards = dict.fromkeys(("board_by_stage", "board_by_person", "board_by_person_of_usual"), BOARD)
    own = {**boards, "no_hit": NOTHING_FOUND, "no_hit_tasks": NOTHING_FOUND, "no_hit_of_two_letters": NOTHING_FOUND}
    for name, ask in asked.items():
        found[name] = _timed(ask, database).figures(own.get(name, limit))
    found |= {name: times.figures(AS_EMPTY * on_empty[name]) for name, times in steps.items()}
    with app.app_context():
        found["due_probe"] = _timed(loop._look, database).figures(DUE)
        db.session.remove()
        db.engine.dispose()
    return found


def over_the_limit(found: Mapping[str, Any]) -> list[str]:
    """The figures that are worse than they may be."""
    return [name for name, each in found.items() if isinstance(each, dict) and each["p95_ms"] > each["limit_ms"]]


def _application(url: str) -> Flask:
    """An application that lets somebody search as often as a benchmark does."""
    return create_app(config_for(url, CASEWRIGHT_SEARCH_LIMIT="100000 per minute"))


def _on_empty(url: str) -> dict[str, float]:
    """What starting, claiming and completing take at the 95th percentile where there is nothing else."""
    app = _application(url)
    with app.app_context():
        db.create_all()
        launching.create_tables(app)
        installation.begin()
        db.session.commit()
        db.session.remove()
    found = {name: times.figures(0)["p95_ms"] for name, times in _steps(app).items()}
    with app.app_context():
        db.engine.dispose()
    return found


def _timed(ask: Callable[[], object], database: Callable[[], float]) -> Times:
    wall: list[float] = []
    cpu: list[float] = []
    for _ in range(WARM):
        ask()
    before = database()
    for _ in range(TURNS):
        began, used = time.perf_counter(), time.process_time()
        ask()
        cpu.append((time.process_time() - used) * 1000)
        wall.append((time.perf_counter() - began) * 1000)
    return Times(wall, cpu, (database() - before) / TURNS)


def _postgresql_cpu(app: Flask) -> Callable[[], float]:
    """What says how many CPU milliseconds the database's processes have used; 0 on SQLite, which is in our own, and
    where they cannot be looked at."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            return lambda: 0.0
        backends = sa.text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        pids = [int(pid) for pid in db.session.scalars(backends)]
        db.session.remove()

    def used() -> float:
        stats = [Path(f"/proc/{pid}/stat") for pid in pids]
        fields = [stat.read_text().rsplit(")", 1)[1].split() for stat in stats if stat.exists()]
        return sum(int(each[11]) + int(each[12]) for each in fields) * 1000 / TICKS

    return used


def _questions(browsers: Mapping[str, FlaskClient], number: str) -> dict[str, Callable[[], object]]:
    """What is asked for, by name; each by whom it is dear for."""
    pages = {
        "my_tasks": ("usual", "/tasks"),
        "my_tasks_heavy": ("heavy", "/tasks"),
        "team_of_1": ("queue.one", "/tasks/team"),
        "team_of_3": ("queue.three", "/tasks/team"),
        "team_of_30": ("queue.thirty", "/tasks/team"),
        "team_of_1_by_due": ("queue.one", "/api/v1/tasks?view=team&sort=due"),
        "team_of_30_by_due": ("queue.thirty", "/api/v1/tasks?view=team&sort=due"),
        "my_tasks_json": ("usual", "/api/v1/tasks?view=mine&limit=100"),
        "team_of_30_json": ("queue.thirty", "/api/v1/tasks?view=team&limit=100"),
        "all_of_manager": ("manager", "/api/v1/tasks?view=all"),
        "all_late_of_manager": ("manager", "/api/v1/tasks?view=all&late=true"),
        "all_by_due_of_manager": ("manager", "/api/v1/tasks?view=all&sort=due"),
        "all_newest_of_manager": ("manager", "/api/v1/tasks?view=all&sort=newest"),
        "all_oldest_of_manager": ("manager", "/api/v1/tasks?view=all&sort=oldest"),
        "all_of_usual": ("usual", "/api/v1/tasks?view=all"),
        "all_of_one_group": ("queue.one", "/api/v1/tasks?view=all"),
        "cases": ("usual", "/cases"),
        "cases_of_admin": ("admin", "/cases"),
        "cases_by_number": ("admin", f"/cases?q={quote(number)}"),
        "cases_by_due": ("admin", "/api/v1/cases?sort=due"),
        "cases_by_priority": ("admin", "/api/v1/cases?sort=priority"),
        "open_cases_by_priority": ("admin", "/api/v1/cases?sort=priority&state=active"),
        "cases_by_priority_of_usual": ("usual", "/api/v1/cases?sort=priority"),
        "cases_by_state": ("admin", "/cases?state=terminated"),
        "cases_by_type": ("manager", "/cases?type=insurance-claim"),
        "cases_by_type_of_usual": ("usual", "/cases?type=insurance-claim"),
        "no_hit": ("manager", "/cases?q=zzyzx"),
        "no_hit_of_two_letters": ("manager", "/cases?q=%C3%9Fq"),
        "no_hit_tasks": ("queue.three", "/api/v1/tasks?view=team&text=zzyzx"),
        "board_by_stage": ("manager", "/board/insurance-claim"),
        "board_by_person": ("manager", "/board/insurance-claim?by=person"),
        "board_by_person_of_usual": ("usual", "/board/insurance-claim?by=person"),
        "menu": ("manager", "/profile"),
        "menu_of_admin": ("admin", "/profile"),
        "new_case": ("manager", "/cases/new"),
        "case_types": ("manager", "/case-types"),
        "incidents": ("admin", "/incidents"),
    }
    deep = {
        "deep_my_tasks": ("heavy", "/api/v1/tasks?view=mine"),
        "deep_team_of_30": ("queue.thirty", "/api/v1/tasks?view=team"),
        "deep_cases": ("admin", "/api/v1/cases"),
    }
    for name, (who, path) in deep.items():
        pages[name] = who, _deep(browsers[who], path)
    return {name: _question(browsers[who], path) for name, (who, path) in pages.items()}


def _question(browser: FlaskClient, path: str) -> Callable[[], object]:
    def ask() -> None:
        shown = browser.get(path)
        if shown.status_code not in (200, 302, 303):
            raise RuntimeError(f"{path}: {shown.status_code}")
        shown.get_data()

    return ask


def _deep(browser: FlaskClient, path: str) -> str:
    """The address of a page far down the list."""
    for _ in range(DEEP):
        following = browser.get(path).get_json()["next"]
        if following is None:
            break
        path = following
    return path


def _people() -> dict[str, User]:
    """Whose lists are looked at: of people with usually many tasks and with the most, and of the others."""
    with reading():
        own = sa.select(HumanTask.assignee, sa.func.count().label("many")).where(
            HumanTask.closed_at.is_(None), HumanTask.assignee.is_not(None)
        )
        loads = db.session.execute(own.group_by(HumanTask.assignee)).all()
    usual = min(loads, key=lambda row: abs(row.many - OWN)).assignee
    heavy = max(loads, key=lambda row: row.many).assignee
    names = {"usual": usual, "heavy": heavy, "manager": "mia", "admin": "admin", **{name: name for name in QUEUES}}
    found = {user.name: user for user in db.session.scalars(sa.select(User).where(User.name.in_(names.values())))}
    db.session.rollback()
    return {name: found[who] for name, who in names.items()}


def _a_number() -> str:
    """The number of some case that is neither new nor old."""
    chosen = sa.select(Case.number).where(Case.state == CaseState.ACTIVE).order_by(Case.id).offset(500).limit(1)
    return str(db.session.scalar(chosen))


def _browser(app: Flask, user: User) -> FlaskClient:
    """A browser in which `user` is signed in."""
    secret = secrets.token_urlsafe(32)
    until = utcnow() + timedelta(hours=2)
    db.session.add(LoginSession(hash=credentials.digest(secret), user_id=user.id, expires_at=until))
    db.session.commit()
    browser = app.test_client()
    browser.set_cookie(auth.cookie_name(app), secret)
    return browser


def _steps(app: Flask) -> dict[str, Times]:
    """What starting a case, claiming its task and completing it take, over the API."""
    with app.app_context():
        token = _clerk()
        db.session.remove()
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    times = {name: Times([], []) for name in WRITES}

    def post(kind: str, path: str, body: Any) -> Any:
        began, used = time.perf_counter(), time.process_time()
        answer = client.post(f"/api/v1{path}", json=body, headers=headers)
        times[kind].cpu.append((time.process_time() - used) * 1000)
        times[kind].wall.append((time.perf_counter() - began) * 1000)
        if answer.status_code >= 300:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:500]}")
        return answer.get_json()

    for number in range(WARM + TURNS):
        case = post("start", "/cases", model.start(number))
        [task] = client.get(f"/api/v1/cases/{case['id']}/tasks", headers=headers).get_json()["items"]
        post("claim", f"/tasks/{task['id']}/claim", {})
        post("complete", f"/tasks/{task['id']}/complete", model.ASSESSED)
    return {name: Times(each.wall[WARM:], each.cpu[WARM:]) for name, each in times.items()}


def _clerk() -> str:
    """The token of somebody who may open a simple case; both are made where they are not there yet."""
    clerk = db.session.scalars(sa.select(User).where(User.name == "clerk")).one_or_none()
    if clerk is None:
        clerk = users.create("clerk", "Clerk", groups=("clerks",), by=SYSTEM)
        deployments.deploy(model.FILES, by=SYSTEM)
    issued = users.issue_token(clerk, "bench", ["read", "work"], by=SYSTEM, expires_at=utcnow() + timedelta(hours=2))
    db.session.commit()
    return issued.secret
