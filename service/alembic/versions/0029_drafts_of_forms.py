"""What people typed into forms and have not sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.create_table(
        "form_draft",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=True),
        sa.Column("case_type", sa.String(), nullable=True),
        sa.Column("typed", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("was", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_form_draft_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["task_id"], ["human_task.id"], name=op.f("fk_form_draft_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_draft")),
        sa.UniqueConstraint("task_id", "user_id", name=op.f("uq_form_draft_task_id_user_id")),
        sa.UniqueConstraint("user_id", "case_type", name=op.f("uq_form_draft_user_id_case_type")),
    )
    op.create_index(op.f("ix_form_draft_saved_at"), "form_draft", ["saved_at"])


def downgrade() -> None:
    op.drop_table("form_draft")
