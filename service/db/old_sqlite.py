"""What SQLite before 3.42 lacks and DBOS needs: `unixepoch('subsec')`, the time now with its fraction of a second.

From Python 3.12 on, DBOS takes such a SQLite for granted. But Python uses the system's, which is older on Debian 12,
Ubuntu 22.04 and their like: there the function is NULL, and no job could be written. On Python 3.11 it is needed too,
for it is a default in the tables of a database that was made under a newer Python.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import sqlalchemy as sa

KNOWS_SUBSEC = (3, 42)


def lend_functions() -> None:
    """Give every SQLite connection of this process, DBOS's own too, what the SQLite at hand is too old for."""
    if sqlite3.sqlite_version_info < KNOWS_SUBSEC and not sa.event.contains(sa.Engine, "connect", _lend_unixepoch):
        sa.event.listen(sa.Engine, "connect", _lend_unixepoch)


def _lend_unixepoch(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", 1, _unixepoch)


def _unixepoch(modifier: str) -> float:
    if modifier != "subsec":  # nothing else is asked, and nothing shall be answered wrongly
        raise ValueError(modifier)
    return time.time()
