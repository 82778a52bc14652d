"""Timers: durations, dates and cycles as every tool writes them, on the time that is passed in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.engine import starts, timing
from tests.engine.diagrams import NOW, node, run, timer, user

HOST = '<boundaryEvent id="b" attachedToRef="A" cancelActivity="{0}">{1}</boundaryEvent>'


def waiting(definition: str) -> str:
    return node("intermediateCatchEvent", "t", definition)


@pytest.mark.parametrize(
    ("definition", "due"),
    [
        (timer("PT1H"), datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (timer('"PT1H"'), datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (timer("wait"), datetime(2026, 3, 3, 9, tzinfo=UTC)),
        (timer('= "P2D"'), datetime(2026, 3, 3, 9, tzinfo=UTC)),
        (timer("P1M"), datetime(2026, 4, 1, 9, tzinfo=UTC)),
        (timer("P1Y2M3DT4H5M6S"), datetime(2027, 5, 4, 13, 5, 6, tzinfo=UTC)),
        (timer("2026-03-02T09:00:00+02:00", "timeDate"), datetime(2026, 3, 2, 7, tzinfo=UTC)),
        (timer("when", "timeDate"), datetime(2026, 12, 24, tzinfo=UTC)),
        (timer("2026-07-01T09:00[Europe/Berlin]", "timeDate"), datetime(2026, 7, 1, 7, tzinfo=UTC)),
        (timer("2026-07-01T09:00@America/New_York", "timeDate"), datetime(2026, 7, 1, 13, tzinfo=UTC)),
        (timer("R5/P1D/2026-03-05T00:00:00Z", "timeCycle"), datetime(2026, 3, 4, tzinfo=UTC)),
        (timer("R3/PT10M", "timeCycle"), datetime(2026, 3, 1, 9, 10, tzinfo=UTC)),
        (timer("R3/2026-03-05T00:00:00Z/P1D", "timeCycle"), datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_a_timer_is_due_when_it_says(definition: str, due: datetime) -> None:
    case = run(waiting(definition) + user("A"), "s t A e", wait="P2D", when="2026-12-24")

    [open_timer] = case.workflow.open_work().timers

    assert open_timer.due_at == due


def test_a_timer_that_is_not_due_does_not_fire() -> None:
    case = run(waiting(timer("PT1H")) + user("A"), "s t A e")
    [open_timer] = case.workflow.open_work().timers

    assert case.workflow.fire(open_timer.timer_id) is False
    assert case.open() == []


def test_a_timer_fires_once() -> None:
    case = run(waiting(timer("PT1H")) + user("A"), "s t A e")
    [open_timer] = case.workflow.open_work().timers
    case.now = NOW.replace(hour=11)

    assert case.at_work().fire(open_timer.timer_id) is True
    assert case.at_work().fire(open_timer.timer_id) is False
    assert case.open() == ["A"]


def test_each_round_of_a_cycle_has_a_timer_id_of_its_own() -> None:
    case = run(user("A", "H") + HOST.format("false", timer("R2/PT10M", "timeCycle")), "s A e", "b H")
    [first] = case.workflow.open_work().timers
    case.now = NOW.replace(hour=10)
    case.at_work().fire(first.timer_id)
    [second] = case.workflow.open_work().timers

    again = case.at_work().fire(first.timer_id)

    assert (first.cycles_left, second.cycles_left) == (2, 1)
    assert first.timer_id != second.timer_id and again is False
    assert second.due_at == NOW.replace(minute=20)
    assert case.open() == ["A", "H"]


def test_a_cycle_ends_after_its_rounds_and_its_follow_ups_stay() -> None:
    case = run(
        user("A", "B", "H") + HOST.format("false", timer("R3/PT10M", "timeCycle")), "s A B e", "b H", reload=True
    )

    case.advance(hours=5)
    case.complete("A")

    assert case.open() == ["B", "H", "H", "H"]


def test_an_interrupting_timer_takes_the_task_away() -> None:
    case = run(user("A", "H") + HOST.format("true", timer("PT1H")), "s A e", "b H e")

    case.advance(hours=2)

    assert case.open() == ["H"]
    assert case.workflow.open_work().timers == ()


@pytest.mark.parametrize("text", ["P", "PT", "1 hour", "R3", "R/PT0S", "P1H", "2026-13-01"])
def test_a_wrong_time_fails_the_case_with_an_explanation(text: str) -> None:
    case = run(waiting(timer("wait", "timeCycle" if text.startswith("R") else "timeDuration")), "s t e", wait=text)

    assert case.state == "failed"
    assert text in case.why


def test_due_dates_count_from_the_beginning_of_the_task() -> None:
    case = run(node("userTask", "A", case_dueDate="PT48H", case_followUpDate="2026-03-02"), "s A e", reload=True)
    case.now = NOW.replace(hour=12)

    [task] = case.at_work().open_work().tasks

    assert task.due_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert task.follow_up_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_a_month_has_the_length_of_the_calendar() -> None:
    assert timing.due("P1M", datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(timing.BadTime):
        timing.due("P9999Y", NOW)


def test_nine_o_clock_stays_nine_o_clock_when_the_clocks_change() -> None:
    daily = timing.cycle("R/2026-03-28T09:00[Europe/Berlin]/P1D", NOW)
    hourly = timing.cycle("R/2026-03-28T09:00[Europe/Berlin]/PT24H", NOW)

    assert daily.first == hourly.first == datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert daily.following(daily.first) == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert hourly.following(hourly.first) == datetime(2026, 3, 29, 8, tzinfo=UTC)


def test_an_unknown_time_zone_is_explained() -> None:
    with pytest.raises(timing.BadTime, match="no time zone “Mars/Olympus”"):
        timing.moment("2026-03-28T09:00[Mars/Olympus]")


@pytest.mark.parametrize(
    ("text", "first", "left"),
    [
        ("R/0001-01-01T09:30Z/PT1H", datetime(2026, 3, 1, 9, 30, tzinfo=UTC), None),
        ("R/0001-01-01T09:30Z/P1D", datetime(2026, 3, 1, 9, 30, tzinfo=UTC), None),
        ("R/2026-01-31T09:30Z/P1M", datetime(2026, 3, 31, 9, 30, tzinfo=UTC), None),
        ("R9/2026-02-26T08:00Z/P1D", datetime(2026, 3, 2, 8, tzinfo=UTC), 5),
        ("R/2025-07-01T09:30[Europe/Berlin]/P1D", datetime(2026, 3, 2, 8, 30, tzinfo=UTC), None),
        ("R2/2026-02-26T08:00Z/P1D", datetime(2026, 2, 28, 8, tzinfo=UTC), 0),
    ],
)
def test_the_next_round_of_a_cycle_that_began_long_ago_is_found_at_once(
    text: str, first: datetime, left: int | None
) -> None:
    assert timing.ahead(timing.cycle(text, NOW), NOW) == (first, left)


def test_a_date_that_reckons_with_known_values_and_gives_none_stops_the_case() -> None:
    element = node("userTask", "A", case_dueDate="= now() + days")
    case = run(element, "s A e", days=2)

    assert case.state == "failed"
    assert "gives no date" in case.why


def test_a_date_may_be_unknown_so_far() -> None:
    elements = node("userTask", "A", case_dueDate="= now() + wait", case_followUpDate="= order.due")
    case = run(elements, "s A e", order={})

    assert case.workflow.open_work().tasks[0].due_at is None


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "began", "rounds"),
    [
        ("R/2026-01-31T09:00/P1M", NOW, ["03-31T09:00", "04-30T09:00", "05-31T09:00", "06-30T09:00"]),
        ("R/P1M", datetime(2026, 8, 31, 9, tzinfo=UTC), ["09-30T09:00", "10-31T09:00", "11-30T09:00", "12-31T09:00"]),
        ("R/P1M/2026-05-31T09:00", NOW, ["04-30T09:00", "05-31T09:00", "06-30T09:00"]),
        ("R/2026-03-27T02:30/P1D", NOW, ["03-27T02:30", "03-28T02:30", "03-29T03:30", "03-30T02:30", "03-31T02:30"]),
        ("R/P1D", datetime(2026, 3, 28, 2, 30, tzinfo=BERLIN), ["03-29T03:30", "03-30T02:30", "03-31T02:30"]),
        ("R/P1W", datetime(2026, 3, 22, 2, 30, tzinfo=BERLIN), ["03-29T03:30", "04-05T02:30"]),
        ("R/2026-10-24T02:30/P1D", NOW, ["10-24T02:30", "10-25T02:30", "10-26T02:30"]),
        ("R/2026-03-28T02:30/PT24H", NOW, ["03-28T02:30", "03-29T03:30", "03-30T03:30"]),
        ("R/2026-01-30T02:30/P1MT1H", NOW, ["03-30T04:30", "04-30T05:30"]),
    ],
)
def test_each_round_is_counted_from_the_beginning_and_not_from_the_last(
    text: str, began: datetime, rounds: list[str]
) -> None:
    zone = BERLIN if "T02:30" in text or began.tzinfo is BERLIN else UTC
    found = timing.cycle(text, began.astimezone(zone))
    due, _ = timing.ahead(found, max(began, NOW))

    seen = [due]
    while len(seen) < len(rounds):
        seen.append(found.following(seen[-1]))

    assert [f"{moment.astimezone(zone):%m-%dT%H:%M}" for moment in seen] == rounds


def test_yearly_from_29_february_comes_back_to_it() -> None:
    yearly = timing.cycle("R/2024-02-29T09:00/P1Y", NOW)
    due, _ = timing.ahead(yearly, NOW)

    found = [due, yearly.following(due)]

    assert [moment.date().isoformat() for moment in found] == ["2027-02-28", "2028-02-29"]


def test_a_case_counts_from_when_its_timer_began_to_wait() -> None:
    case = run(user("A", "H") + HOST.format("false", timer("R/P1M", "timeCycle")), "s A e", "b H", reload=True)
    case.workflow.shift(timedelta(days=30))  # it stood still until 31 March
    seen = []

    for _ in range(4):
        [waiting_] = case.workflow.open_work().timers
        assert waiting_.due_at
        seen.append(f"{waiting_.due_at:%m-%d}")
        case.now = waiting_.due_at
        case.at_work().fire(waiting_.timer_id)

    assert seen == ["05-01", "05-31", "06-30", "07-31"]


def test_a_timer_that_an_older_release_stored_goes_on() -> None:
    case = run(user("A", "H") + HOST.format("false", timer("R/PT10M", "timeCycle")), "s A e", "b H")
    for task in case.workflow._run.tasks.values():
        for stored in task.internal_data.get("timers", {}).values():
            del stored[3:]
    case.advance(minutes=10)

    [following] = case.workflow.open_work().timers

    assert following.due_at == NOW.replace(minute=20)


@pytest.mark.parametrize("now", [datetime(2026, 8, 31, 2, 30, tzinfo=UTC), datetime(2026, 8, 31, 2, 30, tzinfo=BERLIN)])
def test_timer_starts_count_from_the_deployment(now: datetime) -> None:
    opening = starts.first("R5/P1M", now)
    seen = []

    while opening:
        seen.append((f"{opening.due_at.astimezone(now.tzinfo):%m-%dT%H:%M}", opening.left))
        at = opening.due_at.astimezone(now.tzinfo)
        opening = starts.following(starts.Opening(at, opening.left, opening.cycle))

    assert seen == [("09-30T02:30", 5), ("10-31T02:30", 4), ("11-30T02:30", 3), ("12-31T02:30", 2), ("01-31T02:30", 1)]


# Cron

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "after", "times"),
    [
        ("0 0 9 * * MON-FRI", "2026-03-06T09:00", ["2026-03-09T09:00", "2026-03-10T09:00"]),
        ("0 9 * * 1-5", "2026-03-06T09:00", ["2026-03-09T09:00", "2026-03-10T09:00"]),
        ("0 0/5 * * * ?", "2026-03-06T09:01", ["2026-03-06T09:05", "2026-03-06T09:10"]),
        ("0 15 10 ? * MON", "2026-03-06T09:00", ["2026-03-09T10:15", "2026-03-16T10:15"]),
        ("0 0 9 L * ?", "2026-03-06T09:00", ["2026-03-31T09:00", "2026-04-30T09:00"]),
        ("0 0 9 ? * FRIL", "2026-03-06T09:00", ["2026-03-27T09:00", "2026-04-24T09:00"]),
        ("0 0 9 ? * MON#1 *", "2026-03-06T09:00", ["2026-04-06T09:00", "2026-05-04T09:00"]),
        ("0 0 9 1-7 * MON", "2026-03-06T09:00", ["2026-04-06T09:00", "2026-05-04T09:00"]),  # Spring: both days fit
        ("0 9 1-7 * MON", "2026-04-06T09:00", ["2026-04-07T09:00", "2026-04-13T09:00"]),  # a crontab: either does
        ("30 0 9 * * *", "2026-03-06T09:00", ["2026-03-06T09:00:30", "2026-03-07T09:00:30"]),
        ("*/20 * * * * *", "2026-03-06T09:00", ["2026-03-06T09:00:20", "2026-03-06T09:00:40"]),
        ("@daily", "2026-03-06T09:00", ["2026-03-07T00:00", "2026-03-08T00:00"]),
        ("@weekly", "2026-03-06T09:00", ["2026-03-08T00:00", "2026-03-15T00:00"]),
        ("@yearly", "2026-03-06T09:00", ["2027-01-01T00:00", "2028-01-01T00:00"]),
        ("0 0 9 * * *", "2026-03-28T10:00", ["2026-03-29T09:00", "2026-03-30T09:00"]),  # nine stays nine
        ("0 30 2 * * *", "2026-03-28T10:00", ["2026-03-29T03:00", "2026-03-30T02:30"]),  # a night without 02:30
        ("30 2 * * *", "2026-10-24T10:00", ["2026-10-25T02:30", "2026-10-26T02:30"]),  # and one with two of them
    ],
)
def test_cron_expressions_of_both_camundas_and_of_crontabs_mean_what_they_say(
    text: str, after: str, times: list[str]
) -> None:
    moment, found = datetime.fromisoformat(after).replace(tzinfo=BERLIN), []
    cycle = timing.cycle(text, moment)
    for _ in times:
        moment = cycle.following(moment)
        found.append(moment)

    assert found == [datetime.fromisoformat(time).replace(tzinfo=BERLIN).astimezone(UTC) for time in times]


def test_a_cron_expression_may_say_its_zone() -> None:
    cycle = timing.cycle("0 0 9 * * MON-FRI [America/New_York]", NOW)

    assert cycle.following(NOW) == datetime(2026, 3, 2, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 0 9 * * 1-5", "has a number for a day of the week, which Quartz and Spring count differently: write MON."),
        ("0 0 9 15W * ?", "the weekday next to a day"),
        ("0 0 9 L-3 * ?", "back from the end of the month"),
        ("0 0 9 * * ? 2027", "names a year"),
        ("0 61 9 * * *", "bad minute"),
        ("99 0 9 * * *", "bad second"),
        ("0 9 30 2 *", "bad day-of-month"),
        ("@reboot", "is no cron expression"),
        ("0 9 * * MON[Europe/Atlantis]", "no time zone “Europe/Atlantis”"),
        ("0 0 9 29 2 MON#1", "never comes"),
    ],
)
def test_what_is_no_cron_expression_or_means_two_things_is_explained(text: str, said: str) -> None:
    with pytest.raises(timing.BadTime, match=re.escape(said)):
        timing.cycle(text, NOW).following(NOW)


def test_a_case_waits_for_a_cron_expression_as_often_as_it_comes() -> None:
    host = HOST.format("false", timer("0 0 9 * * MON-FRI", "timeCycle"))
    case = run(user("A", "B") + host + node("endEvent", "z"), "s A e", "b B z", reload=True)

    case.advance(days=3)  # from Sunday on
    [waits] = case.at_work().open_work().timers

    assert case.open() == ["A", "B", "B", "B"]
    assert (waits.due_at, waits.cycles_left) == (datetime(2026, 3, 5, 9, tzinfo=UTC), None)


def test_a_cron_expression_may_come_out_of_feel() -> None:
    text = '= if urgent then "0 0 * * * *" else "@daily"'
    case = run(waiting(timer(text, "timeCycle")) + user("A"), "s t A e", urgent=False)

    [waits] = case.workflow.open_work().timers

    assert waits.due_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_times_by_the_clock_that_pass_while_a_case_is_held_are_left_out() -> None:
    host = HOST.format("false", timer("0 9 * * *", "timeCycle"))
    case = run(user("A", "B") + host + node("endEvent", "z"), "s A e", "b B z")
    case.now += timedelta(days=10, hours=1)

    case.at_work().shift(timedelta(days=10))

    assert [open_timer.due_at for open_timer in case.workflow.open_work().timers] == [
        datetime(2026, 3, 12, 9, tzinfo=UTC)
    ]


def test_a_start_by_cron_keeps_the_zone_of_its_deployment() -> None:
    opening = starts.first("0 0 9 * * MON-FRI", datetime(2026, 3, 27, 12, tzinfo=BERLIN))

    assert opening is not None
    following = starts.following(opening)
    assert (opening.due_at, opening.left, opening.cycle) == (
        datetime(2026, 3, 30, 7, tzinfo=UTC), None, "0 0 9 * * MON-FRI[Europe/Berlin]",
    )  # fmt: skip
    assert following is not None and following.due_at == datetime(2026, 3, 31, 7, tzinfo=UTC)
