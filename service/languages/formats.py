"""Dates and numbers as the language that is spoken writes them. English: `21 Nov 2026`, `1,200.50`."""

from __future__ import annotations

from datetime import date, datetime

from service.languages import ENGLISH, spoken


def day(value: date, *, with_year: bool = True) -> str:
    """`21 Nov 2026`; in German `21. Nov. 2026`."""
    language = spoken()
    if language == ENGLISH:
        return f"{value.day} {value:%b}{f' {value.year}' if with_year else ''}"
    from babel.dates import format_skeleton

    at = datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return format_skeleton("yMMMd" if with_year else "MMMd", at, locale=language)


def weekday(value: date) -> str:
    """`Thu`; in German `Do`."""
    language = spoken()
    if language == ENGLISH:
        return f"{value:%a}"
    from babel.dates import format_date

    return format_date(value, "EEE", language).rstrip(".")


#: how a part of a date is said in English -> as CLDR's patterns have it
ALONE = {"%A": "EEEE", "%a": "EEE", "%B": "LLLL"}
#: how a date is said in English -> what of it, as CLDR's skeletons name it
SKELETONS = {
    "%B %Y": "yMMMM",
    "%-d %B": "MMMMd",
    "%-d %B %Y": "yMMMMd",
    "%A, %-d %B": "MMMMEEEEd",
}


def dated(value: date, english: str) -> str:
    """A date as `strftime` has it in English, by one of `ALONE` or `SKELETONS`, and as other languages have it."""
    language = spoken()
    if language == ENGLISH:
        return value.strftime(english)
    from babel.dates import format_date, format_skeleton

    if english in ALONE:
        return format_date(value, ALONE[english], language)
    at = datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return format_skeleton(SKELETONS[english], at, locale=language)


def inside(text: str) -> str:
    """A label as it stands inside a sentence: English begins it small, others keep it as it is."""
    return text.lower() if spoken() == ENGLISH else text


def long_moment(at: datetime) -> str:
    """`Thursday, 3 December 2026, 09:00`, by the time's own zone."""
    language = spoken()
    if language == ENGLISH:
        return f"{at:%A}, {at.day} {at:%B %Y, %H:%M}"
    from babel.dates import format_date

    return f"{format_date(at, 'full', language)}, {at:%H:%M}"


def whole(value: int) -> str:
    """`1,200`; in German `1.200`."""
    language = spoken()
    if language == ENGLISH or -1000 < value < 1000:
        return f"{value:,}"
    from babel.numbers import format_decimal

    return format_decimal(value, locale=language)


def decimal(value: float) -> str:
    """`1,200.50`; in German `1.200,50`."""
    language = spoken()
    if language == ENGLISH:
        return f"{value:,.2f}"
    from babel.numbers import format_decimal

    return format_decimal(value, format="#,##0.00", locale=language)
