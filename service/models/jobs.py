"""What we keep beside DBOS's own tables: which jobs took effect, and which workers live.

`job_status` and `job_input` are DBOS's (docs.dbos.dev/explanations/system-tables), so far as we read or write
them. Execute on them with `jobs.execute`, which knows their schema.
"""

from __future__ import annotations

import time
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, db


class FinishedJob(Base):
    """A job that took effect. Written in the transaction of that effect, so that no second run can take effect too."""

    __tablename__ = "finished_job"
    __table_args__ = (sa.Index(None, "finished_at"),)

    job_id: Mapped[str] = mapped_column(primary_key=True)
    finished_at: Mapped[datetime]


class WorkerHeartbeat(Base):
    """A worker and when it was last seen, by the database's clock."""

    __tablename__ = "worker_heartbeat"

    worker_id: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
    life: Mapped[str | None]  #: random; of the process that has the id now
    host: Mapped[str | None]  #: where that process is
    pid: Mapped[int | None]


#: apart from our own tables: DBOS makes these
_dbos = sa.MetaData(schema="dbos")

job_status = sa.Table(
    "workflow_status",
    _dbos,
    sa.Column("workflow_uuid", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    #: DELAYED, ENQUEUED, PENDING (that is: running), then SUCCESS, ERROR, CANCELLED, MAX_RECOVERY_ATTEMPTS_EXCEEDED
    sa.Column("status", sa.Text),
    sa.Column("executor_id", sa.Text),  #: the worker that runs or ran it
    sa.Column("owner_xid", sa.Text),
    sa.Column("recovery_attempts", sa.BigInteger),  #: how often it was taken from the queue
    sa.Column("queue_name", sa.Text),
    sa.Column("application_name", sa.Text),
    sa.Column("delay_until_epoch_ms", sa.BigInteger),
    sa.Column("started_at_epoch_ms", sa.BigInteger),
    sa.Column("completed_at", sa.BigInteger),  #: in milliseconds since 1970
    sa.Column("updated_at", sa.BigInteger),
)
job_input = sa.Table(
    "workflow_input",
    _dbos,
    sa.Column("workflow_uuid", sa.Text, primary_key=True),
    sa.Column("inputs", sa.Text),  #: JSON
)
job_output = sa.Table("workflow_output", _dbos, sa.Column("workflow_uuid", sa.Text, primary_key=True))


def now_ms() -> sa.ColumnElement[int]:
    """Now, as DBOS's tables have it, by the database's clock."""
    if db.engine.dialect.name == "sqlite":
        return sa.literal(int(time.time() * 1000))
    return sa.cast(sa.extract("epoch", sa.func.now()) * 1000, sa.BigInteger)


def delayed() -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions of delayed jobs whose time has come."""
    return (
        job_status.c.status == sa.literal_column("'DELAYED'"),  # a literal, or SQLite would not use the index
        job_status.c.delay_until_epoch_ms <= now_ms(),
    )
