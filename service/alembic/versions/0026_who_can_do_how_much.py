"""How many tasks somebody is to have at most; in which order a team's tasks are next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
works_with = "0019"

_ORDER = sa.Enum("urgent", "priority", "oldest", name="nexttask", native_enum=False)


def upgrade() -> None:
    op.add_column("user", sa.Column("capacity", sa.Integer(), nullable=True))
    op.add_column("group", sa.Column("next_task", _ORDER, nullable=True))


def downgrade() -> None:
    op.drop_column("group", "next_task")
    op.drop_column("user", "capacity")
