"""`make bench`: a web server with one worker over HTTP on each database, beside bare transactions of the same writes;
eight clients at once on PostgreSQL; case work on each: ad hoc activities, child cases, pages of cases.

Prints what it finds while it runs, the engine alone first; then a line of JSON for the engine, each database and the
peer; then what misses its goal, and what got worse since BENCHMARKS.md, by ratios. With `--write`
(`make bench-table`) it writes that table anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.benchmarks import casework, engine, http, table, together
from tests.benchmarks.databases import postgresql

TABLE = Path(__file__).resolve().parents[2] / "BENCHMARKS.md"


def main() -> None:
    """Measure everything, tell what is worse, and write the table where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=60, help="cases in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    given = parser.parse_args()
    lines, about = measure(given.cases, given.rounds)
    for kind in table.KINDS:
        print(json.dumps({"of": kind, **lines[kind]}))
    peer = {figure.name: figure.peer for figure in table.FIGURES if figure.peer is not None}
    print(json.dumps({"of": "the peer", **peer}))
    _say("Not at its goal", table.missed(lines))
    if TABLE.exists():
        _say(f"Worse than in {TABLE.name}", table.worse(lines, table.ratios_in(TABLE.read_text())))
    if given.write:
        TABLE.write_text(table.markdown(lines, about))


def measure(cases: int, rounds: int) -> tuple[dict[str, dict[str, Any]], Sequence[str]]:
    """Figures by kind of table.KINDS, and what there is to say of machine and versions."""
    lines = {"engine": engine.measure()}
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as scratch, postgresql() as new_database:
        urls = {"sqlite": f"sqlite:///{scratch}/bench.db", "postgresql": new_database("bench")}
        lines |= _over_http(urls, cases, rounds)
        lines["postgresql"] |= together.measure(new_database("together"))
        lines["sqlite"] |= casework.measure(f"sqlite:///{scratch}/casework.db")
        lines["postgresql"] |= casework.measure(new_database("casework"))
        return lines, _about(urls["postgresql"])


def _over_http(urls: dict[str, str], cases: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Medians of rounds that the databases do by turns, and what needs no rounds."""
    with http.installed(urls["sqlite"]) as sqlite, http.installed(urls["postgresql"]) as postgres:
        both = {"sqlite": sqlite, "postgresql": postgres}
        found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in both}
        for _ in range(rounds):
            for kind, installation in both.items():
                found[kind].append(http.one_round(installation, cases))
                print(kind, json.dumps(found[kind][-1]), flush=True)
        return {kind: table.medians(found[kind]) | http.once(installation) for kind, installation in both.items()}


def _about(url: str) -> list[str]:
    """The machine, the versions and the date."""
    models = [line.partition(":")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    database = sa.create_engine(url)
    with database.connect() as connection:
        server = connection.exec_driver_sql("SHOW server_version").scalar_one()
    database.dispose()
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, Casewright {version('casewright')}",
        f"{os.cpu_count()} processors ({(models or ['unknown'])[0].strip()}), {memory:.0f} GB, {platform.platform()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL {server}",
        "Clients, server and database share the machine. CPU is the web process's alone.",
    ]


def _say(what: str, sentences: Sequence[str]) -> None:
    print(f"{what}:" if sentences else f"{what}: nothing.")
    for sentence in sentences:
        print(f"  {sentence}")


if __name__ == "__main__":
    main()
