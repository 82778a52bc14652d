"""How things are said on pages: due dates, priorities, states, values. Short, human; colour never says it alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any

from service.engine import timing
from service.http import bounds
from service.languages import _, formats, later, ngettext
from service.models import CaseState, TaskState

NOTHING = "–"
RUNNING = 99  #: open cases of a definition; of more it is said that there are more
HIGH, LOW = 70, 30  #: priorities from HIGH on and below LOW are named; those between are as usual


@dataclass(frozen=True)
class Chip:
    """A short text in a tone: good, warn, bad, info or quiet."""

    text: str
    tone: str = "quiet"


def due(at: datetime | None, *, now: datetime, zone: tzinfo) -> Chip | None:
    """What is left until `at`, in words: late, today, tomorrow, in N days, or the date."""
    if at is None:
        return None
    days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if at < now:
        return Chip(_("%(span)s late", span=_span(now - at)), "bad")
    if days == 0:
        return Chip(_("today %(time)s", time=f"{at.astimezone(zone):%H:%M}"), "warn")
    if days == 1:
        return Chip(_("tomorrow"), "warn")
    if days < 14:
        return Chip(_("in %(days)s days", days=days), "good")
    return Chip(day(at.astimezone(zone).date(), today=now.astimezone(zone).date()), "good")


def due_day(at: datetime | None, *, now: datetime, zone: tzinfo) -> str:
    """The heading of what is due on one day: Late, Today, Tomorrow, `Thu 3 Dec`, or No due date."""
    if at is None:
        return _("No due date")
    if at < now:
        return _("Late")
    day_, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    named = {0: _("Today"), 1: _("Tomorrow")}.get((day_ - today).days)
    return named or f"{formats.weekday(day_)} {day(day_, today=today)}"


def set_aside(until: datetime | None, due_at: datetime | None, *, now: datetime, zone: tzinfo) -> Chip | None:
    """That a task is not to be begun before its follow-up date; None where it may be."""
    if until is None or until <= now or (due_at is not None and due_at < now):
        return None
    until_day = day(until.astimezone(zone).date(), today=now.astimezone(zone).date())
    return Chip(_("Set aside until %(day)s", day=until_day))


def worked(length: timedelta) -> str:
    """A stretch of working time to the minute, such as 7 h 30 min."""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    shown = f"{formats.whole(hours)} h" if hours else ""
    return " ".join(filter(None, (shown, f"{minutes} min" if minutes or not hours else "")))


def left(length: timedelta, *, working: bool) -> str:
    """An amount of time to the minute: of working time in hours, else in days too."""
    minutes = max(0, int(length.total_seconds() // 60))
    if not minutes:
        return _("less than a minute")
    if working or minutes < 2 * 1440:
        return worked(timedelta(minutes=minutes))
    days, rest = divmod(minutes, 1440)
    return counted(days, "day") + (f" {rest // 60} h" if rest >= 60 else "")


def duration(text: str, *, working: bool) -> str:
    """An ISO 8601 duration: `P2D` is 2 working days where working time counts."""
    try:
        span = timing.duration(text)
    except timing.BadTime:
        return text
    years, months = divmod(span.months, 12)
    days = span.days - 7 * span.weeks
    hours, seconds = divmod(round(span.seconds), 3600)
    said = [
        counted(years, "year") if years else "",
        counted(months, "month") if months else "",
        counted(span.weeks, "week") if span.weeks else "",
        (counted(days, "working day") if working else counted(days, "day")) if days else "",
        (counted(hours, "working hour") if working else counted(hours, "hour")) if hours else "",
        counted(seconds // 60, "minute") if seconds >= 60 else "",
    ]
    return " ".join(filter(None, said)) or text


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes >= 1440:
        return counted(minutes // 1440, "day")
    if minutes >= 60:
        return counted(minutes // 60, "hour")
    return counted(minutes, "minute") if minutes else _("just")


def day(value: date, *, today: date | None = None) -> str:
    """`21 Nov`, with the year when it is not this one."""
    return formats.day(value, with_year=not (today and today.year == value.year))


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 case`, `2 cases`; what is counted is found by the extraction of messages where it stands in the call."""
    return ngettext(f"%(num)s {one}", f"%(num)s {many or one + 's'}", number, num=formats.whole(number))


def running(number: int, what: str = "") -> str:
    """`1 open case`, `99+ open cases`: of a definition's cases no more are counted."""
    shown = up_to(RUNNING, number)
    return ngettext(f"%(num)s {what}", f"%(num)s {what}s", number, num=shown) if what else shown


def up_to(most: int, number: int) -> str:
    """`12`; `99+` where counting stopped."""
    return formats.whole(number) if number <= most else f"{formats.whole(most)}+"


def priority(value: int) -> Chip | None:
    """A word for a priority out of the ordinary; None for an ordinary one."""
    if value >= 90:
        return Chip(_("Urgent"), "bad")
    if value >= HIGH:
        return Chip(_("High"), "warn")
    if value < LOW:
        return Chip(_("Low"))
    return None


