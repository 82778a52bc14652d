"""When somebody last looked at the notes that mention them: the menu counts those since then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("mentions_seen_at", Moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("user", "mentions_seen_at")
