"""A backup that is taken while cases run is whole: it can be restored at any moment (faults.md F17)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from service import audit, background, create_inner, jobs, worker
from service.db import db
from service.models import Case
from service.models.job import job_input
from service.operations import cases, deployments
from service.permissions import SYSTEM
from tests.conftest import config_for
from tests.durability.test_timers import WAITS

assert background  # registers the jobs


@contextmanager
def load(app: Flask) -> Iterator[None]:
    """Cases are opened and their timers fire."""
    stop = threading.Event()

    def opening() -> None:
        with app.app_context():
            definition = deployments.latest_definition("waits")
            assert definition is not None
            while not stop.wait(0.02):
                cases.begin(definition, {}, by=SYSTEM)
                db.session.commit()

    settings = {"executor_id": "here", "stop": stop}
    threads = [threading.Thread(target=opening), threading.Thread(target=worker.run, args=(app,), kwargs=settings)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def backed_up(folder: Path) -> str:
    """Back the database up as SQLite does it online; the copy's URL."""
    copy = folder / "copy.db"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.driver_connection.execute("VACUUM INTO ?", (str(copy),))  # type: ignore[union-attr]
    return f"sqlite:///{copy}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the dump of PostgreSQL is one snapshot by itself
def test_a_backup_taken_under_load_is_whole(database_url: str, tmp_path: Path) -> None:
    app = create_inner(config_for(database_url))
    with app.app_context():
        deployments.deploy({"waits.bpmn": WAITS.replace(b"PT2S", b"PT1S")}, by=SYSTEM)
        db.session.commit()
        with load(app):
            threading.Event().wait(3)
            copy = backed_up(tmp_path)
        db.session.remove()
        db.engine.dispose()

    restored = create_inner(config_for(copy))
    with restored.app_context():
        there = {str(case) for case in db.session.scalars(sa.select(Case.id))}
        named = {_case_of(text) for text in jobs.execute(sa.select(job_input.c.inputs)).scalars()}
        assert len(there) > 10
        assert named <= there
        assert list(audit.verify()) == []
        assert db.session.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
        db.session.remove()
        db.engine.dispose()


def _case_of(inputs: str) -> str:
    """The root case of a job: its partition."""
    _name, _arguments, partition, *_ = json.loads(inputs)["positionalArgs"]
    return str(partition)
