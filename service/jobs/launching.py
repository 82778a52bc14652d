"""DBOS in this process: its tables, its settings, its launch and its end. The jobs themselves are attempts.py's."""

from __future__ import annotations

from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos._migration import get_migration_versions, get_sqlite_migration_versions
from dbos._sys_db import SystemDatabase
from flask import Flask

from service import jobs
from service.db import GIVING_UP, SERVER_GIVES_UP, as_options, db

CALLED = "casewright jobs"  #: what PostgreSQL shows of the queue's own connections
CONNECTIONS = 8  #: of the queue itself, beside the process's
_ENGINE = {"pool_size": CONNECTIONS, "max_overflow": 0, "hide_parameters": True}  # cases' data is in parameters
_SETTINGS: DBOSConfig = {
    "name": jobs.APPLICATION,
    "application_version": "1",  # pinned: DBOS would otherwise strand the jobs of an older deployment
    "serializer": DBOSPortableJSONSerializer(),
    "run_migrations": False,
    "use_listen_notify": False,
    "notification_listener_polling_interval_sec": 0.5,
    "enable_otlp": False,
    "log_level": "ERROR",
    "db_engine_kwargs": _ENGINE,
}


def create_tables(app: Flask) -> None:
    """Create or update DBOS's tables in the application's database."""
    DBOS.migrate(app.config["SQLALCHEMY_DATABASE_URI"])


def has_current_tables() -> bool:
    """Whether the database has DBOS's tables as this version of it wants them."""
    if db.engine.dialect.name == "sqlite":
        there, wanted = get_sqlite_migration_versions(db.engine)
    else:
        there, wanted = get_migration_versions(db.engine, "dbos", use_listen_notify=True)
    return there >= wanted


def launch(app: Flask, *, executor_id: str, concurrency: int) -> None:
    """Begin to do jobs in threads of this process, of which there may be one worker; within an application context.

    `executor_id` is this worker's alone and the same after a restart, which then takes up its own jobs at once.
    """
    jobs.state.app = app
    jobs.state.stopping.clear()
    _register_queues(concurrency)
    url = db.engine.url.render_as_string(hide_password=False)
    settings: DBOSConfig = {**_SETTINGS, "system_database_url": url, "executor_id": executor_id}
    if db.engine.dialect.name != "sqlite":
        arguments = {**GIVING_UP, "options": as_options(SERVER_GIVES_UP), "application_name": CALLED}
        settings["db_engine_kwargs"] = {**_ENGINE, "connect_args": arguments}
    jobs.state.waiting = frozenset()  # nothing is taken before worker/loop.py has looked
    SystemDatabase.dequeue_scopes = _waiting_scopes  # type: ignore[assignment, method-assign]
    engine = DBOS(config=settings)
    DBOS.launch()
    engine._sys_db._retry_connection_errors = False  # or after an outage its threads sleep for up to a minute more
    _look_only_where_work_is(engine._sys_db)
    for gone in {schedule["schedule_name"] for schedule in DBOS.list_schedules()} - jobs.state.schedules.keys():
        DBOS.delete_schedule(gone)  # of an earlier version of the program
    DBOS.apply_schedules(
        [
            {"schedule_name": name, "workflow_fn": jobs.scheduled_job, "schedule": cron, "context": name}
            for name, cron in jobs.state.schedules.items()
        ]
    )


def _waiting_scopes(_tables: SystemDatabase, queue: str) -> list[str | None]:
    """What DBOS asks before it takes from `queue`; nothing where worker/loop.py saw nothing, or is paused."""
    return [None] if queue in jobs.state.waiting else []


def _look_only_where_work_is(tables: Any) -> None:
    """Let the threads of DBOS ask the database only where something is to be had: worker/loop.py looks for all of them.

    Each of them would ask some three times for each of its looks, and an idle worker cost a tenth of a processor.
    """
    registered = {queue.name: queue for queue in tables.list_queues(application_name=jobs.APPLICATION)}
    reading = tables.get_queue
    tables.get_queue = lambda name: registered.get(name) or reading(name)
    locked, in_conflict = tables.is_lock_conflict, tables.is_serialization_conflict
    # Or after conflicts with other workers DBOS would look ever more seldom, at last every two minutes.
    tables.is_lock_conflict = lambda error: locked(error) or in_conflict(error)
    tables.transition_delayed_workflows = lambda: None  # delayed jobs are worker/loop.py's: see `jobs.LATER`


def shut_down(patience: int = 5) -> None:
    """Do no more jobs, and wait `patience` seconds for those that run; what is left is done after the next launch."""
    jobs.state.stopping.set()
    DBOS.destroy(workflow_completion_timeout_sec=patience if jobs.state.active else 0)


def _register_queues(concurrency: int) -> None:
    limits = {"cases": concurrency, "connectors": concurrency, "bulk": 2, jobs.SUSPECTS: 1}
    for queue, interval in jobs.POLLING.items():
        jobs.client().register_queue(
            queue,
            partition_concurrency=1 if queue == jobs.PARTITIONED else None,
            worker_concurrency=limits[queue],
            polling_interval_sec=interval,
        )
