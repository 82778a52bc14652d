"""One's due dates for a calendar program, as iCalendar (RFC 5545), under an address that only its owner knows.

A calendar program sends no headers of ours: the token stands in the query, which no log of ours keeps. It can do
nothing else, and ends when its owner or an administrator revokes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import Blueprint, Response, request, url_for

from service.db import utcnow
from service.errors import NotFound
from service.http import auth, rate_limits
from service.http.protection import public
from service.queries import feeds
from service.queries.feeds import Entry

blueprint = Blueprint("feeds", __name__)
SCOPE = "calendar"
_WORDS = {"due": "Due", "take up": "Take up again", "reminder": "Reminder"}
AGAIN = timedelta(minutes=30)  #: when a calendar program had better ask again


@blueprint.get("/calendar-feed.ics")
@public
def feed() -> Response:
    """When the tasks and cases of whoever has the token `key` are due."""
    actor = auth.holder_of(request.args.get("key", ""), SCOPE)
    if actor is None:
        raise NotFound("There is no such calendar; make a link to yours on your profile.")
    rate_limits.spend("search", actor)
    response = Response(_written(feeds.entries(actor), utcnow()), content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = f"private, max-age={AGAIN.seconds}"
    return response


def _written(entries: Iterable[Entry], now: datetime) -> bytes:
    from icalendar import Calendar, Event  # takes a third of a second, and most processes write none

    calendar = Calendar()
    calendar.add("prodid", "-//Casewright//Due dates//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Casewright")
    calendar.add("refresh-interval", AGAIN, parameters={"value": "DURATION"})
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.key}@casewright")
        event.add("dtstamp", now)
        event.add("dtstart", entry.at)
        event.add("summary", _summary(entry))
        event.add("description", entry.title)
        event.add("url", _address(entry))
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _summary(entry: Entry) -> str:
    about = " · ".join(filter(None, (entry.name, entry.number)))
    return f"{_WORDS[entry.what]}: {about}"


def _address(entry: Entry) -> str:
    if entry.task_id is None:
        return url_for("cases.show", number=entry.number, _external=True)
    return url_for("tasks.show", task_id=entry.task_id, _external=True)
