"""Who is away when, who does their work meanwhile, and for whom a task was completed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None
works_with = "0019"

_FOR = sa.text("closed_for IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("begins_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_person_ends_at"), "absence", ["person", "ends_at"])
    op.create_index(op.f("ix_absence_ends_at"), "absence", ["ends_at"])
    op.create_table(
        "substitution",
        sa.Column("absence_id", Identifier(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("substitute", sa.String(), nullable=False),
        sa.Column("case_type", sa.String(), nullable=True),
        sa.Column("principal", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["absence_id"], ["absence.id"], name=op.f("fk_substitution_absence_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("absence_id", "number", name=op.f("pk_substitution")),
    )
    op.create_index(op.f("ix_substitution_substitute"), "substitution", ["substitute"])
    op.add_column("human_task", sa.Column("closed_for", sa.String(), nullable=True))
    op.create_index(
        "ix_human_task_done_for", "human_task", ["closed_by", "case_id"], sqlite_where=_FOR, postgresql_where=_FOR
    )


def downgrade() -> None:
    op.drop_index("ix_human_task_done_for", table_name="human_task")
    op.drop_column("human_task", "closed_for")
    op.drop_table("substitution")
    op.drop_table("absence")
