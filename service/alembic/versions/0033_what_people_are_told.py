"""Reminders, what people are told and by what way, and the mails that came back as notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Identifier, Moment

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None
works_with = "0019"

_WAY = sa.Enum("mail", "chat", "webhook", name="way", native_enum=False)
_TIMING = sa.Enum("now", "daily", "pressing", "never", name="timing", native_enum=False)
_STATE = sa.Enum("waiting", "sent", "dropped", "failed", "unsure", name="deliverystate", native_enum=False)


def upgrade() -> None:
    _reminders()
    _notifications()
    _deliveries()
    _choices()


def _reminders() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    _index("ix_reminder_open", "reminder", ["person", "due_at"], "closed_at IS NULL")


def _notifications() -> None:
    op.create_table(
        "notification",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("case_id", Identifier(), nullable=True),
        sa.Column("task_id", Identifier(), nullable=True),
        sa.Column("note_id", Identifier(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("about_at", Moment(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=True),
        sa.Column("sorted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("person", "key", name=op.f("uq_notification_person_key")),
    )
    op.create_index(op.f("ix_notification_person_id"), "notification", ["person", "id"])
    op.create_index(op.f("ix_notification_task_id_kind"), "notification", ["task_id", "kind"])
    _index("ix_notification_unseen", "notification", ["person"], "seen_at IS NULL")
    _index("ix_notification_new", "notification", ["id"], "sorted_at IS NULL")


def _deliveries() -> None:
    op.create_table(
        "notification_delivery",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("notification_id", Identifier(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("timing", _TIMING, nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("state", _STATE, nullable=False),
        sa.Column("handed_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notification.id"],
            name=op.f("fk_notification_delivery_notification_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_delivery")),
        sa.UniqueConstraint(
            "notification_id", "channel", name=op.f("uq_notification_delivery_notification_id_channel")
        ),
    )
    waiting = ["person", "channel", "due_at"]
    _index("ix_notification_delivery_waiting", "notification_delivery", waiting, "ended_at IS NULL")
    _index("ix_notification_delivery_bad", "notification_delivery", ["state"], "state IN ('failed', 'unsure')")


def _choices() -> None:
    op.create_table(
        "notification_channel",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("way", _WAY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        _whose("notification_channel"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_channel")),
    )
    op.create_index(op.f("ix_notification_channel_user_id"), "notification_channel", ["user_id"])
    op.create_table(
        "notification_choice",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("way", _WAY, nullable=False),
        sa.Column("timing", _TIMING, nullable=False),
        _whose("notification_choice"),
        sa.PrimaryKeyConstraint("user_id", "kind", "way", name=op.f("pk_notification_choice")),
    )
    op.create_table(
        "notification_hour",
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        _whose("notification_hour"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_hour")),
    )
    op.create_table(
        "received_mail",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_received_mail")),
    )
    op.create_index(op.f("ix_received_mail_received_at"), "received_mail", ["received_at"])


def _whose(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE")


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def downgrade() -> None:
    for table in (
        "received_mail",
        "notification_hour",
        "notification_choice",
        "notification_channel",
        "notification_delivery",
        "notification",
        "reminder",
    ):
        op.drop_table(table)
