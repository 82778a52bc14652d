"""What somebody tries out: which files, and what they have done so far. No case, and nothing of one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Key, utcnow
from service.models.users import User


class Rehearsal(Base):
    """One person's rehearsal of one process; nobody else's. It is its acts: how it stands comes of doing them again."""

    __tablename__ = "rehearsal"
    __table_args__ = (sa.Index(None, "user_id"), sa.Index(None, "touched_at"))

    id: Mapped[Key]
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
    source: Mapped[str]  #: whose files: `version:ID` (see operations/rehearsals.py SOURCES)
    case_type: Mapped[str]  #: the key of the process that is tried
    acts: Mapped[list[Any]]  #: the start first, as rehearsal/acts.py writes them
    touched_at: Mapped[datetime] = mapped_column(default=utcnow)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
