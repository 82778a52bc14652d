"""Calendars over REST: working hours and days off, and the arithmetic of a deadline."""

from __future__ import annotations

from service.api import calendar_shapes as shapes
from service.api import schemas
from service.api.representations import listed, moment_of
from service.api.routes import Answer, Routes
from service.db import utcnow
from service.http.auth import current_actor
from service.models import Calendar
from service.operations import calendars as operations
from service.policy.permissions import Action
from service.queries import calendars

routes = Routes("calendars")


@routes.get("/calendars", Action.READ_CALENDAR, query=schemas.Paged, gives=list[shapes.CalendarShape])
def list_calendars(query: schemas.Paged) -> Answer:
    """All calendars, by key."""
    return Answer(listed(calendars.listed(limit=query.limit, cursor=query.cursor), _shape))


@routes.get("/calendars/{key}", Action.READ_CALENDAR, gives=shapes.CalendarShape)
def get_calendar(key: str) -> Answer:
    """One calendar."""
    return Answer(_shape(calendars.get(key)))


@routes.put("/calendars/{key}", Action.CHANGE_CALENDAR, body=shapes.PutCalendar, gives=shapes.CalendarShape)
def put_calendar(key: str, body: shapes.PutCalendar) -> Answer:
    """Make a calendar, or make it say this from now on; dates that are set already stay."""
    said = operations.Said(
        title=body.title,
        zone=body.zone,
        week={str(day): hours for day, hours in body.week.items()},
        country=body.country,
        subdivision=body.subdivision,
        days={day: (own.hours, own.why) for day, own in body.days.items()},
    )
    return Answer(_shape(operations.put(key, said, by=current_actor())))


@routes.delete("/calendars/{key}", Action.CHANGE_CALENDAR)
def remove_calendar(key: str) -> Answer:
    """Take a calendar away that no case type counts by."""
    operations.remove(calendars.get(key), by=current_actor())
    return Answer()


@routes.get(
    "/calendars/{key}/working-time",
    Action.READ_CALENDAR,
    query=shapes.ReckonQuery,
    gives=shapes.ReckoningShape,
    limit="evaluation",
)
def reckon(key: str, query: shapes.ReckonQuery) -> Answer:
    """How much working time lies between two moments, or when so much of it has passed: each stretch that counts."""
    span = query.duration or ("" if query.until else "P1D")
    found = calendars.reckon(calendars.get(key), query.since or utcnow(), span=span, end=query.until)
    return Answer(
        shapes.ReckoningShape(
            begin=moment_of(found.begin),
            end=moment_of(found.end),
            seconds=found.counted.total_seconds(),
            spans=[{"begin": moment_of(span.begin), "end": moment_of(span.end)} for span in found.spans],
            is_whole=found.is_whole,
        )
    )


def _shape(row: Calendar) -> shapes.CalendarShape:
    return {
        "key": row.key,
        "title": row.title,
        "zone": row.zone,
        "week": dict(zip(operations.WEEKDAYS, row.week, strict=True)),
        "country": row.country,
        "subdivision": row.subdivision,
        "days": row.days,
        "changed_at": moment_of(row.changed_at),
    }