CASE_STATES = {
    CaseState.ACTIVE: Chip(later("Open"), "info"),
    CaseState.SUSPENDED: Chip(later("On hold"), "warn"),
    CaseState.COMPLETED: Chip(later("Completed"), "good"),
    CaseState.TERMINATED: Chip(later("Cancelled")),
    CaseState.FAILED: Chip(later("Stuck"), "bad"),
}
TASK_STATES = {
    TaskState.READY: Chip(later("Free"), "info"),
    TaskState.RESERVED: Chip(later("Taken")),
    TaskState.COMPLETED: Chip(later("Done"), "good"),
    TaskState.CANCELLED: Chip(later("No longer needed")),
}


#: short names that are written in capitals
CAPITALS = frozenset({"api", "gdpr", "hr", "iban", "id", "it", "ok", "sla", "url", "vat"})


def readable(name: str) -> str:
    """`policyNumber` and `policy_number` as `Policy number`: for data that no form names."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ")
    words = [_spelled(word) for word in text.split()]
    joined = " ".join(words) or name
    return joined[:1].upper() + joined[1:]


def _spelled(word: str) -> str:
    if word.lower() in CAPITALS:
        return word.upper()
    return word if word.isupper() and len(word) > 1 else word.lower()


def value(data: Any, options: Mapping[str, str] | None = None, *, nested: int = 0) -> str:
    """A variable's value in one line; `options` maps raw option values to what the form calls them.

    Of a list and a record only so many parts are told, of a text so many characters (http/bounds.py).
    """
    if data is None or data == "" or data == [] or data == {}:
        return NOTHING
    if isinstance(data, bool):
        return _("Yes") if data else _("No")
    if options and str(data) in options:
        return options[str(data)]
    if isinstance(data, float):
        return number(data)
    if isinstance(data, int):
        return number(data) if abs(data) >= 10_000 else str(data)
    if isinstance(data, str):
        return _date(data) or _length(data) or clipped(data)
    if isinstance(data, Mapping | list | tuple):
        return clipped(_parts(data, options, nested + 1)) if nested < bounds.NESTED else "…"
    return clipped(str(data))


def _parts(data: Mapping[str, Any] | Sequence[Any], options: Mapping[str, str] | None, nested: int) -> str:
    first = list(islice(data.items() if isinstance(data, Mapping) else data, bounds.ROWS))
    if isinstance(data, Mapping):
        said = [f"{readable(clipped(str(name)))}: {value(part, nested=nested)}" for name, part in first]
    else:
        said = [value(part, options, nested=nested) for part in first]
    return (", " if isinstance(data, Mapping) else "; ").join([*said, *left_out(len(data), bounds.ROWS)])


def left_out(there: int, shown: int) -> list[str]:
    """What a list ends with when it holds more than is shown: `… and 12 more`, or nothing."""
    return [_("… and %(more)s more", more=formats.whole(there - shown))] if there > shown else []


def clipped(text: str) -> str:
    """`text`, or as much of it as is shown, with how much there is."""
    if len(text) <= bounds.TEXT:
        return text
    return f"{text[: bounds.TEXT]} … {_('(%(number)s characters in all)', number=formats.whole(len(text)))}"


def number(data: float) -> str:
    """`1,200` and `1,200.50`."""
    return formats.decimal(data) if data != int(data) else formats.whole(int(data))


def _date(text: str) -> str | None:
    """ISO dates and times as people write them; None for any other text."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?", text):
        return None
    try:
        if len(text) == 10:
            return day(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    zone = " UTC" if moment.tzinfo in (UTC,) else ""
    return f"{day(moment.date())}, {moment:%H:%M}{zone}"


#: the parts of an ISO 8601 duration, from the largest to the smallest
PARTS: tuple[Callable[[int], str], ...] = (
    lambda number: counted(number, "year"),
    lambda number: counted(number, "month"),
    lambda number: counted(number, "week"),
    lambda number: counted(number, "day"),
    lambda number: counted(number, "hour"),
    lambda number: counted(number, "minute"),
    lambda number: counted(number, "second"),
)
LENGTH = re.compile(
    r"P(?=[\dT])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?"
)


def _length(text: str) -> str | None:
    """`PT1H30M` as `1 hour 30 minutes`; None for any other text."""
    found = LENGTH.fullmatch(text)
    if found is None:
        return None
    parts = zip(found.groups(), PARTS, strict=True)
    return " ".join(say(int(number)) for number, say in parts if number) or None


def principal(text: str) -> str:
    """`group:claims-intake` as `Claims intake`, `user:ann` as `ann`."""
    kind, _, name = text.rpartition(":")
    return name if kind == "user" else readable(name)


def instance(local: Mapping[str, Any] | None, items: Collection[str]) -> str:
    """Which of several tasks of one activity this is: by the name of what it is about, or `2 of 3`; else nothing.

    `items` are the names that multi-instance activities have for what an instance is about.
    """
    if not local or "loopCounter" not in local:
        return ""
    for name, item in local.items():
        said = item.get("name") or item.get("title") if isinstance(item, Mapping) else item
        if name in items and isinstance(said, str | int) and not isinstance(said, bool):
            return str(said)[:60]
    return _("%(place)s of %(all)s", place=local["loopCounter"] + 1, all=local.get("nrOfInstances", "…"))


def initials(name: str) -> str:
    """One or two letters for an avatar."""
    parts = [part for part in re.split(r"[\s._-]+", name) if part]
    return "".join(part[0] for part in ([parts[0], parts[-1]] if len(parts) > 1 else parts[:1])).upper() or "?"
