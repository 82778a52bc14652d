"""What was done to many tasks in one act, and what became of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
works_with = "0019"  # releases that know no batches make none

_ACTION = sa.Enum("claim", "release", "assign", "due", "priority", "complete", name="batchaction", native_enum=False)
_OUTCOME = sa.Enum("done", "already", "refused", "undone", "kept", name="itemoutcome", native_enum=False)


def upgrade() -> None:
    op.create_table(
        "task_batch",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("action", _ACTION, nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("undone_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_task_batch_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_batch")),
    )
    op.create_index(op.f("ix_task_batch_user_id"), "task_batch", ["user_id"])
    op.create_index(op.f("ix_task_batch_created_at"), "task_batch", ["created_at"])
    op.create_table(
        "task_batch_item",
        sa.Column("batch_id", Identifier(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=False),
        sa.Column("outcome", _OUTCOME, nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["task_batch.id"], name=op.f("fk_task_batch_item_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "place", name=op.f("pk_task_batch_item")),
    )


def downgrade() -> None:
    op.drop_table("task_batch_item")
    op.drop_table("task_batch")
