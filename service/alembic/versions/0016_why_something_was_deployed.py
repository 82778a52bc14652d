"""Why something was deployed, and from which commit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment", sa.Column("reason", sa.String(), nullable=True))
    op.add_column("deployment", sa.Column("commit", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("deployment", "commit")
    op.drop_column("deployment", "reason")
