"""Links by which people without an account answer one form."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.create_table(
        "answer_link",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"], ["human_task.id"], name=op.f("fk_answer_link_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_link")),
        sa.UniqueConstraint("hash", name=op.f("uq_answer_link_hash")),
    )
    op.create_index(op.f("ix_answer_link_task_id"), "answer_link", ["task_id"])
    op.add_column("human_task", sa.Column("answered_by", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("human_task", "answered_by")
    op.drop_table("answer_link")
