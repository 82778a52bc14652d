"""What somebody changed by hand about where a case stands, or proposes to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "modification",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("proposed", "applied", "refused", "withdrawn", name="modificationstate", native_enum=False),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_modification_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modification")),
    )
    op.create_index(op.f("ix_modification_case_id_id"), "modification", ["case_id", "id"])


def downgrade() -> None:
    op.drop_table("modification")
