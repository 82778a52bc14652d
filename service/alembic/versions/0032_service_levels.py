"""Service levels that are measured."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.create_table(
        "service_clock",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=True),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("declared", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("calendar", sa.String(), nullable=True),
        sa.Column("history", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("allowance", sa.Double(), nullable=False),
        sa.Column("counted", sa.Double(), nullable=False),
        sa.Column("warn_at", Moment(), nullable=True),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_service_clock_case_id")),
        sa.ForeignKeyConstraint(["task_id"], ["human_task.id"], name=op.f("fk_service_clock_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_clock")),
    )
    for name, columns, condition in _INDEXES:
        told = sa.text(condition) if condition else None
        op.create_index(name, "service_clock", columns, sqlite_where=told, postgresql_where=told)


_INDEXES = (
    ("ix_service_clock_of_case", ["case_id"], "NOT over"),
    ("ix_service_clock_case_id", ["case_id"], None),
    ("ix_service_clock_of_task", ["task_id"], "task_id IS NOT NULL"),
    ("ix_service_clock_calendar", ["calendar", "id"], "ended_at IS NULL"),
    ("ix_service_clock_due", ["due_at", "case_id"], "ended_at IS NULL"),
    ("ix_service_clock_warned", ["warn_at", "case_id"], "ended_at IS NULL"),
)


def downgrade() -> None:
    op.drop_table("service_clock")
