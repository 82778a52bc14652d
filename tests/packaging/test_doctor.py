"""The doctor: what is well, what ails, and what to do, on both databases; and the commands for the schema."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from service import cli
from service.config import read
from service.db import db, new_id, utcnow
from service.maintenance import doctor, schema
from service.maintenance.doctor import Finding, Health
from service.models import Actor, Incident, SchemaRevision, Timer
from service.models.jobs import WorkerHeartbeat
from tests.api.conftest import Office, office
from tests.conftest import ROOT

__all__ = ["office"]

NEWEST = max(file.name for file in (ROOT / "service" / "alembic" / "versions").glob("[0-9]*.py"))[:4]
Person = Callable[..., Actor]


@pytest.fixture
def well(app: Flask, person: Person) -> Flask:
    """An installation in which nothing is amiss."""
    person("root", admin=True)
    beat("worker-1")
    return app


def stamp(revision: str) -> None:
    """Say that the tables are of `revision`, as Alembic does."""
    db.session.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    db.session.commit()


def only_added_to(revision: str) -> None:
    """Say that `revision` has come, with which this release can go on."""
    stamp(revision)
    db.session.add(SchemaRevision(revision=revision, works_with=NEWEST))
    db.session.commit()


def beat(worker: str, ago: timedelta = timedelta(0)) -> None:
    db.session.merge(WorkerHeartbeat(worker_id=worker, seen_at=utcnow() - ago))
    db.session.commit()


def findings(app: Flask) -> dict[str, Finding]:
    """The worst finding of each topic."""
    found: dict[str, Finding] = {}
    for each in doctor.examine(app.config["CASEWRIGHT"]):
        if each.topic not in found or each.health is Health.BAD:
            found[each.topic] = each
    return found


def test_of_a_healthy_installation_everything_is_said_to_be_well(well: Flask) -> None:
    found = list(doctor.examine(well.config["CASEWRIGHT"]))

    worth_a_look = {each.topic for each in found if each.health is not Health.OK}
    assert worth_a_look <= {"settings", "disk"}  # tests do without HTTPS, on a disk that may be nearly full
    assert {"settings", "pages", "database", "schema", "clock", "workers", "people"} <= {each.topic for each in found}
    assert all(each.advice for each in found if each.health is not Health.OK)


def test_without_tables_it_asks_no_further(app: Flask) -> None:
    db.session.execute(sa.text("DROP TABLE alembic_version"))
    db.session.commit()

    found = findings(app)

    assert found["schema"].health is Health.BAD
    assert found["schema"].advice == "Run `casewright db upgrade`."
    assert "workers" not in found


def test_tables_of_a_newer_release_are_said_to_be_that(well: Flask) -> None:
    stamp("9999")

    found = findings(well)["schema"]

    assert found.seen == f"The tables are of a newer release (9999; this one has {NEWEST})."
    assert found.advice == "Run that newer release."


def test_tables_to_which_a_newer_release_only_added_are_worked_on(well: Flask) -> None:
    only_added_to("9999")

    found = findings(well)

    assert (found["schema"].health, found["schema"].advice) == (Health.OK, "")
    assert found["schema"].seen == f"The tables are of a newer release (9999; this one has {NEWEST}). Both can run."
    assert "workers" in found
    assert well.test_client().get("/readyz").status_code == 200


def test_workers_that_died_are_missed(well: Flask) -> None:
    beat("worker-1", ago=timedelta(minutes=5))

    found = findings(well)["workers"]

    assert found.health is Health.BAD
    assert "The last one, worker-1, was seen at" in found.seen


def test_late_timers_and_open_incidents_are_counted(well: Flask, office: Office) -> None:
    case_id = UUID(office.open_case())
    late = Timer(id=new_id(), case_id=case_id, timer_id="t", element_id="e", due_at=utcnow())
    late.due_at -= timedelta(minutes=2)
    db.session.add_all([late, Incident(message="It went wrong.")])
    db.session.commit()

    found = findings(well)

    assert found["timers"].health is Health.BAD
    assert (
        found["timers"].seen
        == f"Some are late: the oldest timer or job was due at {late.due_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    assert found["incidents"].seen == "1 open, and 0 jobs out of attempts."


def test_an_installation_without_an_administrator_is_told_how_to_get_one(app: Flask, person: Person) -> None:
    person("ann")

    assert findings(app)["people"].advice == "`casewright user add NAME --admin`."


def test_missing_web_parts_are_missed(well: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "files", lambda _package: tmp_path)

    assert findings(well)["pages"].health is Health.BAD


class Usage(NamedTuple):
    """As `shutil.disk_usage` has it."""

    total: int
    used: int
    free: int


@pytest.mark.parametrize(("free", "health"), [(10**12, Health.OK), (5 * 10**8, Health.WARN), (10**6, Health.BAD)])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_seen_coming(well: Flask, monkeypatch: pytest.MonkeyPatch, free: int, health: Health) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 0, free))

    assert findings(well)["disk"].health is health


@pytest.mark.parametrize(
    ("apart", "health"),
    [(timedelta(0), Health.OK), (timedelta(seconds=20), Health.WARN), (timedelta(hours=1), Health.BAD)],
)
def test_clocks_that_differ_are_seen(
    well: Flask, monkeypatch: pytest.MonkeyPatch, apart: timedelta, health: Health
) -> None:
    beat("worker-1", ago=-apart)
    monkeypatch.setattr(doctor, "database_now", lambda: datetime.now(UTC) + apart)

    assert findings(well)["clock"].health is health


def test_the_sign_in_pages_password_list_is_only_for_demos(well: Flask) -> None:
    given = {"CASEWRIGHT_SECRET_KEY": "x" * 32, "CASEWRIGHT_DEMO": "yes", "CASEWRIGHT_SECURE_COOKIES": "no"}

    found = [each.seen for each in doctor.examine(read(given)) if each.topic == "settings"]

    assert "This is a demo: the sign-in page shows names and a password." in found


@pytest.fixture
def command(well: Flask, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line on that installation."""
    settings = well.config["CASEWRIGHT"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("CASEWRIGHT_")}
    url = settings.database_url.replace("postgresql+psycopg", "postgresql")
    monkeypatch.setattr(
        os, "environ", {**own, "CASEWRIGHT_DATABASE_URL": url, "CASEWRIGHT_SECRET_KEY": settings.secret_key}
    )
    return CliRunner()


