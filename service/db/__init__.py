"""The database: session, base class, column types, clock, and how a transaction begins.

SQLite runs with WAL, `synchronous=FULL` and `BEGIN IMMEDIATE` (a reader that turns writer midway would fail with
"database is locked"); a request that only reads says so with `reading()` and takes no write lock.
"""

from __future__ import annotations

from service.db import limits, rows
from service.db.clock import clock_at, database_now, local, localnow, utcnow
from service.db.connections import GIVING_UP, SERVER_GIVES_UP, as_options, engine_options, prepare
from service.db.json import iso_text, to_json
from service.db.prepared import Statement
from service.db.session import at_once, before_the_lock, db, if_free, is_reading, once, reading, set_reading
from service.db.types import Base, Identifier, Key, Moment, Packed, new_id, where

__all__ = [
    "GIVING_UP",
    "SERVER_GIVES_UP",
    "Base",
    "Identifier",
    "Key",
    "Moment",
    "Packed",
    "Statement",
    "as_options",
    "at_once",
    "before_the_lock",
    "clock_at",
    "database_now",
    "db",
    "engine_options",
    "if_free",
    "is_reading",
    "iso_text",
    "limits",
    "local",
    "localnow",
    "new_id",
    "once",
    "prepare",
    "reading",
    "rows",
    "set_reading",
    "to_json",
    "utcnow",
    "where",
]
