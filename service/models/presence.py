"""Who looks at a task just now; forgotten a minute after they went."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier, utcnow
from service.models.tasks import HumanTask
from service.models.users import User

STAYS = timedelta(minutes=1)  #: after which who said nothing more is gone


class Presence(Base):
    """Somebody with a task's page before them; written anew while they stay (operations/presence.py)."""

    __tablename__ = "presence"
    __table_args__ = (sa.Index(None, "user_id"), sa.Index(None, "seen_at"))

    task_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(HumanTask.id, ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
