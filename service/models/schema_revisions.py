"""What each revision of the tables says to releases before it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, utcnow


class SchemaRevision(Base):
    """A revision that the tables have gone through, kept for releases that do not know it."""

    __tablename__ = "schema_revision"

    revision: Mapped[str] = mapped_column(primary_key=True)
    works_with: Mapped[str]  #: the oldest revision whose release can work on the tables as this one leaves them
    at: Mapped[datetime] = mapped_column(default=utcnow)
