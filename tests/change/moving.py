"""Moving many cases, on PostgreSQL: how many a second one process moves, and whether kills of its workers lose any.

The first is done in this process, as the worker does it: each case in a transaction of its own. For the second two
workers are started, killed again and again while they move and while they bring back, and the cases are looked over.
"""

from __future__ import annotations

import time

from service import create_app
from service.db import db
from service.models import SYSTEM, Migration, MigrationState
from service.operations import deployments, migrations
from tests.benchmarks.databases import postgresql
from tests.change.fleet import create_tables
from tests.conftest import config_for
from tests.durability import interrupted_moves
from tests.jobs_by_hand import do_jobs

MOVED, INTERRUPTED, KILLS = 1_000, 200, 3


def main() -> dict[str, float]:
    """Cases that are moved in a second, also of processor time; cases that were lost, or came back otherwise."""
    with postgresql() as new_database:
        figures = _moved(new_database("moved"))
        found = interrupted_moves.run(new_database("interrupted"), INTERRUPTED, KILLS)
    print(f"{MOVED} cases moved in one process; {INTERRUPTED} with {found['interrupted_kills']} kills, there and back")
    return {**figures, **{name: found[name] for name in interrupted_moves.WRONG}}


def _moved(url: str) -> dict[str, float]:
    with create_app(config_for(url)).app_context():
        create_tables()
        deployments.deploy({"moves.bpmn": interrupted_moves.BEFORE}, by=SYSTEM)
        db.session.commit()
        interrupted_moves.open_cases(MOVED)
        do_jobs()
        source, target = interrupted_moves.versions()
        order = migrations.order(source, target, interrupted_moves.PLAN, by=SYSTEM, reason="A better name")
        db.session.commit()
        order_id, began, worked = order.id, time.perf_counter(), time.process_time()
        do_jobs()
        took, cpu = time.perf_counter() - began, time.process_time() - worked
        assert db.session.get_one(Migration, order_id).state is MigrationState.DONE
        db.session.remove()
        db.engine.dispose()
    return {"moved_per_s": round(MOVED / took, 1), "moved_per_cpu_s": round(MOVED / cpu, 1)}
