"""When work is done: the calendars by which deadlines are counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, utcnow


class Calendar(Base):
    """A team's working hours and days off. Hours are texts such as `09:00-17:30`, in local time."""

    __tablename__ = "calendar"

    key: Mapped[str] = mapped_column(primary_key=True)  #: what diagrams say: `case:calendar="munich"`
    title: Mapped[str]
    zone: Mapped[str]  #: of the IANA database
    week: Mapped[list[Any]]  #: seven lists of hours, Monday first; none on a day without work
    country: Mapped[str | None]  #: whose public holidays are days off (ISO 3166-1)
    subdivision: Mapped[str | None]  #: of the country, with holidays of its own (ISO 3166-2, without the country)
    days: Mapped[dict[str, Any]]  #: by ISO date: {"hours": […], "why": "…"}; these stand above week and holidays
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)
