"""Calls that are tried again, workers that say where they live, incidents of no job, accounts of machines"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending_call",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("failed_at", Moment(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_pending_call_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_call")),
        sa.UniqueConstraint("case_id", "activity_id", name=op.f("uq_pending_call_case_id_activity_id")),
    )
    op.create_index(op.f("ix_pending_call_next_at"), "pending_call", ["next_at"])
    op.add_column("worker_heartbeat", sa.Column("life", sa.String(), nullable=True))
    op.add_column("worker_heartbeat", sa.Column("host", sa.String(), nullable=True))
    op.add_column("worker_heartbeat", sa.Column("pid", sa.Integer(), nullable=True))
    op.add_column("incident", sa.Column("about", sa.String(), nullable=True))
    op.add_column("user", sa.Column("is_machine", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("user", "is_machine")
    op.drop_column("incident", "about")
    for name in ("pid", "host", "life"):
        op.drop_column("worker_heartbeat", name)
    op.drop_table("pending_call")
