"""When work is done: the calendars by which deadlines are counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Moment

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
works_with = "0019"  # releases that know no calendars use none


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("week", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("subdivision", sa.String(), nullable=True),
        sa.Column("days", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_calendar")),
    )


def downgrade() -> None:
    op.drop_table("calendar")
