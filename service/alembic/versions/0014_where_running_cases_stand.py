"""The signature of a case, by which running cases are counted by the places where they stand; null until it goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("signature", sa.String(24), nullable=True))
    only = sa.text("closed_at IS NULL")
    columns = ["definition_id", "signature", "id"]
    op.create_index("ix_case_open_signature", "case", columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    op.drop_index("ix_case_open_signature", "case")
    op.drop_column("case", "signature")
