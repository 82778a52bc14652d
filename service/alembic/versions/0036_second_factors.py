"""Codes as the second proof of who signs in, and groups whose members need them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(16), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_second_factor_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_recovery_code_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"])
    op.add_column("group", sa.Column("second_factor", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("group", "second_factor")
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
