"""Counts of any limit, instead of sign-ins alone; those that are running begin anew"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace("sign_in_count", "rate_count", "hits")


def downgrade() -> None:
    _replace("rate_count", "sign_in_count", "tries")


def _replace(old: str, new: str, number: str) -> None:
    op.drop_table(old)
    op.create_table(
        new,
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column(number, sa.Integer(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f(f"pk_{new}")),
    )
    op.create_index(op.f(f"ix_{new}_ends_at"), new, ["ends_at"])
