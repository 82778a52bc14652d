"""`make bench-large`; or `python -m tests.benchmarks.large generate --tasks 50000 --database URL`."""

from __future__ import annotations

import argparse
import json

from service import create_app
from tests.benchmarks.large.generate import generate
from tests.conftest import config_for


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.large")
    commands = parser.add_subparsers(dest="command")
    making = commands.add_parser("generate", help="fill an empty database")
    making.add_argument("--tasks", type=int, default=50_000, help="open tasks")
    making.add_argument("--database", required=True, help="its URL")
    making.add_argument("--processes", type=int, default=2, help="that write, on PostgreSQL")
    said = parser.parse_args()
    app = create_app(config_for(said.database))
    with app.app_context():
        print(json.dumps(generate(app, said.tasks, processes=said.processes)))


if __name__ == "__main__":
    main()
