"""WHAT AILS AN INSTALLATION, and what to do about it: settings, database, schema, clock, disk, workers, web parts.

Each question gives findings; none of them changes anything. A finding that is `BAD` keeps people from working, or loses
what they rely on; `WARN` is worth knowing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

import sqlalchemy as sa

from service.audit.verification import require_right_key
from service.config import Config
from service.db import database_now, db, reading
from service.errors import WrongState
from service.jobs import failed_jobs
from service.maintenance import schema
from service.models import Incident, IncidentState, User
from service.queries import health

LATE = timedelta(seconds=60)  #: a timer that is due for longer keeps people waiting
SKEW, FAR_SKEW = timedelta(seconds=2), timedelta(minutes=1)
LITTLE, TOO_LITTLE = 1024**3, 64 * 1024**2  #: free bytes on the database's disk
OLDEST_POSTGRESQL = 130000  #: 13, as the server counts; the oldest that PostgreSQL itself still cares for
NEARLY_ALL = 0.8  #: share of the server's connections


class Health(StrEnum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One answer: `topic` in a word, what was seen, and what to do (empty when nothing is)."""

    topic: str
    health: Health
    seen: str
    advice: str = ""


def examine(config: Config) -> Iterator[Finding]:
    """Everything that can be asked, in this order; ends early where nothing further can be asked.

    Needs an application context. A database that cannot be reached is a finding, not an error.
    """
    yield from _settings(config)
    yield _web_parts()
    yield from _disk(config)
    with reading():
        yield from _kept_well()


def _kept_well() -> Iterator[Finding]:
    """What the database says; one transaction for each question, since SQLite has room for one at a time."""
    try:
        yield from _database()
        db.session.rollback()
        found = schema.standing()
    except sa.exc.DBAPIError as error:
        said = str(error.orig).partition("\n")[0]
        advice = "Check that it runs and that CASEWRIGHT_DATABASE_URL names it, with user and password."
        yield Finding("database", Health.BAD, f"It cannot be reached: {said}.".replace("..", "."), advice)
        return
    yield Finding("schema", Health.OK if found.is_usable else Health.BAD, str(found), found.advice)
    if not found.is_usable:
        return
    yield _audit()
    yield _clock()
    yield from _workers()
    yield from _work()
    yield from _people()
    db.session.rollback()


def _settings(config: Config) -> Iterator[Finding]:
    yield Finding("settings", Health.OK, "All of them have values that are allowed.")
    if not config.secure_cookies and not config.demo:
        advice = "Put a TLS proxy before it and leave CASEWRIGHT_SECURE_COOKIES at yes."
        yield Finding("settings", Health.WARN, "Sign-in cookies may travel without HTTPS.", advice)
    if config.demo:
        advice = "Unset CASEWRIGHT_DEMO where real people work."
        yield Finding("settings", Health.WARN, "This is a demo: the sign-in page shows names and a password.", advice)


def _web_parts() -> Finding:
    """The bundles of scripts and style sheets, without which pages are bare."""
    if files("service").joinpath("static", "dist", "manifest.json").is_file():
        return Finding("pages", Health.OK, "Style sheets and scripts are there.")
    advice = "Install the package anew (`pip install .` in a checkout builds them)."
    return Finding("pages", Health.BAD, "The style sheets and scripts of the pages are missing.", advice)


def _disk(config: Config) -> Iterator[Finding]:
    """Room where the SQLite file is; PostgreSQL's disk cannot be seen from here."""
    if not config.on_sqlite:
        return
    file = Path(db.engine.url.database or ".")
    free = shutil.disk_usage(file.parent if file.parent.exists() else Path.cwd()).free
    seen = f"{free / 1024**3:.1f} GiB are free beside {file.name}."
    health = Health.BAD if free < TOO_LITTLE else Health.WARN if free < LITTLE else Health.OK
    yield Finding("disk", health, seen, "" if health is Health.OK else "Make room: nothing can be saved without.")


