"""Working time against a counter that looks at every minute, and the rules of days, weeks and months by example."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from service.engine import timing
from service.engine.errors import BadTime
from service.engine.working_time import A_DAY, Hours, WorkingTime, is_in_order

A_MINUTE = timedelta(minutes=1)
ZONES = ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]
#: Days around which clocks changed somewhere above: at 02:00, at midnight, and by half an hour.
CHANGES = [
    date(2026, 3, 29),
    date(2026, 10, 25),
    date(2017, 10, 15),
    date(2018, 2, 18),
    date(2026, 4, 5),
    date(2026, 4, 24),
]
NINE_TO_FIVE: Hours = ((9 * 60, 17 * 60),)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkingTime(
    "office",
    BERLIN,
    (NINE_TO_FIVE, NINE_TO_FIVE, ((540, 720), (780, 1020)), NINE_TO_FIVE, ((540, 840),), (), ()),
    holidays={date(2026, 5, 1), date(2026, 5, 14), date(2026, 5, 25)},
    exceptions={date(2026, 5, 15): (), date(2026, 5, 16): ((600, 720),)},
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def random_hours(chance: random.Random) -> Hours:
    times = sorted(chance.sample(range(0, A_DAY + 1, 5), 2 * chance.choice([0, 1, 1, 2, 3])))
    return tuple((times[at], times[at + 1]) for at in range(0, len(times), 2))


def random_calendar(chance: random.Random, around: date) -> WorkingTime:
    days = [around + timedelta(days=number) for number in range(-8, 12)]
    return WorkingTime(
        "random",
        ZoneInfo(chance.choice(ZONES)),
        tuple(random_hours(chance) for _ in range(7)),  # type: ignore[arg-type]
        holidays=set(chance.sample(days, 2)),
        exceptions={day: random_hours(chance) for day in chance.sample(days, 2)},
    )


class Slow:
    """Looks at each minute: from the first that shows the opening time or more, before the first that shows the end."""

    def __init__(self, calendar: WorkingTime, begin: datetime, end: datetime) -> None:
        self.worked: set[datetime] = set()
        minute, opening, day = begin - timedelta(days=2), False, None
        shown: dict[date, list[tuple[datetime, int]]] = {}
        while minute < end + timedelta(days=2):
            here = minute.astimezone(calendar.zone)
            shown.setdefault(here.date(), []).append((minute, here.hour * 60 + here.minute))
            minute += A_MINUTE
        for day, minutes in shown.items():
            for opens, closes in calendar.hours(day):
                opening = closed = False
                for moment, clock in minutes:
                    opening, closed = opening or clock >= opens, closed or clock >= closes
                    if opening and not closed:
                        self.worked.add(moment)

    def between(self, begin: datetime, end: datetime) -> timedelta:
        return sum(begin <= minute < end for minute in self.worked) * A_MINUTE

    def after(self, start: datetime, minutes: int) -> datetime | None:
        later = sorted(minute for minute in self.worked if minute >= start)
        return later[minutes - 1] + A_MINUTE if len(later) >= minutes else None


@pytest.mark.parametrize("seed", range(16))
def test_working_time_is_what_a_counter_of_minutes_counts(seed: int) -> None:
    chance = random.Random(seed)
    around = chance.choice(CHANGES)
    calendar = random_calendar(chance, around)
    first = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=3)
    slow = Slow(calendar, first, first + timedelta(days=10))

    for _ in range(30):
        begin = first + timedelta(minutes=chance.randrange(7 * A_DAY))
        end = begin + timedelta(minutes=chance.randrange(3 * A_DAY))
        spans = list(calendar.spans(begin, end))
        assert calendar.between(begin, end) == slow.between(begin, end), (calendar, begin, end)
        assert all(begin <= span.begin < span.end <= end for span in spans)
        assert all(before.end <= following.begin for before, following in pairwise(spans))
        wanted = chance.randrange(1, A_DAY)
        expected = slow.after(begin, wanted)
        if expected is not None and expected < first + timedelta(days=10):
            assert calendar.after(begin, timing.duration(f"PT{wanted}M")) == expected, (calendar, begin, wanted)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_added_is_what_lies_between(seed: int) -> None:
    chance = random.Random(seed)
    calendar = random_calendar(chance, date(2026, 3, 29))
    for _ in range(20):
        start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(30 * 86400))
        seconds = chance.randrange(1, 200_000)
        try:
            end = calendar.after(start, timing.Duration(seconds=seconds))
        except BadTime:
            assert not any(calendar.week), "only a week without work has no end"
            continue
        assert calendar.between(start, end) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-05-04T10:30", "P1D", "2026-05-05T10:30"),  # Monday to Tuesday
        ("2026-05-08T10:30", "P1D", "2026-05-11T10:30"),  # Friday to Monday
        ("2026-05-09T15:00", "P1D", "2026-05-12T09:00"),  # Saturday begins on Monday
        ("2026-05-07T16:00", "P1D", "2026-05-08T14:00"),  # Friday ends early
        ("2026-05-05T12:30", "P1D", "2026-05-06T12:00"),  # Wednesday's lunch
        ("2026-05-13T10:00", "P1D", "2026-05-16T10:00"),  # holiday, bridging day off, a Saturday that is worked
        ("2026-05-13T09:30", "P1D", "2026-05-16T10:00"),  # which begins at ten
        ("2026-05-13T16:00", "P2D", "2026-05-18T16:00"),
        ("2026-05-04T10:30", "P1W", "2026-05-11T10:30"),
        ("2026-05-18T10:30", "P1W", "2026-05-26T10:30"),  # Whit Monday: the next working day
        ("2026-05-04T10:30", "P1W1D", "2026-05-12T10:30"),
        ("2026-04-01T10:30", "P1M", "2026-05-04T10:30"),  # Labour Day, then a weekend
        ("2026-05-08T13:00", "PT2H", "2026-05-11T10:00"),
        ("2026-05-06T11:30", "PT1H", "2026-05-06T13:30"),
        ("2026-05-04T09:00", "PT8H", "2026-05-04T17:00"),  # the end of the day, not the next morning
        ("2026-05-04T10:30", "PT0S", "2026-05-04T10:30"),
        ("2026-05-03T10:30", "PT0S", "2026-05-04T09:00"),
        ("2026-05-08T13:30", "P1DT1H", "2026-05-11T14:30"),
    ],
)
def test_days_weeks_and_months_end_on_working_days(start: str, span: str, end: str) -> None:
    assert OFFICE.after(berlin(start), timing.duration(span)) == berlin(end)


@pytest.mark.parametrize(
    ("calendar", "span", "message"),
    [
        (OFFICE, "-P1D", "counted forwards"),
        (OFFICE, "PT900000H", "not as much working time within twenty years"),
        (OFFICE, "P90000D", "not as many working days within twenty years"),
        (OFFICE, "P9000Y", "beyond the calendar"),
        (WorkingTime("never", BERLIN, ((), (), (), (), (), (), ())), "PT1H", "“never” has not as much"),
    ],
)
def test_what_cannot_be_counted_is_said(calendar: WorkingTime, span: str, message: str) -> None:
    with pytest.raises(BadTime, match=message):
        calendar.after(berlin("2026-05-04T10:30"), timing.duration(span))


@pytest.mark.parametrize("part", ["P{}D", "PT{}H", "P{}Y", "P1W{}D"])
def test_a_duration_of_endless_digits_is_none(part: str) -> None:
    with pytest.raises(BadTime, match="beyond the calendar"):
        timing.duration(part.format("9" * 400))


def test_the_end_of_the_calendar_is_an_answer() -> None:
    end = datetime.max.replace(tzinfo=UTC)
    begin = end - timedelta(days=1)
    for ask in (
        lambda: OFFICE.between(begin, end),
        lambda: OFFICE.after(begin, timing.duration("P9D")),
    ):
        with pytest.raises(BadTime, match="beyond the calendar"):
            ask()


def test_hours_of_a_day_are_in_order() -> None:
    assert is_in_order(()) and is_in_order(((0, A_DAY),)) and is_in_order(((540, 720), (780, 1020)))
    wrong: list[Hours] = [
        ((720, 540),),
        ((540, 540),),
        ((540, 720), (720, 1020)),
        ((780, 1020), (540, 720)),
        ((0, 1441),),
    ]
    assert not any(is_in_order(hours) for hours in wrong)
