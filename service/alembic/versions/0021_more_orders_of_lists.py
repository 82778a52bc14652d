"""Indexes for lists by due date, priority and age, which read all that is open without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None
works_with = "0019"

DUE: Sequence[Any] = (sa.text("(due_at IS NULL)"), "due_at", "id")
PRIORITY: Sequence[Any] = (sa.text("priority DESC"), *DUE)


def upgrade() -> None:
    _index("ix_human_task_open_due", "human_task", DUE, "closed_at IS NULL")
    _index("ix_human_task_open_id", "human_task", ["id"], "closed_at IS NULL")
    _index("ix_task_candidate_due", "task_candidate", ["principal", "free", "due", "task_id", "follow_up_at"])
    _index("ix_case_priority", "case", PRIORITY)
    _index("ix_case_open_priority", "case", ["state", *PRIORITY], "closed_at IS NULL")


def _index(name: str, table: str, columns: Sequence[Any], where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, list(columns), sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name in ("ix_case_open_priority", "ix_case_priority"):
        op.drop_index(name, "case")
    op.drop_index("ix_task_candidate_due", "task_candidate")
    for name in ("ix_human_task_open_id", "ix_human_task_open_due"):
        op.drop_index(name, "human_task")
