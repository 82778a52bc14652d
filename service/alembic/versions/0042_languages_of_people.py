"""In which language each person is spoken to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
works_with = "0019"


def upgrade() -> None:
    op.add_column("user", sa.Column("language", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("user", "language")
