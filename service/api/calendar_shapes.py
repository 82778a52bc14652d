"""What programs send and get about calendars."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from service.api.schemas import Body, Instant, Query
from service.api.shapes import Moment

Hours = Annotated[
    list[Annotated[str, Field(max_length=40)]],
    Field(max_length=12, description="Such as `09:00-12:00` and `13:00-17:30`; none for a day off."),
]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Day = Annotated[date, Field(strict=False)]


class OwnHours(Body):
    """A day with hours of its own."""

    hours: Hours = []
    why: Annotated[str, Field(max_length=200)] = ""


class PutCalendar(Body):
    """What a calendar says; it is said whole."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    zone: Annotated[str, Field(max_length=100, description="Of the IANA database, such as `Europe/Berlin`.")]
    week: dict[Weekday, Hours] = Field(description="Working hours by day; a day that is left out is off.")
    country: str | None = Field(
        None, max_length=2, description="Whose public holidays are days off, such as `DE` (ISO 3166-1)."
    )
    subdivision: str | None = Field(
        None, max_length=20, description="A part of it with holidays of its own, such as `BY`."
    )
    days: dict[Day, OwnHours] = Field({}, max_length=1000, description="Days with hours of their own, by ISO date.")


class ReckonQuery(Query):
    """From when, and until when or for how long."""

    since: Instant | None = Field(None, description="From when working time is counted; now, unless said.")
    until: Instant | None = Field(None, description="Until when; or say `duration`.")
    duration: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Working time in ISO 8601, such as `PT8H`; `P1D` where `until` is not said either.",
    )


class OwnHoursShape(TypedDict):
    hours: list[str]
    why: str


class CalendarShape(TypedDict):
    key: str
    title: str
    zone: str
    week: dict[str, list[str]]
    country: str | None
    subdivision: str | None
    days: dict[str, OwnHoursShape]
    changed_at: Moment


class SpanShape(TypedDict):
    begin: Moment
    end: Moment


class ReckoningShape(TypedDict):
    begin: Moment
    end: Moment
    seconds: float
    spans: list[SpanShape]
    is_whole: bool
