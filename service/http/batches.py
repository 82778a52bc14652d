"""Batches of tasks, worked through within a request: each task in a transaction of its own."""

from __future__ import annotations

import time
import uuid

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from service.db import db
from service.errors import ServiceError
from service.http.problems import problem_of
from service.models import Actor, TaskBatch
from service.operations import batches


def work(batch_id: uuid.UUID, *, by: Actor, seconds: float) -> int:
    """Do, or undo, what still waits in the batch until it is done or the time is over; how much is left.

    Commits what was begun before, and each task by itself; a task that is refused does not keep the others.
    """
    db.session.commit()
    batch = batches.own(db.session.get(TaskBatch, batch_id), by=by)
    act = batches.do if batch.undone_at is None else batches.undo
    places = batches.waiting(batch)
    db.session.commit()
    end = time.monotonic() + seconds
    for done, place in enumerate(places, 1):
        try:
            act(batch_id, place, by=by)
            db.session.commit()
        except (ServiceError, StaleDataError, DBAPIError) as refused:
            _refused(batch_id, place, refused)
        if time.monotonic() > end:
            return len(places) - done
    batches.finish(batches.own(db.session.get(TaskBatch, batch_id), by=by))
    db.session.commit()
    return 0


def _refused(batch_id: uuid.UUID, place: int, refused: Exception) -> None:
    db.session.rollback()
    if isinstance(refused, DBAPIError) and refused.connection_invalidated:
        raise refused
    said = batches.sentence(refused) if isinstance(refused, ServiceError) else problem_of(refused).detail
    batches.refuse(batch_id, place, said)
    db.session.commit()
