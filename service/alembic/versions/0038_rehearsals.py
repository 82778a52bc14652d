"""What somebody tries out of a case type, without a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.create_table(
        "rehearsal",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("case_type", sa.String(), nullable=False),
        sa.Column("acts", sa.JSON(), nullable=False),
        sa.Column("touched_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_rehearsal_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsal")),
    )
    op.create_index(op.f("ix_rehearsal_user_id"), "rehearsal", ["user_id"])
    op.create_index(op.f("ix_rehearsal_touched_at"), "rehearsal", ["touched_at"])


def downgrade() -> None:
    op.drop_table("rehearsal")
