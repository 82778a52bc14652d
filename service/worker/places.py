"""Under which id a worker works: its own among all that live, and the same again after a restart.

Jobs in progress belong to an id. Two that lived under one would each take the other's for its own left-over work and do
it a second time. So an id is taken in the database, by whoever finds it free: nobody has it, its holder has ended, or
it has sent no sign of life for `DEAD_AFTER`. Whoever finds out later that another has its id, ends.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from dataclasses import dataclass
from datetime import timedelta
from time import sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.db import database_now, db
from service.models.jobs import WorkerHeartbeat

DEAD_AFTER = timedelta(seconds=8)  #: without a heartbeat
WATCHED = 0.5  #: seconds between looks at an id that somebody seems to have


class Taken(Exception):
    """Another worker lives under this id."""


@dataclass(frozen=True)
class Place:
    """An id, and the random mark of the process that has it."""

    worker_id: str
    life: str


def take(wanted: str) -> Place:
    """The place with the id `wanted`, or where that is empty with the first of this host's ids that is free.

    Where another process may still have `wanted` it is watched until it is known. Raises `Taken`.
    """
    if wanted:
        return _watched(wanted)
    number = 1
    while True:
        place = Place(f"{_host_name()}-{number}", secrets.token_hex(8))
        seen = _row(place.worker_id)
        if (seen is None or _has_ended(seen)) and _enter(place, seen):
            return place
        number += 1


def beat(place: Place) -> None:
    """Say that the worker lives. Raises `Taken` where another has its id: we slept, and were thought dead."""
    ours = WorkerHeartbeat.worker_id == place.worker_id, WorkerHeartbeat.life == place.life
    beaten = sa.update(WorkerHeartbeat).where(*ours).values(seen_at=database_now())
    found = db.session.execute(beaten.returning(WorkerHeartbeat.worker_id)).first()
    db.session.commit()
    if found is None and not _enter(place, None):
        raise Taken(_refusal(_row(place.worker_id), place.worker_id))


def leave(place: Place) -> None:
    """Free the id; what was left undone is anybody's at once."""
    ours = WorkerHeartbeat.worker_id == place.worker_id, WorkerHeartbeat.life == place.life
    db.session.execute(sa.delete(WorkerHeartbeat).where(*ours))
    db.session.commit()


def _watched(wanted: str) -> Place:
    place, first = Place(wanted, secrets.token_hex(8)), _row(wanted)
    while True:
        seen = _row(wanted)
        if seen is None or _has_ended(seen):
            if _enter(place, seen):
                return place
        elif first is not None and seen.seen_at != first.seen_at:
            raise Taken(_refusal(seen, wanted))
        first = first or seen
        sleep(WATCHED)


def _row(worker_id: str) -> Any:
    table = WorkerHeartbeat.__table__.c
    columns = table.worker_id, table.seen_at, table.life, table.host, table.pid
    found = db.session.execute(sa.select(*columns).where(table.worker_id == worker_id)).first()
    db.session.rollback()
    return found


def _has_ended(seen: Any) -> bool:
    """Whether the worker is gone: dead for long enough, or a process of this host that is no more."""
    if seen.seen_at < database_now() - DEAD_AFTER:
        return True
    return seen.host == socket.gethostname() and seen.pid is not None and not _lives(seen.pid)


def _lives(pid: int) -> bool:
    if pid == os.getpid():  # ours, in an earlier life: in a container every first process has the same number
        return False
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _enter(place: Place, seen: Any) -> bool:
    """Write ourselves in, unless somebody was faster since we saw what was there."""
    ours = {"seen_at": database_now(), "life": place.life, "host": socket.gethostname(), "pid": os.getpid()}
    if seen is None:
        insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
        row = insert(WorkerHeartbeat).values(worker_id=place.worker_id, **ours).on_conflict_do_nothing()
        done = db.session.execute(row.returning(WorkerHeartbeat.worker_id)).first()
    else:
        same = WorkerHeartbeat.worker_id == place.worker_id, WorkerHeartbeat.seen_at == seen.seen_at
        row_ = sa.update(WorkerHeartbeat).where(*same).values(ours).returning(WorkerHeartbeat.worker_id)
        done = db.session.execute(row_).first()
    db.session.commit()
    return done is not None


def _refusal(seen: Any, worker_id: str) -> str:
    where = f", process {seen.pid} on {seen.host}" if seen is not None and seen.host else ""
    return (
        f"A worker lives under the id “{worker_id}” already{where}. Give this one a CASEWRIGHT_WORKER_ID of its own, "
        "or set none: then it makes one."
    )


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname().partition(".")[0]).strip("-")[:40] or "worker"
