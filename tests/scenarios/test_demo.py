"""The demo as a stranger meets it: people, case types, and cases in every state."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from service import audit, create_app, jobs
from service.db import db, utcnow
from service.demo import cases as demo_cases
from service.demo import setting_up, telling
from service.engine.workflow import Workflow
from service.execution.definitions import deployed
from service.maintenance import comparison
from service.models import (
    Actor,
    AuditEntry,
    Case,
    CaseState,
    DefinitionAccess,
    Group,
    HumanTask,
    ProcessDefinition,
    Timer,
    User,
)
from service.models.jobs import job_status
from service.operations import tasks, users
from service.queries import tasks as task_lists
from tests.benchmarks.large.generate import generate
from tests.conftest import config_for, new_database, on_server, running

ROOT = Path(__file__).resolve().parents[2]


def _tell(url: str) -> None:
    with running(url):
        now = utcnow()
        telling.tell(demo_cases.tales(now), until=now)
        db.session.commit()


@pytest.fixture(scope="session")
def told_sqlite(furnished_sqlite: Path, scratch: Path) -> Path:
    """A SQLite file with the demo's cases."""
    path = scratch / "told.db"
    shutil.copy(furnished_sqlite, path)
    _tell(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def told_postgresql(furnished_postgresql: sa.URL) -> sa.URL:
    """The same on PostgreSQL."""
    url = furnished_postgresql.set(database="told_casewright")
    create = f"CREATE DATABASE told_casewright TEMPLATE {furnished_postgresql.database}"
    on_server(url.set(database="postgres"), create)
    _tell(url.render_as_string(hide_password=False))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The demo with its cases, on either database."""
    templates = {"sqlite": "told_sqlite", "postgresql": "told_postgresql"}
    with new_database(request, tmp_path, templates) as url, running(url) as app:
        yield app


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[Flask]:
    """The application on a database file that does not exist yet."""
    app = create_app(config_for(f"sqlite:///{tmp_path / 'fresh.db'}"))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def actor(name: str) -> Actor:
    return users.actor_of(db.session.scalars(sa.select(User.id).where(User.name == name)).one())


def test_there_are_cases_of_every_type_at_several_stages_and_some_are_finished(told: Flask) -> None:
    cases = db.session.scalars(sa.select(Case)).all()

    assert len(cases) >= 12
    opened_by_people = sa.select(ProcessDefinition.key).join(DefinitionAccess).where(DefinitionAccess.role == "starter")
    case_types = opened_by_people.where(ProcessDefinition.number_prefix.is_not(None))
    assert {case.case_type for case in cases} >= set(db.session.scalars(case_types))
    assert {case.state for case in cases} >= {CaseState.ACTIVE, CaseState.SUSPENDED, CaseState.COMPLETED}
    assert len({(case.case_type, case.stage) for case in cases if case.state is CaseState.ACTIVE}) >= 10


def test_every_person_finds_something_to_do_and_some_of_it_is_late(told: Flask) -> None:
    counted = {name: task_lists.counts(actor(name)) for name in ("ann", "ben", "mia", "carl")}

    assert all(count.mine >= 1 for count in counted.values()), counted
    assert sum(count.team >= 1 for count in counted.values()) >= 3, counted
    assert 1 <= sum(count.late for count in counted.values()) <= 8, counted


def test_the_story_of_each_case_holds_and_lies_in_the_past_in_order(told: Flask) -> None:
    now = utcnow()
    entries = sa.text("SELECT count(*) FROM audit_entry")

    assert list(audit.verify()) == []
    assert db.session.execute(entries).scalar_one() > 90
    for case in db.session.scalars(sa.select(Case)):
        moments = [entry.at for entry in _story(case)]
        assert moments == sorted(moments), case.number
        assert case.created_at == moments[0]
        assert {task.created_at for task in db.session.scalars(_tasks(case))} <= set(moments)
        assert moments[-1] <= now


def _approval() -> sa.Select[HumanTask]:
    """The claim that Mia is looking at."""
    mine = sa.select(HumanTask).where(HumanTask.assignee == "mia", HumanTask.closed_at.is_(None))
    return mine.where(HumanTask.element_id == "Task_Approve")


def _tasks(case: Case) -> sa.Select[HumanTask]:
    return sa.select(HumanTask).where(HumanTask.case_id == case.id)


def _story(case: Case) -> list[AuditEntry]:
    wanted = sa.select(AuditEntry).where(AuditEntry.case_id == case.id).order_by(AuditEntry.seq)
    return list(db.session.scalars(wanted))


def test_no_timer_is_overdue_and_each_is_woken_when_it_is_due(told: Flask) -> None:
    timers = db.session.scalars(sa.select(Timer)).all()

    assert len(timers) >= 4
    for timer in timers:
        assert timer.due_at > utcnow()
        wakes = sa.select(job_status.c.delay_until_epoch_ms).where(
            job_status.c.workflow_uuid == f"timer:{timer.id}:{timer.seq}", job_status.c.status == "DELAYED"
        )
        woken = jobs.execute(wakes).scalar_one() / 1000
        assert abs(woken - timer.due_at.timestamp()) < 5


def test_groups_have_titles_that_people_read(furnished: Flask) -> None:
    used = set(db.session.scalars(sa.text("SELECT DISTINCT group_name FROM membership")))
    titles = {group.name: group.title for group in db.session.scalars(sa.select(Group))}

    assert used <= set(titles)
    assert all(title != name and title[0].isupper() for name, title in titles.items())
    assert titles["hr-officers"] == "HR officers"


@pytest.mark.parametrize("hour", [0, 3, 12, 23])
def test_nothing_happens_before_its_cause_or_in_the_future_whenever_the_demo_is_started(hour: int) -> None:
    now = utcnow().replace(hour=hour, minute=2)

    for tale in demo_cases.tales(now):
        moments = [step.at for step in tale.steps]
        assert moments[-1] < now
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        claimed = [step.form is None for step in tale.steps[1:]]
        assert all(gap >= (timedelta(0) if only else telling.WORK) for gap, only in zip(gaps, claimed, strict=True))


def test_a_first_start_makes_everything_and_a_second_one_keeps_it_and_what_was_done_since(nowhere: Flask) -> None:
    def rows() -> dict[str, int]:
        counts = {table.name: sa.select(sa.func.count()).select_from(table) for table in db.metadata.tables.values()}
        found = {name: db.session.execute(count).scalar_one() for name, count in counts.items()}
        db.session.rollback()  # or the second start would wait for this transaction
        return found

    setting_up.prepare(nowhere)
    task = db.session.scalars(_approval()).one()
    tasks.release(task, by=actor("mia"))
    db.session.commit()
    first = rows()
    setting_up.prepare(nowhere)

    assert first["case"] >= 12
    assert first["human_task"] > 20
    assert rows() == first
    assert task.assignee is None


def test_copies_of_its_cases_are_as_whole_as_they_are(told: Flask) -> None:
    made = generate(told, 400, people=60, groups=30, processes=1)

    assert made["open_tasks"] >= 400
    assert list(audit.verify()) == []
    assert list(comparison.differences()) == []
    for case in db.session.scalars(sa.select(Case).where(Case.closed_at.is_(None))):
        definition = deployed(case.definition_id).definition
        workflow = Workflow.load(definition, case.snapshot or b"", case.variables, now=utcnow())
        assert sorted(case.marked) == sorted(workflow.open_work().marked)
