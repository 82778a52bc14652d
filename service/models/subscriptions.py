"""Who waits for which message or signal, and messages that nobody waits for yet."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Key, utcnow
from service.models.cases import Case
from service.models.definitions import ProcessDefinition


class Subscription(Base):
    """An activity of a case, or a start event of a definition, that waits for a message or a signal."""

    __tablename__ = "subscription"
    __table_args__ = (sa.Index(None, "kind", "event_name"), sa.Index(None, "case_id"), sa.Index(None, "definition_id"))

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(Case.id))
    definition_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(ProcessDefinition.id))
    kind: Mapped[str]  #: message or signal
    event_name: Mapped[str]
    correlation: Mapped[dict[str, Any]] = mapped_column(default=dict)
    activity_id: Mapped[str | None]
    element_id: Mapped[str]

    case: Mapped[Case | None] = relationship(lazy="raise")  #: so that it is inserted after it
    definition: Mapped[ProcessDefinition | None] = relationship(lazy="raise")


class Message(Base):
    """A published message that is kept until somebody waits for it or it expires."""

    __tablename__ = "message"
    __table_args__ = (sa.Index(None, "name"), sa.Index(None, "expires_at"))

    id: Mapped[Key]
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    correlation: Mapped[dict[str, Any]]
    published_by: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]


class MessageId(Base):
    """The id of a message that was published: who sends it again is told so."""

    __tablename__ = "message_id"
    __table_args__ = (sa.Index(None, "published_at"),)

    name: Mapped[str] = mapped_column(primary_key=True)  #: the message's name
    message_id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    published_at: Mapped[datetime] = mapped_column(default=utcnow)
