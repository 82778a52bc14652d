"""Documents of a case, their versions, and their content."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None
works_with = "0019"  # releases that know no documents show none


def upgrade() -> None:
    op.create_table(
        "stored_content",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("kept_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_content")),
    )
    unkept = sa.text("kept_at IS NULL")
    op.create_index(
        "ix_stored_content_unkept", "stored_content", ["began_at"], sqlite_where=unkept, postgresql_where=unkept
    )
    op.create_table(
        "content_piece",
        sa.Column("content_id", Identifier(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"], ["stored_content.id"], name=op.f("fk_content_piece_content_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("content_id", "number", name=op.f("pk_content_piece")),
    )
    op.create_table(
        "document",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("visibility", sa.Enum("team", "everybody", name="notevisibility", native_enum=False), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("held_at", Moment(), nullable=True),
        sa.Column("withdrawn_at", Moment(), nullable=True),
        sa.Column("withdrawn_because", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_document_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_case_id_id"), "document", ["case_id", "id"])
    op.create_table(
        "document_version",
        sa.Column("document_id", Identifier(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_id", Identifier(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_version_document_id")),
        sa.ForeignKeyConstraint(["content_id"], ["stored_content.id"], name=op.f("fk_document_version_content_id")),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_document_version")),
    )
    op.create_index(op.f("ix_document_version_content_id"), "document_version", ["content_id"])


def downgrade() -> None:
    op.drop_table("document_version")
    op.drop_table("document")
    op.drop_table("content_piece")
    op.drop_table("stored_content")
