"""Case types that are being drawn: drafts, with every revision of their files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.create_table(
        "design_draft",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_draft")),
    )
    op.create_index(op.f("ix_design_draft_changed_at"), "design_draft", ["changed_at"])
    op.create_table(
        "design_revision",
        sa.Column("draft_id", Identifier(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.String(64), nullable=True),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.Column("said", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["design_draft.id"], name=op.f("fk_design_revision_draft_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", "number", "name", name=op.f("pk_design_revision")),
    )
    op.create_index(op.f("ix_design_revision_draft_id_name_number"), "design_revision", ["draft_id", "name", "number"])


def downgrade() -> None:
    op.drop_table("design_revision")
    op.drop_table("design_draft")
