"""Everything that is kept of one case, for `casewright case dump`: to look into a case that puzzles."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from service.db import db
from service.engine.state import snapshot
from service.models import SYSTEM, AuditEntry, HumanTask, Incident, PendingCall, Subscription, Timer
from service.queries import cases


def case(number: str) -> dict[str, Any]:
    """The case's row, its workflow as stored, what is open, and its story; raises `NotFound`."""
    found = cases.by_number(number, by=SYSTEM)
    row = {column.key: getattr(found, column.key) for column in sa.inspect(type(found)).columns}
    stored = row.pop("snapshot")
    return {
        "case": {**row, "audit_hash": found.audit_hash.hex()},
        "workflow": snapshot.read(stored) if stored else None,
        **{
            model.__tablename__: [_plain(item) for item in _of(model, found.id)]
            for model in (HumanTask, Timer, Subscription, PendingCall, Incident, AuditEntry)
        },
    }


def _of(model: Any, case_id: Any) -> list[Any]:
    return list(db.session.scalars(sa.select(model).where(model.case_id == case_id)))


def _plain(row: Any) -> dict[str, Any]:
    values = {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).columns}
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}
