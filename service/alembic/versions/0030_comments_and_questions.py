"""Notes that are comments on a task, and questions to somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
works_with = "0019"

_OPEN = sa.text("asked IS NOT NULL AND answered_at IS NULL")


def upgrade() -> None:
    op.add_column("note", sa.Column("task_id", Identifier(), nullable=True))
    op.add_column("note", sa.Column("asked", sa.String(), nullable=True))
    op.add_column("note", sa.Column("answered_at", Moment(), nullable=True))
    op.add_column("note", sa.Column("answers", Identifier(), nullable=True))
    op.create_index("ix_note_open_question", "note", ["asked"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_index("ix_note_open_question", table_name="note")
    for column in ("answers", "answered_at", "asked", "task_id"):
        op.drop_column("note", column)
