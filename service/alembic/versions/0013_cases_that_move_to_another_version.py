"""Which version new cases take; orders to move cases to another version, and how each case stood before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DEFINITION = sa.table("process_definition", sa.column("latest", sa.Boolean), sa.column("active", sa.Boolean))


def upgrade() -> None:
    op.add_column("process_definition", sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("process_definition", sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(sa.update(DEFINITION).values(active=DEFINITION.c.latest))
    op.create_table(
        "migration",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("source_id", Identifier(), nullable=False),
        sa.Column("target_id", Identifier(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "paused", "stopped", "done", name="migrationstate", native_enum=False),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("trial", sa.Integer(), nullable=True),
        sa.Column("most_untouched", sa.Integer(), nullable=True),
        sa.Column("up_to", sa.String(), nullable=False),
        sa.Column("returns_id", Identifier(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["process_definition.id"], name=op.f("fk_migration_source_id")),
        sa.ForeignKeyConstraint(["target_id"], ["process_definition.id"], name=op.f("fk_migration_target_id")),
        sa.ForeignKeyConstraint(["returns_id"], ["migration.id"], name=op.f("fk_migration_returns_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_migration")),
    )
    op.create_index(op.f("ix_migration_source_id"), "migration", ["source_id"])
    op.create_table(
        "migrated_case",
        sa.Column("migration_id", Identifier(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("waiting", "moved", "untouched", "returned", name="outcome", native_enum=False),
            nullable=False,
        ),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("at", Moment(), nullable=True),
        sa.Column("snapshot", sa.LargeBinary(), nullable=True),
        sa.Column("kept", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("stood", sa.LargeBinary(32), nullable=True),
        sa.ForeignKeyConstraint(["migration_id"], ["migration.id"], name=op.f("fk_migrated_case_migration_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_migrated_case_case_id")),
        sa.PrimaryKeyConstraint("migration_id", "case_id", name=op.f("pk_migrated_case")),
    )
    op.create_index(op.f("ix_migrated_case_case_id"), "migrated_case", ["case_id"])
    for name, columns, condition in (
        ("ix_migrated_case_waiting", ["migration_id", "case_id"], "outcome = 'waiting'"),
        ("ix_migrated_case_kept", ["at"], "snapshot IS NOT NULL"),
    ):
        only = sa.text(condition)
        op.create_index(name, "migrated_case", columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    op.drop_table("migrated_case")
    op.drop_table("migration")
    op.drop_column("process_definition", "pinned")
    op.drop_column("process_definition", "active")
