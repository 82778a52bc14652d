"""Views of tasks and cases that people keep, share, and begin with; open tasks by when they are due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
works_with = "0019"

_OF = sa.Enum("tasks", "cases", name="viewof", native_enum=False)


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("owner_id", Identifier(), nullable=False),
        sa.Column("of", _OF, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filter", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("grouped_by", sa.String(), nullable=True),
        sa.Column("columns", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_saved_view_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index(op.f("ix_saved_view_owner_id"), "saved_view", ["owner_id"])
    op.create_table(
        "view_share",
        sa.Column("view_id", Identifier(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["view_id"], ["saved_view.id"], name=op.f("fk_view_share_view_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_name"], ["group.name"], name=op.f("fk_view_share_group_name")),
        sa.PrimaryKeyConstraint("view_id", "group_name", name=op.f("pk_view_share")),
    )
    op.create_index(op.f("ix_view_share_group_name"), "view_share", ["group_name"])
    op.create_table(
        "default_view",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("of", _OF, nullable=False),
        sa.Column("view_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_default_view_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["view_id"], ["saved_view.id"], name=op.f("fk_default_view_view_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "of", name=op.f("pk_default_view")),
    )


def downgrade() -> None:
    op.drop_table("default_view")
    op.drop_table("view_share")
    op.drop_table("saved_view")
