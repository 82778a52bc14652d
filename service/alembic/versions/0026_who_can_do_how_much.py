"""How many tasks somebody is to have at most."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.add_column("user", sa.Column("capacity", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("user", "capacity")
