"""The ids of workers: each is one living worker's, and free again as soon as that has ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.models.jobs import WorkerHeartbeat
from service.worker import loop, places

HERE = socket.gethostname()


@pytest.fixture
def living() -> Iterator[int]:
    """The number of another process that lives."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def put(worker_id: str, *, host: str, pid: int, ago: float = 0.0) -> None:
    """Somebody has the id, and was last seen so many seconds ago."""
    seen_at = utcnow() - timedelta(seconds=ago)
    db.session.merge(WorkerHeartbeat(worker_id=worker_id, seen_at=seen_at, life="theirs", host=host, pid=pid))
    db.session.commit()


def held() -> dict[str, str | None]:
    db.session.rollback()
    found = {row.worker_id: row.life for row in db.session.execute(sa.select(WorkerHeartbeat.__table__))}
    db.session.rollback()  # on SQLite our own open transaction would hold up every writer
    return found


def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_an_id_whose_worker_beats_on_is_refused_with_what_to_do(
    app: Flask, living: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("one", host="elsewhere", pid=7, ago=1)

    def passes(_seconds: float) -> None:
        put("one", host="elsewhere", pid=7)

    monkeypatch.setattr(places, "sleep", passes)
    with pytest.raises(places.Taken, match=r"process 7 on elsewhere. Give this one a CASEWRIGHT"):
        places.take("one")

    assert held() == {"one": "theirs"}


@pytest.mark.parametrize("end", ["stopped", "killed here", "killed in a container", "killed elsewhere long ago"])
def test_an_id_is_free_at_once_when_its_worker_has_ended(app: Flask, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    if end == "stopped":
        places.leave(places.take("one"))
    else:
        host, pid, ago = {
            "killed here": (HERE, gone(), 1),
            "killed in a container": (HERE, os.getpid(), 1),
            "killed elsewhere long ago": ("elsewhere", 7, 9),
        }[end]
        put("one", host=host, pid=pid, ago=ago)
    monkeypatch.setattr(places, "sleep", lambda _: pytest.fail("It waits."))

    place = places.take("one")

    assert held() == {"one": place.life}


def test_a_worker_killed_elsewhere_a_moment_ago_is_waited_for(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    put("one", host="elsewhere", pid=7, ago=5)
    waited: list[float] = []
    monkeypatch.setattr(places, "DEAD_AFTER", timedelta(seconds=5.3))
    monkeypatch.setattr(places, "sleep", lambda seconds: (waited.append(seconds), threading.Event().wait(0.2)))

    place = places.take("one")

    assert waited and held() == {"one": place.life}


def test_ids_that_nobody_set_are_different_and_the_same_after_a_restart(app: Flask, living: int) -> None:
    first = places.take("")
    put(first.worker_id, host=HERE, pid=living)
    second = places.take("")
    places.leave(second)

    third = places.take("")

    assert first.worker_id.endswith("-1") and second.worker_id.endswith("-2")
    assert third.worker_id == second.worker_id


def test_who_slept_while_another_took_the_id_ends(app: Flask) -> None:
    sleeper = places.take("one")
    put("one", host="elsewhere", pid=7)

    with pytest.raises(places.Taken):
        places.beat(sleeper)


def test_a_heartbeat_that_was_cleaned_away_is_written_anew(app: Flask) -> None:
    place = places.take("one")
    db.session.execute(sa.delete(WorkerHeartbeat))
    db.session.commit()

    places.beat(place)

    assert held() == {"one": place.life}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_stops_frees_its_id(app: Flask) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(app,), kwargs={"executor_id": "one", "stop": stop})
    thread.start()
    while "one" not in held():
        time.sleep(0.05)
    stop.set()
    thread.join()

    assert held() == {}
