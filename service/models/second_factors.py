"""The second proof of who somebody is: codes of an app (RFC 6238), and codes on paper for when it is lost."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier, utcnow
from service.models.users import User


class SecondFactor(Base):
    """One person's app. Its secret stands nowhere: it is made of `nonce` and the installation's secret key."""

    __tablename__ = "second_factor"

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    nonce: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]  #: when a code of it was first right; before, nothing asks for it
    last_step: Mapped[int | None]  #: the half minute whose code was used last; none before it is taken again


class RecoveryCode(Base):
    """A code on paper, for once. Kept as SHA-256; what was used is gone."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.Index(None, "user_id"),)

    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
