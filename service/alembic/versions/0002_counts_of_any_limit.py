"""Counts of any limit, beside those of sign-ins alone, which this release no longer reads and a later one drops"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_count",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_count")),
    )
    op.create_index(op.f("ix_rate_count_ends_at"), "rate_count", ["ends_at"])


def downgrade() -> None:
    op.drop_table("rate_count")
