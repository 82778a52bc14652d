"""FEEL in quickjs: values in and out, limits, and the same trees whether parsed anew or remembered."""

from __future__ import annotations

import threading
import time as clock
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from service.engine.expressions import feel
from service.engine.expressions.feel import FeelError

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "context", "value"),
    [
        ("amount > 1000", {"amount": 1500}, True),
        ("missing", {}, None),
        ("a.b.c", {"a": {"b": {"c": [1, 2]}}}, [1, 2]),
        ("Monthly Salary * 12", {"Monthly Salary": 10}, 120),
        ("person.first name", {"person": {"first name": "Ada"}}, "Ada"),
        ("if x then 1 else 2", {"x": False}, 2),
        ("for x in xs return x * 2", {"xs": [1, 2]}, [2, 4]),
        ("some x in xs satisfies x > 1", {"xs": [1, 2]}, True),
        ("xs[item > 1]", {"xs": [1, 2, 3]}, [2, 3]),
        ("{a: 1, b: a + 1}", {}, {"a": 1, "b": 2}),
        ('"ä" = x', {"x": "ä"}, True),
        ("größe +\nb +\nMonthly Salary + x1", {"größe": 1, "b": 2, "Monthly Salary": 3, "x1": 4}, 10),
        ('upper case("straße")', {}, "STRASSE"),
        ("1 / 0", {}, None),
        ("function(x) x", {}, None),
        ('contains(name, "x")', {"name": "max"}, True),
        ("decimal(2.5, 0)", {}, 2),
        ('day of week(date("2026-11-21"))', {}, "Saturday"),
    ],
)
def test_expressions_have_the_values_that_feel_gives_them(text, context, value):
    assert feel.evaluate(text, context) == value


@pytest.mark.parametrize(
    "value",
    [
        date(2026, 1, 31),
        datetime(2026, 1, 31, 10, 30, 15, tzinfo=UTC),
        datetime(2026, 1, 31, tzinfo=UTC),
        datetime(2026, 7, 1, 0, 30, tzinfo=timezone(timedelta(hours=-5))),
        time(10, 30),
        time(10, 30, tzinfo=UTC),
        timedelta(days=2, hours=3),
        timedelta(seconds=-90),
        {"deep": [date(2026, 1, 1), {"at": timedelta(hours=1)}]},
    ],
)
def test_dates_times_and_durations_come_back_as_they_went_in(value):
    assert feel.evaluate("v", {"v": value}) == value


def test_a_variable_cannot_pass_itself_off_as_a_date():
    disguised = {"@date": "2026-01-01", "at": {"@datetime": "nonsense"}}

    assert feel.evaluate("v", {"v": disguised}) == disguised
    assert feel.evaluate("[v, d]", {"v": disguised, "d": date(2026, 1, 1)}) == [disguised, date(2026, 1, 1)]


def test_a_naive_datetime_counts_as_utc():
    assert feel.evaluate("v", {"v": datetime(2026, 1, 1, 12)}) == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_duration_of_months_stays_text_because_it_has_no_length():
    assert feel.evaluate('duration("P1Y2M")', {}) == "P1Y2M"
    assert feel.evaluate('d + duration("P1M")', {"d": date(2026, 1, 31)}) == date(2026, 2, 28)


def test_dates_can_be_reckoned_with():
    assert feel.evaluate("d - e", {"d": date(2026, 1, 3), "e": date(2026, 1, 1)}) == timedelta(days=2)
    assert feel.evaluate('d < date("2026-01-02")', {"d": date(2026, 1, 1)}) is True
    assert feel.evaluate("d.year", {"d": date(2026, 1, 1)}) == 2026


def test_the_clock_and_the_zone_are_the_case_s():
    midnight = datetime(2026, 7, 1, 0, 30, tzinfo=BERLIN)

    assert feel.evaluate("today()", {}, now=midnight) == date(2026, 7, 1)
    assert feel.evaluate("now()", {}, now=midnight) == midnight
    assert feel.evaluate('today() = date("2026-07-01")', {}, now=midnight) is True
    assert feel.evaluate('date and time("2026-01-01T12:00:00")', {}, now=midnight).utcoffset() == timedelta(hours=1)
    assert feel.evaluate('date and time("2026-07-01T12:00:00")', {}, now=midnight).utcoffset() == timedelta(hours=2)


def test_named_zones_know_summer_time():
    found = feel.evaluate('date and time("2026-03-29T03:30:00@Europe/Berlin")', {})

    assert found == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert feel.evaluate('date and time("2026-01-29T03:30:00@America/New_York")', {}) == datetime(
        2026, 1, 29, 8, 30, tzinfo=UTC
    )


