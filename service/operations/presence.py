"""Say that somebody has a task's page before them, and forget who has not."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.db import db, if_free, utcnow
from service.models import Actor, Presence
from service.models.presence import STAYS


def here(task_id: uuid.UUID, *, by: Actor) -> None:
    """Remember that `by`, who may read the task, looks at it now; in a transaction of its own."""
    make: Any = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    now = utcnow()
    row = make(Presence).values(task_id=task_id, user_id=by.id, seen_at=now)
    if_free(row.on_conflict_do_update(index_elements=["task_id", "user_id"], set_={"seen_at": now}))


def forgotten(now: datetime) -> sa.Delete:
    """The statement that forgets who is gone."""
    return sa.delete(Presence).where(Presence.seen_at < now - STAYS)
