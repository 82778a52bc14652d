"""The facts that case types declare searchable, as rows that indexes find."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "case_variable",
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column("name", plain, nullable=False),
        sa.Column("text", plain, nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("date", Moment(), nullable=True),
        sa.Column("shown", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_variable_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "name", name=op.f("pk_case_variable")),
    )
    for column in ("text", "number", "date"):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_case_variable_{column}",
            "case_variable",
            ["name", column, "case_id"],
            sqlite_where=there,
            postgresql_where=there,
        )


def downgrade() -> None:
    op.drop_table("case_variable")
