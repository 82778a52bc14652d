"""Indexes in the very order of lists, in one that both databases can read: what is not due comes last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DUE: Sequence[Any] = (sa.text("(due_at IS NULL)"), "due_at", "id")
BY_URGENCY: Sequence[Any] = (sa.text("priority DESC"), *DUE)
BEFORE: Sequence[Any] = (sa.text("priority DESC"), "due_at", "id")


def upgrade() -> None:
    _tasks(BY_URGENCY)
    op.drop_index("ix_task_candidate_principal_task_id", "task_candidate")  # ix_task_candidate_queue begins with it
    _index("ix_case_due", "case", DUE)
    _index("ix_case_open_due", "case", ["state", *DUE], "closed_at IS NULL")
    _index("ix_case_closed", "case", ["state", "id"], "closed_at IS NOT NULL")
    _index("ix_case_open_of_definition", "case", ["definition_id", "id"], "closed_at IS NULL")


def _tasks(order: Sequence[Any]) -> None:
    for name, columns in (("ix_human_task_mine", ["assignee", *order]), ("ix_human_task_open", order)):
        op.drop_index(name, "human_task")
        _index(name, "human_task", columns, "closed_at IS NULL")


def _index(name: str, table: str, columns: Sequence[Any], where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, list(columns), sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name in ("ix_case_open_of_definition", "ix_case_closed", "ix_case_open_due", "ix_case_due"):
        op.drop_index(name, "case")
    _tasks(BEFORE)
    _index("ix_task_candidate_principal_task_id", "task_candidate", ["principal", "task_id"])
