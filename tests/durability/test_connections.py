"""Connections to PostgreSQL: named for what has them, and bounded."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.pool import QueuePool

from service import cli, create_inner
from service.cli import application
from service.db import connections, db
from service.jobs import launching
from service.worker import loop
from tests.conftest import config_for

NAMES = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_server_sees_what_each_connection_is_for(app: Flask, database_url: str) -> None:
    inner = create_inner(config_for(database_url), "casewright worker")
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(inner,), kwargs={"executor_id": "one", "stop": stop})
    thread.start()
    wanted = {"casewright", "casewright worker", "casewright jobs"}
    seen: set[str] = set()
    limit = time.monotonic() + 20
    while not seen >= wanted and time.monotonic() < limit:
        seen |= set(db.session.scalars(sa.text(NAMES)))
        db.session.rollback()
        stop.wait(0.1)
    stop.set()
    thread.join()
    with inner.app_context():
        db.engine.dispose()

    assert seen >= wanted


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_process_has_no_more_connections_than_the_handbook_says(app: Flask) -> None:
    pool = db.engine.pool

    assert isinstance(pool, QueuePool)
    assert pool.size() + pool._max_overflow == connections.MOST == 20
    assert (launching._ENGINE["pool_size"], launching._ENGINE["max_overflow"]) == (launching.CONNECTIONS, 0) == (8, 0)


def test_a_command_goes_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(cli.users.disable_users, "callback", lambda **_: called.append(application._called()))

    CliRunner().invoke(cli.main, ["user", "disable", "x"], prog_name="python -m service", catch_exceptions=False)

    assert called == ["casewright user disable"]
