"""Data stores (BPMN 2.0.2 §10.4.1): values that outlive the cases that read and write them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, utcnow


class DataStore(Base):
    """One named value, shared by all cases; the last write wins."""

    __tablename__ = "data_store"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(sa.JSON)
    written_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)
    written_by: Mapped[str]  #: number of the case that wrote it last
