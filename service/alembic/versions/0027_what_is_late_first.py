"""Indexes for lists of tasks in the order of their urgency: by when they are due, then priority, then age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
works_with = "0019"

URGENCY: Sequence[Any] = (sa.text("(due_at IS NULL)"), "due_at", sa.text("priority DESC"), "id")
QUEUE: Sequence[Any] = ("principal", "free", "due", "rank", "task_id", "follow_up_at")


def upgrade() -> None:
    _open("ix_human_task_open_urgency", URGENCY)
    _open("ix_human_task_mine_urgency", ["assignee", *URGENCY])
    op.create_index("ix_task_candidate_urgency", "task_candidate", list(QUEUE))


def _open(name: str, columns: Sequence[Any]) -> None:
    condition = sa.text("closed_at IS NULL")
    op.create_index(name, "human_task", list(columns), sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    op.drop_index("ix_task_candidate_urgency", "task_candidate")
    for name in ("ix_human_task_mine_urgency", "ix_human_task_open_urgency"):
        op.drop_index(name, "human_task")
