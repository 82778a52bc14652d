"""What differs between two versions of a decision, in words."""

from __future__ import annotations

from service.engine.decisions.compare import compared
from service.engine.decisions.tables import Table, read

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:x">'


def table(*rows: tuple[str, str], policy: str = "UNIQUE", label: str = "Kind", more: str = "") -> Table:
    """A table with one input and one output; a row is its two cells."""
    rules = "".join(
        f"<rule><inputEntry><text>{when}</text></inputEntry>{'<inputEntry><text>-</text></inputEntry>' if more else ''}"
        f"<outputEntry><text>{then}</text></outputEntry></rule>"
        for when, then in rows
    )
    columns = f'<input label="{label}"><inputExpression><text>kind</text></inputExpression></input>{more}'
    drawn = f'<decisionTable hitPolicy="{policy}">{columns}<output name="pays"/>{rules}</decisionTable>'
    [found] = read(f'{HEAD}<decision id="cover" name="Cover">{drawn}</decision></definitions>'.encode())
    return found


def test_the_same_table_does_not_differ() -> None:
    assert compared(table(('"a"', "1")), table(('"a"', "1"))) == []


def test_rows_that_come_go_or_say_something_else() -> None:
    before = table(('"a"', "1"), ('"b"', "2"), ('"c"', "3"))
    after = table(('"a"', "1"), ('"b"', "20"), ('"c"', "3"), ("-", "0"))

    assert compared(before, after) == [
        ("changed", "Row 2: pays 2 → 20."),
        ("added", "Row 4 is new: always, then pays 0."),
    ]
    assert ("removed", "Row 4 of before is gone: always, then pays 0.") in compared(after, before)


def test_columns_and_the_hit_policy() -> None:
    more = '<input label="Age"><inputExpression><text>age</text></inputExpression></input>'
    before = table(('"a"', "1"))

    assert compared(before, table(('"a"', "1"), policy="FIRST")) == [("changed", "Other hit policy (UNIQUE → FIRST).")]
    assert compared(before, table(('"a"', "1"), label="Sort")) == [
        ("renamed", "The input “Kind” is called “Sort” now.")
    ]
    assert compared(before, table(('"a"', "1"), more=more)) == [
        ("added", "The input “Age” is new."),
        ("changed", "Its rows say something else, as they have other columns."),
    ]


def test_many_rows_are_counted_rather_than_matched() -> None:
    long = table(*((f'"{number}"', "1") for number in range(1_100)))

    assert compared(table(('"a"', "1")), long) == [
        ("changed", "Its rows say something else: there are 1100 instead of 1.")
    ]
