"""Open cases of a type by what is due first, and those in no stage: boards read few of many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None
works_with = "0019"

_ORDER: list[str | sa.TextClause] = ["case_type", sa.text("(due_at IS NULL)"), "due_at", "id"]
_INDEXES = {"ix_case_open_no_stage": "closed_at IS NULL AND stage IS NULL", "ix_case_open_of_type": "closed_at IS NULL"}


def upgrade() -> None:
    for name, rows in _INDEXES.items():
        op.create_index(op.f(name), "case", _ORDER, postgresql_where=sa.text(rows), sqlite_where=sa.text(rows))


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(op.f(name), "case")
