"""What cases are found by: the folded words of number, title and facts. Those that are there are filled in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier
from service.execution.search import text_of

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
AT_ONCE = 500

CASE = sa.table(
    "case",
    sa.column("id", Identifier),
    sa.column("number", sa.String),
    sa.column("title", sa.String),
    sa.column("variables", sa.JSON),
    sa.column("search_text", sa.String),
)


def upgrade() -> None:
    op.add_column("case", sa.Column("search_text", sa.String(), nullable=False, server_default=""))
    fill(op.get_bind())


def fill(connection: sa.Connection) -> None:
    """Write for every case what finds it."""
    writing = sa.update(CASE).where(CASE.c.id == sa.bindparam("which")).values(search_text=sa.bindparam("words"))
    last = None
    while rows := connection.execute(_after(last)).all():
        filled = [{"which": row.id, "words": text_of(row.number, row.title, row.variables or {})} for row in rows]
        connection.execute(writing, filled)
        last = rows[-1].id


def _after(last: object) -> sa.Select[tuple[object, ...]]:
    chosen = sa.select(CASE.c.id, CASE.c.number, CASE.c.title, CASE.c.variables).order_by(CASE.c.id).limit(AT_ONCE)
    return chosen if last is None else chosen.where(CASE.c.id > last)


def downgrade() -> None:
    op.drop_column("case", "search_text")
