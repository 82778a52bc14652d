"""Working time: when so much of it has passed, and how much of it lies between two moments.

A day of a duration is a working day and ends at the time of day at which it began; weeks, months and years are of
everybody's calendar and end on a working day; hours, minutes and seconds are counted while work is done. What begins
outside of working time begins as work does.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from dateutil.relativedelta import relativedelta

from service.engine import timing
from service.engine.errors import BadTime
from service.engine.timing import Duration

Hours = tuple[tuple[int, int], ...]  #: minutes since midnight from and until which is worked, in order
A_DAY = 24 * 60  #: minutes
FARTHEST = 20 * 366  #: days that are looked at for one deadline
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """A stretch of working time, in UTC."""

    begin: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.begin


@dataclass(frozen=True)
class WorkingTime:
    """When work is done: by the clock of `zone`, in `week`'s hours (Monday first), not on `holidays`.

    `exceptions` are days with hours of their own, none for a day off; they stand above week and holidays.
    """

    name: str
    zone: tzinfo
    week: tuple[Hours, Hours, Hours, Hours, Hours, Hours, Hours]
    holidays: Container[date] = frozenset()
    exceptions: Mapping[date, Hours] = field(default_factory=dict)

    def due(self, value: Any, now: datetime) -> datetime:
        """When something is due that is given as a duration of working time from `now`, or as a date. Raises BadTime.

        FEEL does not tell `PT48H` from `P2D`: of what it computes, whole days are working days.
        """
        if isinstance(value, timedelta):
            return self.after(now, Duration(days=value.days, seconds=(value % _DAY).total_seconds()))
        if isinstance(value, str) and timing.is_duration(value):
            return self.after(now, timing.duration(value))
        return timing.due(value, now)

    def later(self, due: datetime, begin: datetime, end: datetime) -> datetime:
        """When is due what was due at `due`, if the clocks stood still from `begin` to `end`. Raises BadTime."""
        return due if due <= begin else self.after(end, Duration(seconds=self.between(begin, due).total_seconds()))

    def hours(self, day: date) -> Hours:
        """The hours of that day; none where nobody works."""
        if day in self.exceptions:
            return self.exceptions[day]
        return () if day in self.holidays else self.week[day.weekday()]

    def spans(self, begin: datetime, end: datetime) -> Iterator[Span]:
        """The working time between two moments, in order. Raises BadTime for more than twenty years."""
        if end <= begin:
            return
        for span in self._from(begin):
            if span.begin >= end:
                return
            yield Span(span.begin, min(span.end, end))

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; none where `end` is the earlier. Raises BadTime."""
        return sum((span.length for span in self.spans(begin, end)), timedelta())

    def after(self, start: datetime, span: Duration) -> datetime:
        """When `span` of working time after `start` is over, in UTC. Raises BadTime for one that goes backwards,
        and where there is not as much working time within twenty years."""
        if span.months < 0 or span.days < 0 or span.seconds < 0:
            raise BadTime("Working time is counted forwards: write a duration without a minus.")
        try:
            moment = next(self._from(start)).begin
            if span.months or span.weeks:
                later = moment.astimezone(self.zone) + relativedelta(months=span.months, weeks=span.weeks)
                moment = self._on(self._working_day(later.date(), 0), later.time())
            if span.days - span.weeks * 7:
                here = moment.astimezone(self.zone)
                moment = self._on(self._working_day(here.date(), span.days - span.weeks * 7), here.time())
            return self._worked(moment, timedelta(seconds=span.seconds))
        except BadTime:
            raise
        except (OverflowError, ValueError):
            raise BadTime("That time is beyond the calendar.") from None

    def _worked(self, moment: datetime, left: timedelta) -> datetime:
        if not left:
            return moment.astimezone(UTC)
        for span in self._from(moment):
            if span.length >= left:
                return span.begin + left
            left -= span.length
        raise AssertionError  # `_from` ends by raising

    def _from(self, moment: datetime) -> Iterator[Span]:
        """The working time from a moment on. Raises BadTime once twenty years have been looked at."""
        try:
            first = moment.astimezone(self.zone).date()
            worked = moment.astimezone(UTC)
            for number in range(FARTHEST):
                day = first + number * _DAY
                for opens, closes in self.hours(day):
                    begin, end = max(self._at(day, opens), worked), self._at(day, closes)
                    if begin < end:  # when the clocks change, hours of a night may be none, or meet
                        yield Span(begin, end)
                        worked = end
        except OverflowError:
            raise BadTime("That time is beyond the calendar.") from None
        raise BadTime(f"The calendar “{self.name}” has not as much working time within twenty years.")

    def _at(self, day: date, minutes: int) -> datetime:
        """The first moment at which the clock shows that much, or more where it leaps over it."""
        if minutes == A_DAY:
            day, minutes = day + _DAY, 0
        clock = datetime.combine(day, time(minutes // 60, minutes % 60))
        found, least = (clock.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if self._clock(found) == clock:
            return found
        while found - least > timedelta(seconds=1):
            middle = least + (found - least) / 2
            least, found = (least, middle) if self._clock(middle) >= clock else (middle, found)
        return found.replace(microsecond=0)

    def _clock(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def _working_day(self, day: date, number: int) -> date:
        """The `number`th working day after that day; with 0 itself, or the first after it. Raises BadTime."""
        left = number
        for ahead in range(0 if number == 0 else 1, FARTHEST):
            if self.hours(found := day + ahead * _DAY):
                left -= 1
                if left <= 0:
                    return found
        raise BadTime(f"The calendar “{self.name}” has not as many working days within twenty years.")

    def _on(self, day: date, clock: time) -> datetime:
        """That time of a working day; the last moment of work before it where there is none then, or the first."""
        minute = clock.hour * 60 + clock.minute
        hours = self.hours(day)
        if any(opens <= minute < closes for opens, closes in hours):
            return self._at(day, minute) + timedelta(seconds=clock.second, microseconds=clock.microsecond)
        over = [closes for _, closes in hours if closes <= minute]
        return self._at(day, over[-1] if over else hours[0][0])


def is_in_order(hours: Hours) -> bool:
    """Whether these are hours of one day, each ending after it begins and before the next begins."""
    ends = all(0 <= opens < closes <= A_DAY for opens, closes in hours)
    return ends and all(before[1] < following[0] for before, following in pairwise(hours))


def unknown(name: str) -> WorkingTime:
    """Raise BadTime: nobody keeps such a calendar."""
    raise BadTime(f"There is no calendar “{name[:100]}”.")
