"""A body over the limit, sent to the installed server over a socket."""

from __future__ import annotations

import http.client
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.server import Server

LIMIT_MB = 2


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path) -> Iterator[Server]:
    """`casewright serve`, taking 2 MB at most."""
    shutil.copy(sqlite_template, tmp_path / "casewright.db")
    environment = {
        "CASEWRIGHT_DATABASE_URL": f"sqlite:///{tmp_path / 'casewright.db'}",
        "CASEWRIGHT_SECRET_KEY": "only for tests, only for tests, only",
        "CASEWRIGHT_SECURE_COOKIES": "no",
        "CASEWRIGHT_MAX_UPLOAD_MB": str(LIMIT_MB),
        "CASEWRIGHT_LOG_LEVEL": "ERROR",
    }
    started = Server(environment, on_sqlite=True)
    started.start()
    yield started
    started.kill()


def test_who_sends_too_much_gets_to_read_so_and_the_connection_stays(server: Server) -> None:
    connection = http.client.HTTPConnection(*server.address, timeout=30)
    for _ in range(150):
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        break
    body = b"a" * (LIMIT_MB * 10 * 1024 * 1024)
    for _ in range(2):
        connection.request("POST", "/sign-in", body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status == 413
        assert "too large" in said
    connection.close()
