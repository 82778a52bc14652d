"""Large variables in rows of their own. Cases that are there put theirs beside their row when they next change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Packed

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("apart", sa.JSON(), nullable=True))
    op.create_table(
        "large_variable",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column("value", Packed(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_large_variable_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_large_variable")),
    )
    op.create_index(op.f("ix_large_variable_case_id"), "large_variable", ["case_id"])


def downgrade() -> None:  # an older release reads no case that this one has stored: only its tables are as they were
    op.drop_table("large_variable")
    op.drop_column("case", "apart")
