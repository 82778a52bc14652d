"""How many tasks somebody is to have at most; in which order a team's tasks are next; what people can do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
works_with = "0019"

_ORDER = sa.Enum("urgent", "priority", "oldest", name="nexttask", native_enum=False)


def upgrade() -> None:
    op.add_column("user", sa.Column("capacity", sa.Integer(), nullable=True))
    op.add_column("group", sa.Column("next_task", _ORDER, nullable=True))
    op.create_table(
        "user_skill",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("skill", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_skill_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "skill", name=op.f("pk_user_skill")),
    )
    op.create_index(op.f("ix_user_skill_skill"), "user_skill", ["skill"])
    op.create_table(
        "assignment_turn",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_assignment_turn")),
    )


def downgrade() -> None:
    op.drop_table("assignment_turn")
    op.drop_table("user_skill")
    op.drop_column("group", "next_task")
    op.drop_column("user", "capacity")
