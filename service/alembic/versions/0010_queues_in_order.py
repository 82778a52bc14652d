"""Beside each candidate of an open task what team queues are read by, so that a page is read straight from an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment
from service.models.tasks import NEVER

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None
AT_ONCE = 5000

CANDIDATE = sa.table(
    "task_candidate",
    sa.column("task_id", Identifier),
    sa.column("principal", sa.String),
    sa.column("free", sa.Boolean),
    sa.column("rank", sa.Integer),
    sa.column("due", Moment),
    sa.column("follow_up_at", Moment),
)
TASK = sa.table(
    "human_task",
    sa.column("id", Identifier),
    sa.column("assignee", sa.String),
    sa.column("priority", sa.Integer),
    sa.column("due_at", Moment),
    sa.column("follow_up_at", Moment),
)


def upgrade() -> None:
    with op.batch_alter_table("task_candidate") as table:
        table.add_column(sa.Column("free", sa.Boolean(), nullable=True))
        table.add_column(sa.Column("rank", sa.Integer(), nullable=True))
        table.add_column(sa.Column("due", Moment(), nullable=True))
        table.add_column(sa.Column("follow_up_at", Moment(), nullable=True))
    fill(op.get_bind())
    with op.batch_alter_table("task_candidate") as table:
        table.alter_column("free", existing_type=sa.Boolean(), nullable=False)
        table.alter_column("rank", existing_type=sa.Integer(), nullable=False)
        table.alter_column("due", existing_type=Moment(), nullable=False)
        order = ["principal", "free", "rank", "due", "task_id", "follow_up_at"]
        table.create_index("ix_task_candidate_queue", order)
        dated = sa.text("follow_up_at IS NOT NULL")
        table.create_index(
            "ix_task_candidate_aside", ["principal", "follow_up_at"], sqlite_where=dated, postgresql_where=dated
        )


def fill(connection: sa.Connection) -> None:
    """Write beside every candidate how its task stands."""
    beside = sa.update(CANDIDATE).values(
        free=TASK.c.assignee.is_(None),
        rank=-TASK.c.priority,
        due=sa.func.coalesce(TASK.c.due_at, sa.literal(NEVER, Moment)),
        follow_up_at=TASK.c.follow_up_at,
    )
    last = None
    while batch := connection.execute(_after(last)).scalars().all():
        found = CANDIDATE.c.task_id <= batch[-1]
        chosen = found if last is None else sa.and_(found, CANDIDATE.c.task_id > last)
        connection.execute(beside.where(TASK.c.id == CANDIDATE.c.task_id, chosen))
        last = batch[-1]


def _after(last: object) -> sa.Select[tuple[object]]:
    chosen = sa.select(CANDIDATE.c.task_id).order_by(CANDIDATE.c.task_id).limit(AT_ONCE)
    return chosen if last is None else chosen.where(CANDIDATE.c.task_id > last)


def downgrade() -> None:
    with op.batch_alter_table("task_candidate") as table:
        table.drop_index("ix_task_candidate_aside")
        table.drop_index("ix_task_candidate_queue")
        for name in ("follow_up_at", "due", "rank", "free"):
            table.drop_column(name)
