"""Open cases of a type by stage, as the board shows them; tasks below a task, and tasks that people follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None
works_with = "0019"

_OPEN = sa.text("closed_at IS NULL")
_HAS_PARENT = sa.text("parent_id IS NOT NULL")
_DUE = sa.text("(due_at IS NULL)"), "due_at", "id"


def upgrade() -> None:
    op.create_index(
        "ix_case_open_stage", "case", ["case_type", "stage", *_DUE], sqlite_where=_OPEN, postgresql_where=_OPEN
    )

    op.add_column("human_task", sa.Column("parent_id", Identifier(), nullable=True))
    op.add_column("human_task", sa.Column("optional", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("human_task", sa.Column("subtasks", sa.Integer(), nullable=True))
    op.add_column("human_task", sa.Column("subtasks_done", sa.Integer(), nullable=True))
    op.create_index(
        "ix_human_task_parent", "human_task", ["parent_id"], sqlite_where=_HAS_PARENT, postgresql_where=_HAS_PARENT
    )
    op.create_table(
        "followed_task",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=False),
        sa.Column("followed_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_followed_task_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["task_id"], ["human_task.id"], name=op.f("fk_followed_task_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "task_id", name=op.f("pk_followed_task")),
    )
    op.create_index(op.f("ix_followed_task_task_id"), "followed_task", ["task_id"])


def downgrade() -> None:
    op.drop_table("followed_task")
    op.drop_index("ix_human_task_parent", table_name="human_task")
    for name in ("subtasks_done", "subtasks", "optional", "parent_id"):
        op.drop_column("human_task", name)
    op.drop_index("ix_case_open_stage", table_name="case")
