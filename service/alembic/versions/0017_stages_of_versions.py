"""Versions that take some of the new cases, or all from a date on; versions that take none any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Moment

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE = "process_definition"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("rivals", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(TABLE, sa.Column("staged", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(TABLE, sa.Column("staged_from", Moment(), nullable=True))
    op.add_column(TABLE, sa.Column("staged_share", sa.Integer(), nullable=True))
    op.add_column(TABLE, sa.Column("staged_when", sa.String(), nullable=True))
    op.add_column(TABLE, sa.Column("retired_at", Moment(), nullable=True))


def downgrade() -> None:
    for name in ("retired_at", "staged_when", "staged_share", "staged_from", "staged", "rivals"):
        op.drop_column(TABLE, name)
