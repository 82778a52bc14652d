"""How people arrange their lists, which cases they have at hand, and who looks at a task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

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
    _of_person_and_case("starred_case", "starred_at")
    _of_person_and_case("visited_case", "seen_at")
    op.create_index(op.f("ix_visited_case_user_id_seen_at"), "visited_case", ["user_id", "seen_at"])
    op.create_table(
        "presence",
        sa.Column("task_id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["human_task.id"], name=op.f("fk_presence_task_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_presence_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "user_id", name=op.f("pk_presence")),
    )
    op.create_index(op.f("ix_presence_user_id"), "presence", ["user_id"])
    op.create_index(op.f("ix_presence_seen_at"), "presence", ["seen_at"])


def _of_person_and_case(name: str, when: str) -> None:
    op.create_table(
        name,
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column(when, Moment(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{name}_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f(f"fk_{name}_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "case_id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_case_id"), name, ["case_id"])


def downgrade() -> None:
    op.drop_table("presence")
    op.drop_table("visited_case")
    op.drop_table("starred_case")
    op.drop_table("arrangement")