def test_the_clock_of_one_evaluation_does_not_stay_for_the_next():
    feel.evaluate("now()", {}, now=datetime(2020, 1, 1, tzinfo=UTC))

    assert abs(feel.evaluate("now()", {}) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("> 5", 6, True),
        ("[1..10)", 10, False),
        ('"a", "b"', "b", True),
        ('not("a")', "b", True),
        ("-", None, True),
        ("? > limit", 5, False),
        ("not(> 20)", None, False),
        ("not(> 20)", 5, True),
        ("not([1..3])", None, False),
        ('not("a", > 20)', None, False),
        ('not("a")', None, True),
        ("> 20", "100", False),
        ('contains(?, "x")', "axe", True),
        ("null", None, True),
    ],
)
def test_unary_tests_hold_or_do_not(text, value, holds):
    assert feel.unary_test(text, value, {"limit": 7}) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 +", "something is missing at the end (line 1, column 4)"),
        ("a = \n b c d (", "line 2"),
        ("x := 1", "“:= 1” is not expected here"),
        ('"open', "line 1"),
        ("x instance of string", None),
        ("a + b", None),
        ("Monthly Salary > 1", None),
        ("for x in 1..n return x", None),
    ],
)
def test_checking_says_where_feel_is_wrong(text, said):
    found = feel.check(text)

    assert found is None if said is None else said in found


@pytest.mark.parametrize(
    "text",
    [
        "string(number)",
        "string(date)",
        "string(time)",
        "string(range)",
        "string(context)",
        "matches(text, pattern, flags)",
    ],
)
def test_variables_that_are_named_like_functions_are_no_functions_to_the_check(text):
    assert feel.check(text) is None
    assert feel.check(text, in_form=True) is None


@pytest.mark.parametrize(
    "text",
    [
        'time(10, 0, 0, @"PT1H")',
        'matches("a", "a b", "x")',
        'date("-0044-03-15").year',
        "[1..2] instance of range<number>",
    ],
)
def test_what_is_feel_is_not_refused(text):
    assert feel.check(text) is None
    assert feel.evaluate(text, {}) is not None


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("overlaps before([1..2], [2..3])", "overlaps before"),
        ('range("[1..2]")', "range"),
        ("is defined(a)", "is defined"),
        ("get or else(a, 1)", "get or else"),
        ('time(10, 0, 0, @"PT1H")', "time(…, offset)"),
        ('matches("a", "a b", "x")', "the flag x"),
        ('@"-0044-03-15"', "a year before the first"),
        ('date("-0044-03-15")', "a year before the first"),
        ("a instance of years and months duration", "years and months duration"),
        ("a instance of range<number>", "range<…>"),
    ],
)
def test_what_browsers_do_not_know_is_refused_in_forms_alone(text, lacking):
    assert feel.check(text, in_form=True) == f"Forms do not know “{lacking}”, for the browser does not."
    assert feel.check(text) is None


def test_nothing_is_evaluated_to_check_it():
    long = "count(for i in 1..100000, j in 1..100000 return i) > 1"

    assert feel.check(long, in_form=True) is None and feel.check(long) is None
    with pytest.raises(FeelError, match="ran longer"):
        feel.evaluate(long, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a == 1", "“==” compares with a range; write = (line 1, column 3)"),
        ("a <> 1", "write !="),
        ("if a = True then 1 else 2", "“True” is the name of a variable; write true (line 1, column 8)"),
        ("a != None", "write null"),
    ],
)
def test_python_is_told_from_feel(text, said):
    assert said in str(feel.check(text))


def test_an_error_in_an_expression_is_a_sentence():
    with pytest.raises(FeelError, match=r"^This is not FEEL: something is missing at the end \(line 1, column 4\)\.$"):
        feel.evaluate("1 +", {})


@pytest.mark.parametrize("text", ['date("9999-12-31") + duration("P1D")', 'duration("P3000000000D")'])
def test_a_date_that_python_cannot_hold_is_an_error(text):
    with pytest.raises(FeelError, match="outside the years"):
        feel.evaluate(text, {})


def test_a_text_that_was_parsed_under_other_names_is_parsed_again():
    assert feel.evaluate("a-b", {"a": 5, "b": 3}) == 2
    assert feel.evaluate("a-b", {"a-b": 7}) == 7
    assert feel.evaluate("a-b", {"a": 5, "b": 3}) == 2


def test_patterns_mean_what_they_mean_in_javascript():
    assert feel.matches(r"^\p{Lu}", "Über") is False  # without the u flag, as form-js makes it
    assert feel.matches("^[A-Z]{2}-[0-9]{6}$", "HH-204517") is True
    with pytest.raises(FeelError, match="Expecting"):
        feel.matches("(", "x")


def test_half_a_character_is_refused_in_a_text_and_passed_in_a_value():
    with pytest.raises(FeelError, match="lone surrogate"):
        feel.evaluate('"\ud83d"', {})

    assert feel.evaluate("v", {"v": "\ud83d"}) == "\ud83d"


def test_a_thread_has_a_context_of_its_own():
    results: list[object] = []
    threads = [threading.Thread(target=lambda n=n: results.append(feel.evaluate("n + 1", {"n": n}))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == list(range(1, 9))


def test_a_remembered_expression_is_quick():
    context = {"amount": 1500, "other": ["x"] * 1000}
    feel.evaluate("amount > 1000", context)

    best = min(_seconds(lambda: feel.evaluate("amount > 1000", context)) for _ in range(50))

    assert best < 0.001, "the parse tree is not remembered: is @bpmn-io/lezer-feel installed twice?"


def _seconds(action) -> float:
    start = clock.perf_counter()
    action()
    return clock.perf_counter() - start
