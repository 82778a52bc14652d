"""How people arrange their lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
works_with = "0019"

_LIST = sa.Enum("mine", "team", "cases", name="listname", native_enum=False)


def upgrade() -> None:
    op.create_table(
        "arrangement",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("list_name", _LIST, nullable=False),
        sa.Column("case_type", sa.String(), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("grouped_by", sa.String(), nullable=True),
        sa.Column("columns", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_arrangement_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "list_name", "case_type", name=op.f("pk_arrangement")),
    )


def downgrade() -> None:
    op.drop_table("arrangement")
