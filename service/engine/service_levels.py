"""Service levels: how much of an allowance is used up by when, of time that a calendar counts and nobody stopped.

A clock's history is a list of turns: from each moment on it counts by a calendar, or stands. What is allowed is what
the first calendar makes of the target from the beginning on, in working time; it is used up in whatever calendar
counts later. So a hold neither shortens nor prolongs what is left, and nor does a move to another calendar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from service.engine import timing
from service.engine.errors import BadTime
from service.engine.timing import Duration
from service.engine.working_time import Span, WorkingTime

SHARE = re.compile(r"([1-9]\d?)%")  #: a warning as a share of the target
LONGEST = timedelta(days=3660)  #: that a target may ask for, by everybody's calendar
_NOTHING = timedelta()


@dataclass(frozen=True)
class Turn:
    """From `at` on the clock counts by `calendar` (empty: all time), or stands, for the reason `why`."""

    at: datetime
    calendar: str | None = None  #: None: it stands
    why: str = ""

    @property
    def stands(self) -> bool:
        """Whether nothing is counted."""
        return self.calendar is None


@dataclass(frozen=True)
class Counter:
    """How time is counted: by working time, or all of it. By a calendar in whose weeks nobody works all time counts:
    work never stops for its measuring."""

    zone: tzinfo = UTC  #: whose days all time is counted by
    working: WorkingTime | None = None

    @property
    def works(self) -> bool:
        """Whether it counts working time."""
        return self.working is not None and any(self.working.week)

    def after(self, start: datetime, span: Duration) -> datetime:
        """When `span` is over that begins at `start`, in UTC; by all time where there is not as much working time
        within twenty years. Raises BadTime beyond the calendar."""
        if self.works and self.working is not None:
            try:
                return self.working.after(start, span)
            except BadTime:
                pass
        return timing.after(start.astimezone(self.zone), span)

    def spans(self, begin: datetime, end: datetime) -> list[Span]:
        """The stretches between two moments that are counted, in order."""
        if self.works and self.working is not None:
            return list(self.working.spans(begin, end))
        return [Span(begin.astimezone(UTC), end.astimezone(UTC))] if begin < end else []

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """How much lies between two moments."""
        return sum((span.length for span in self.spans(begin, end)), _NOTHING)


Counters = Callable[[str], Counter]  #: what counts by the calendar of that key; empty: all time


@dataclass(frozen=True)
class Measure:
    """How a clock stands."""

    allowance: timedelta  #: counted time that may pass
    warning: timedelta | None  #: counted time after which it is warned
    counted: timedelta  #: until it was looked at
    warn_at: datetime | None  #: when it is, or was, warned; None: never, or not while the clock stands
    due_at: datetime | None  #: when the allowance is, or was, used up; None: not while the clock stands

    @property
    def left(self) -> timedelta:
        """What is left of the allowance; negative once it is used up."""
        return self.allowance - self.counted


@dataclass(frozen=True)
class Period:
    """A turn, and until when it lasted."""

    turn: Turn
    end: datetime

    @property
    def begin(self) -> datetime:
        """When it began."""
        return self.turn.at


@dataclass(frozen=True)
class Stretch:
    """One line of the arithmetic."""

    begin: datetime
    end: datetime
    turn: Turn  #: in which it lies
    is_counted: bool

    @property
    def length(self) -> timedelta:
        """How long it is by the clock."""
        return self.end - self.begin


def measure(target: str, warning: str, history: Sequence[Turn], counters: Counters, until: datetime) -> Measure:
    """How a clock stands at `until`. `history` has a turn at least, which begins where the clock does.

    Raises BadTime for a target or warning that is no duration, which a deployment refuses.
    """
    first = next((turn for turn in history if not turn.stands), history[0])
    counter, began = counters(first.calendar or ""), history[0].at
    allowance = counter.between(began, counter.after(began, timing.duration(target)))
    warns = _warning(warning, allowance, counter, began)
    counted = sum(
        (counters(each.turn.calendar or "").between(each.begin, each.end) for each in _counting(history, until)),
        _NOTHING,
    )
    return Measure(
        allowance,
        warns,
        counted,
        None if warns is None else used_up(warns, history, counters),
        used_up(allowance, history, counters),
    )


def _warning(text: str, allowance: timedelta, counter: Counter, began: datetime) -> timedelta | None:
    if not text:
        return None
    if share := SHARE.fullmatch(text):
        return timedelta(seconds=allowance.total_seconds() * int(share[1]) // 100)
    return min(allowance, counter.between(began, counter.after(began, timing.duration(text))))


def used_up(amount: timedelta, history: Sequence[Turn], counters: Counters) -> datetime | None:
    """When so much has been counted, past or to come; None where it is not while the clock stands as it stands now."""
    left = amount
    for number, turn in enumerate(history):
        if turn.stands:
            continue
        counter = counters(turn.calendar or "")
        if number + 1 < len(history):
            counted = counter.between(turn.at, history[number + 1].at)
            if counted < left:
                left -= counted
                continue
        return counter.after(turn.at, Duration(seconds=left.total_seconds()))
    return None


def periods(history: Sequence[Turn], until: datetime) -> Iterator[Period]:
    """The turns, each with its end; the last one lasts until `until`."""
    for number, turn in enumerate(history):
        end = history[number + 1].at if number + 1 < len(history) else max(turn.at, until)
        if min(end, until) > turn.at:
            yield Period(turn, min(end, until))


def _counting(history: Sequence[Turn], until: datetime) -> Iterable[Period]:
    return (each for each in periods(history, until) if not each.turn.stands)


def stretches(history: Sequence[Turn], counters: Counters, until: datetime) -> Iterator[Stretch]:
    """Every stretch from the beginning until `until`, whether it was counted or not, in order and without a gap."""
    for period in periods(history, until):
        at = period.begin
        spans = [] if period.turn.stands else counters(period.turn.calendar or "").spans(period.begin, period.end)
        for span in spans:
            if span.begin > at:
                yield Stretch(at, span.begin, period.turn, is_counted=False)
            yield Stretch(span.begin, span.end, period.turn, is_counted=True)
            at = span.end
        if at < period.end:
            yield Stretch(at, period.end, period.turn, is_counted=False)


def turned(history: Sequence[Turn], turn: Turn) -> list[Turn]:
    """The history with `turn` behind it, where that says anything new."""
    last = history[-1] if history else None
    if last is not None and (last.calendar, last.why) == (turn.calendar, turn.why):
        return list(history)
    kept = [each for each in history if each.at < turn.at]
    if kept and (kept[-1].calendar, kept[-1].why) == (turn.calendar, turn.why):
        return kept
    return [*kept, turn]


def is_later(warning: str, target: str) -> bool:
    """Whether a warning surely comes after the target: both are durations of everybody's days. Raises BadTime."""
    if SHARE.fullmatch(warning):
        return False
    some_day = datetime(2026, 1, 5, tzinfo=UTC)
    warns, ends = timing.duration(warning), timing.duration(target)
    mixed = bool(warns.seconds) != bool(ends.seconds)  # a working day has as many hours as its calendar says
    return not mixed and timing.after(some_day, warns) >= timing.after(some_day, ends)


def wrong_target(text: str) -> str:
    """What is wrong with a target, as the end of a sentence; empty where nothing is."""
    some_day = datetime(2026, 1, 5, tzinfo=UTC)
    if not timing.is_duration(text):
        return "is no duration"
    try:
        length = timing.after(some_day, timing.duration(text)) - some_day
    except BadTime:
        return "is longer than ten years"
    if length <= _NOTHING:
        return "leaves no time at all"
    return "is longer than ten years" if length > LONGEST else ""