def test_the_command_says_it_in_lines_and_as_json(command: CliRunner) -> None:
    lines, program = command.invoke(cli.main, ["doctor"]), command.invoke(cli.main, ["doctor", "--json"])

    assert (lines.exit_code, program.exit_code) == (0, 0)
    assert "ok    workers    1 at work: worker-1." in lines.stdout
    told = json.loads(program.stdout)["findings"]
    assert {"topic": "workers", "health": "ok", "seen": "1 at work: worker-1.", "advice": ""} in told


def test_it_exits_with_1_when_something_ails(command: CliRunner) -> None:
    beat("worker-1", ago=timedelta(hours=1))

    done = command.invoke(cli.main, ["doctor"])

    assert done.exit_code == 1
    assert "ILL   workers    None is at work" in done.stdout
    assert "1 to mend" in done.stdout


def test_the_schema_is_asked_about_and_left_as_it_is(command: CliRunner) -> None:
    there, fits = command.invoke(cli.main, ["db", "current"]), command.invoke(cli.main, ["db", "check"])
    done = command.invoke(cli.main, ["db", "upgrade"])

    assert there.stdout == f"database {NEWEST}, release {NEWEST}\n"
    assert (fits.exit_code, fits.stdout) == (0, f"The tables are this release's ({NEWEST}).\n")
    assert done.stdout == "The database was up to date.\n"


def test_tables_to_which_a_newer_release_only_added_stay_as_they_are(command: CliRunner) -> None:
    only_added_to("9999")

    fits, done = command.invoke(cli.main, ["db", "check"]), command.invoke(cli.main, ["db", "upgrade"])

    assert (fits.exit_code, done.exit_code) == (0, 0)
    assert fits.stdout.endswith("Both can run.\n")
    assert done.stdout == "The database was up to date.\n"
    assert schema.standing().revision == "9999"


def test_tables_of_a_newer_release_are_never_touched(command: CliRunner) -> None:
    stamp("9999")

    fits, done = command.invoke(cli.main, ["db", "check"]), command.invoke(cli.main, ["db", "upgrade"])

    assert (fits.exit_code, done.exit_code) == (1, 1)
    assert "newer release" in fits.stderr and "newer release" in done.stderr
    assert schema.standing().revision == "9999"