def _database() -> Iterator[Finding]:
    began = time.perf_counter()
    db.session.execute(sa.select(1))
    took = (time.perf_counter() - began) * 1000
    if db.engine.dialect.name == "sqlite":
        version = db.session.scalar(sa.text("SELECT sqlite_version()"))
        yield Finding("database", Health.OK, f"SQLite {version}, {db.engine.url.database}.")
        return
    number, version, size, used, most = db.session.execute(
        sa.text(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
            " pg_size_pretty(pg_database_size(current_database())),"
            " (SELECT count(*) FROM pg_stat_activity), current_setting('max_connections')::int"
        )
    ).one()
    seen = f"PostgreSQL {version}, {size}, answers in {took:.0f} ms, {used} of {most} connections in use."
    if number < OLDEST_POSTGRESQL:
        yield Finding("database", Health.BAD, seen, "Move to PostgreSQL 13 or newer.")
    elif used > most * NEARLY_ALL:
        advice = "Raise max_connections: each web process and each worker may want 20, a worker 8 more."
        yield Finding("database", Health.WARN, seen, advice)
    else:
        yield Finding("database", Health.OK, seen)


def _audit() -> Finding:
    """Whether the key is the audit trail's own; whether the trail holds, `casewright audit verify` says."""
    try:
        require_right_key()
    except WrongState as wrong:
        return Finding("audit", Health.BAD, "The audit trail was made with another key.", str(wrong))
    return Finding("audit", Health.OK, "The key is the one that the audit trail was made with.")


def _clock() -> Finding:
    """This machine's clock beside the database's, by which timers go."""
    ours, theirs = datetime.now(UTC), database_now()
    apart = abs(ours - theirs)
    if apart < SKEW:
        return Finding("clock", Health.OK, f"It is {theirs:%Y-%m-%d %H:%M:%S} UTC, here and in the database.")
    seen = f"This machine says {ours:%H:%M:%S}, the database {theirs:%H:%M:%S} UTC."
    advice = "Keep all clocks in step (NTP); timers go by the database's."
    return Finding("clock", Health.BAD if apart > FAR_SKEW else Health.WARN, seen, advice)


def _workers() -> Iterator[Finding]:
    known = health.workers()
    alive = sorted(each.worker_id for each in known if each.lives)
    dead = [each for each in known if not each.lives]
    if not alive:
        last = f" The last one, {dead[0].worker_id}, was seen at {dead[0].seen_at:%Y-%m-%d %H:%M} UTC." if dead else ""
        advice = "Start `casewright worker`, or `casewright serve`, which is both."
        seen = f"None is at work: no timer fires, no service task is called.{last}"
        yield Finding("workers", Health.BAD, seen, advice)
        return
    yield Finding("workers", Health.OK, f"{len(alive)} at work: {', '.join(alive)}.")
    for each in dead:
        seen = f"{each} was last seen at {each.seen_at:%Y-%m-%d %H:%M} UTC and did not say that it ends."
        yield Finding("workers", Health.WARN, seen, "See why it ended, and start it again if it is missed.")


def _work() -> Iterator[Finding]:
    """What has been left undone: late timers, failed jobs, open incidents."""
    if due := health.oldest_late():
        ill = Health.BAD if due < database_now() - LATE else Health.WARN
        seen = f"Some are late: the oldest timer or job was due at {due:%Y-%m-%d %H:%M:%S} UTC."
        yield Finding("timers", ill, seen, "See that a worker is at work, and that the clocks agree.")
    failed = len(failed_jobs.latest())
    open_incidents = db.session.scalar(
        sa.select(sa.func.count()).select_from(Incident).where(Incident.state == IncidentState.OPEN)
    )
    if failed or open_incidents:
        seen = f"{open_incidents} open, and {failed} jobs out of attempts."
        yield Finding("incidents", Health.WARN, seen, "Look at the page Incidents.")


def _people() -> Iterator[Finding]:
    active = sa.select(sa.func.count()).select_from(User).where(User.active)
    everybody, admins = db.session.scalar(active) or 0, db.session.scalar(active.where(User.is_admin)) or 0
    if admins:
        yield Finding("people", Health.OK, f"{everybody} can sign in, {admins} of them as administrators.")
    else:
        advice = "`casewright user add NAME --admin`."
        yield Finding("people", Health.BAD, f"{everybody} can sign in, none as administrator.", advice)
