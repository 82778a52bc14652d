"""The shipped case types: `story` on the engine alone, `world` over REST with the demo's people on both databases.

On the engine a case is worked through step by step, and restarted after each; what people enter passes through the
form of their task, as it does in the service.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import create_app, forms
from service.db import db
from service.demo import people
from service.engine.parser import Definition, Package, parse
from service.engine.work import OpenTask, WorkflowState
from service.engine.workflow import Workflow
from service.models import SYSTEM
from service.operations import deployments, timers
from service.operations.sources import collect
from tests.browser import NewPage, serving
from tests.conftest import config_for, new_database, on_server, running
from tests.engine.diagrams import restarted
from tests.scenarios.desk import Desk
from tests.scenarios.rest import MONDAY, World

ROOT = Path(__file__).resolve().parents[2]


class Story:
    """One case, told by what people do and by the time that passes. It is stored and loaded again at every step."""

    def __init__(self, definition: Definition, form: Mapping[str, Any]) -> None:
        self.definition = definition
        self.now = MONDAY
        [start] = definition.info.starts
        entered = self._entered(start.form_key, form, {})
        self.workflow = Workflow.start(definition, {"initiator": "ann", **entered}, now=self.now)
        self.ended: list[str] = []
        self._keep()

    def _keep(self) -> None:
        assert self.workflow.failure is None, self.workflow.failure
        for happening in self.workflow.take_happenings():
            if happening.what == "completed" and happening.element_id.startswith("Event_"):
                self.ended.append(happening.element_id)
        self.workflow = restarted(self.workflow, now=self.now)

    @property
    def tasks(self) -> list[OpenTask]:
        """The open tasks."""
        return list(self.workflow.open_work().tasks)

    @property
    def open(self) -> list[str]:
        """The element ids of the open tasks, sorted."""
        return sorted(task.element_id for task in self.tasks)

    @property
    def variables(self) -> dict[str, Any]:
        """The case's data."""
        return dict(self.workflow.variables)

    @property
    def closed(self) -> bool:
        """Whether the case has come to its end."""
        return self.workflow.state is WorkflowState.COMPLETED

    def task(self, element_id: str, **local: Any) -> OpenTask:
        """The one open task of that element; of several instances the one with these local variables."""
        [found] = [
            task
            for task in self.tasks
            if task.element_id == element_id and all(task.local.get(name) == value for name, value in local.items())
        ]
        return found

    def do(self, element_id: str, form: Mapping[str, Any], **local: Any) -> Story:
        """Somebody completes that task with this form."""
        task = self.task(element_id, **local)
        self.workflow.complete(
            task.activity_id, self._entered(task.form_key, form, {**self.workflow.variables, **task.local})
        )
        self._keep()
        return self

    def _entered(self, form_key: str | None, form: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """What the form accepts of what was entered; nothing that a test enters may be unknown to the form."""
        assert form_key is not None
        accepted = forms.validate(_schema(form_key), form, context=context, now=self.now)
        assert form.keys() <= accepted.keys()
        return accepted

    def wait(self, **duration: float) -> Story:
        """Time passes; whatever is due meanwhile happens at its time."""
        until = self.now + timedelta(**duration)
        while due := self._next_timer(until):
            self.now = max(self.now, due[0])
            self.workflow.now = self.now
            assert self.workflow.fire(due[1])
            self._keep()
        self.now = until
        self.workflow.now = until
        return self

    def _next_timer(self, until: datetime) -> tuple[datetime, str] | None:
        timers = self.workflow.open_work().timers
        due = [(timer.due_at, timer.timer_id) for timer in timers if timer.due_at and timer.due_at <= until]
        return min(due, default=None)


@cache
def _schema(form_key: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((ROOT / "forms" / f"{form_key}.form").read_bytes())
    return schema


@pytest.fixture(scope="session")
def packages() -> Mapping[str, Package]:
    """Every shipped folder, parsed, by case type."""
    return {folder.name: parse(_files(folder)) for folder in sorted((ROOT / "processes").iterdir()) if folder.is_dir()}


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in (".bpmn", ".dmn")}


@pytest.fixture
def story(packages: Mapping[str, Package]) -> Callable[..., Story]:
    """Open a case: `story("insurance-claim", form)`."""

    def begin(case_type: str, form: Mapping[str, Any]) -> Story:
        return Story(packages[case_type].definitions[case_type], form)

    return begin


def _furnish(url: str) -> None:
    """Add the demo's people and case types to an empty database."""
    app = create_app(config_for(url))
    with app.app_context():
        people.add_people()
        deployments.deploy(collect((ROOT / "processes", ROOT / "forms")), by=SYSTEM)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def furnished_sqlite(sqlite_template: Path, scratch: Path) -> Path:
    """A SQLite file with the demo's people and case types, without cases."""
    path = scratch / "furnished.db"
    shutil.copy(sqlite_template, path)
    _furnish(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def furnished_postgresql(postgresql_template: sa.URL) -> sa.URL:
    """The same on PostgreSQL."""
    url = postgresql_template.set(database="furnished_casewright")
    on_server(url.set(database="postgres"), "CREATE DATABASE furnished_casewright TEMPLATE template_casewright")
    _furnish(url.render_as_string(hide_password=False))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def furnished(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application with the demo's people and case types, and no cases yet, on SQLite and on PostgreSQL."""
    templates = {"sqlite": "furnished_sqlite", "postgresql": "furnished_postgresql"}
    with new_database(request, tmp_path, templates) as url, running(url) as app:
        yield app


@pytest.fixture
def world(furnished: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The demo's people at their programs, on a Monday; PostgreSQL's clock goes with the test's."""
    monkeypatch.setattr(timers, "database_now", lambda: datetime.now(UTC))
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield World(furnished, traveller)


@pytest.fixture
def office(furnished_sqlite: Path, tmp_path: Path) -> Iterator[Flask]:
    """The demo's people and case types, and no cases yet."""
    shutil.copy(furnished_sqlite, tmp_path / "casewright.db")
    app = create_app(config_for(f"sqlite:///{tmp_path / 'casewright.db'}"))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def desk(office: Flask, new_page: NewPage) -> Iterator[Callable[[str], Desk]]:
    """`desk("ann")`: Ann in front of a browser of her own, signed in."""
    with serving(office) as address:

        def sit_down(name: str) -> Desk:
            person = Desk(new_page(address), name)
            person.sign_in()
            return person

        yield sit_down
