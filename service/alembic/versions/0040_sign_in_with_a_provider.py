"""Who people are to a provider of sign-ins, and which groups and rights it gave them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("linked_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_identity_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identity")),
    )
    op.create_index(op.f("ix_identity_user_id"), "identity", ["user_id"])
    op.add_column("user", sa.Column("admin_from_provider", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("membership", sa.Column("from_provider", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("login_session", sa.Column("hint", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("login_session", "hint")
    op.drop_column("membership", "from_provider")
    op.drop_column("user", "admin_from_provider")
    op.drop_table("identity")
