"""WHAT PEOPLE ARE TOLD, by what way, and what they chose of it.

One row for each person and key: whatever happens twice, or is done again after a crash, is told once.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow, where
from service.models.users import User


class Notification(Base):
    """Something that one person is told. What it is about may be gone, or closed to them, when they read it."""

    __tablename__ = "notification"
    __table_args__ = (
        sa.UniqueConstraint("person", "key"),
        sa.Index(None, "person", "id"),
        sa.Index(None, "task_id", "kind"),
        sa.Index("ix_notification_unseen", "person", **where("seen_at IS NULL")),
        sa.Index("ix_notification_new", "id", **where("sorted_at IS NULL")),
    )

    id: Mapped[Key]
    person: Mapped[str]  #: user name
    key: Mapped[str]  #: of what happened
    kind: Mapped[str]  #: of `notifications.KINDS`
    case_id: Mapped[uuid.UUID | None]
    task_id: Mapped[uuid.UUID | None]
    note_id: Mapped[uuid.UUID | None]
    actor: Mapped[str | None]  #: user name of who did it
    about_at: Mapped[datetime | None]  #: the moment that it is about, such as a due date
    text: Mapped[str | None]  #: what there is to say beside the kind
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime | None]
    sorted_at: Mapped[datetime | None]  #: when it was decided which ways it goes


class Way(StrEnum):
    """By what a person is told, beside the page."""

    MAIL = "mail"
    CHAT = "chat"
    WEBHOOK = "webhook"


class Timing(StrEnum):
    """When a person is told by one way of one kind of thing."""

    NOW = "now"  #: at once
    DAILY = "daily"  #: with all else of the day, at an hour
    PRESSING = "pressing"  #: at once, and only where the task is late or nearly so
    NEVER = "never"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"  #: it was no longer to be told, or no longer to be seen by them
    FAILED = "failed"  #: refused, or out of attempts
    UNSURE = "unsure"  #: handed over, and never heard whether it arrived: it is not sent again


class NotificationChannel(Base):
    """A chat or a program of one person that is told what they are told. Mail needs none: it goes to their address."""

    __tablename__ = "notification_channel"
    __table_args__ = (sa.Index(None, "user_id"),)

    id: Mapped[Key]
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
    way: Mapped[Way] = mapped_column(sa.Enum(Way, native_enum=False, values_callable=lambda e: list(e)))
    name: Mapped[str]  #: what its owner calls it
    address: Mapped[str]  #: of a webhook its URL, of a chat Apprise's; sealed, and never shown whole
    secret: Mapped[str | None]  #: what a webhook is signed with; sealed
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class NotificationDelivery(Base):
    """One notification on one way to one person."""

    __tablename__ = "notification_delivery"
    __table_args__ = (
        sa.UniqueConstraint("notification_id", "channel"),
        sa.Index("ix_notification_delivery_waiting", "person", "channel", "due_at", **where("ended_at IS NULL")),
        sa.Index("ix_notification_delivery_bad", "state", **where("state IN ('failed', 'unsure')")),
    )

    id: Mapped[Key]
    notification_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Notification.id, ondelete="CASCADE"))
    person: Mapped[str]  #: user name
    channel: Mapped[str]  #: `mail`, or the id of a channel
    timing: Mapped[Timing] = mapped_column(sa.Enum(Timing, native_enum=False, values_callable=lambda e: list(e)))
    due_at: Mapped[datetime]  #: not before
    state: Mapped[DeliveryState] = mapped_column(
        sa.Enum(DeliveryState, native_enum=False, values_callable=lambda e: list(e)), default=DeliveryState.WAITING
    )
    handed_at: Mapped[datetime | None]  #: written down before it is handed over, by mail
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None]  #: why it did not arrive

    notification: Mapped[Notification] = relationship(lazy="raise")


class NotificationChoice(Base):
    """What somebody wants otherwise than `notifications.KINDS` has it."""

    __tablename__ = "notification_choice"

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    way: Mapped[Way] = mapped_column(
        sa.Enum(Way, native_enum=False, values_callable=lambda e: list(e)), primary_key=True
    )
    timing: Mapped[Timing] = mapped_column(sa.Enum(Timing, native_enum=False, values_callable=lambda e: list(e)))


class NotificationHour(Base):
    """At which hour of their day somebody gets the daily mail."""

    __tablename__ = "notification_hour"

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    hour: Mapped[int]
    zone: Mapped[str]  #: of the IANA database


class ReceivedMail(Base):
    """A mail that was taken as a note: mail servers may hand over one twice."""

    __tablename__ = "received_mail"
    __table_args__ = (sa.Index(None, "received_at"),)

    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)  #: SHA-256 over its Message-ID
    received_at: Mapped[datetime] = mapped_column(default=utcnow)
