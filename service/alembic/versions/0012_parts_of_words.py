"""The groups of three letters by which parts of words are found, also of cases that are there; task names in order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.models import search_index

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    search_index.create(op.get_bind())
    search_index.fill(op.get_bind())
    is_open = sa.text("closed_at IS NULL")
    op.create_index("ix_human_task_open_name", "human_task", ["name"], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_index("ix_human_task_open_name", "human_task")
    search_index.drop(op.get_bind())
