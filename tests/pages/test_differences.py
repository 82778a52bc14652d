"""What the timeline tells of a value that changed: the difference, not the value twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.web.differences import Change, Part, change
from service.web.facts import Field

AMOUNT = Field("claimed", "Claimed", "number", before="€")
KIND = Field("kind", "Kind", "select", options=(("wet", "Water"), ("hot", "Fire")))
ITEMS = Field("damagedItems", "Damaged items", "dynamiclist", columns=(Field("item", "Item"), AMOUNT, KIND))
TAGS = Field("tags", "Tags", "taglist", options=(("a", "Alpha"), ("b", "Beta")))
FLOOR, CARPET, SOFA = (
    {"item": name, "claimed": worth} for name, worth in (("Floor", 800), ("Carpet", 400), ("Sofa", 90))
)
TEXT = "The hose of the washing machine burst while nobody was at home, and the flat below is wet too."


def told(field: Field, old: Any, new: Any) -> list[str]:
    """The parts of a change as sentences."""
    found = change(field, old, new)
    assert found is not None
    return [f"{part.verb} {part.what} {part.old or ''}>{part.new}" for part in found.parts]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ([FLOOR], [FLOOR, CARPET], ["added Carpet, € 400 >"]),
        ([FLOOR, CARPET], [CARPET], ["removed Floor, € 800 >"]),
        ([FLOOR, CARPET], [FLOOR, {**CARPET, "claimed": 450}], ["changed Carpet · Claimed € 400>€ 450"]),
        ([FLOOR], [{**FLOOR, "kind": "wet"}], ["changed Floor · Kind >Water"]),
        ([FLOOR], [{**FLOOR, "item": "Parquet"}], ["changed Parquet · Item Floor>Parquet"]),
        ([CARPET, CARPET], [CARPET], ["removed Carpet, € 400 >"]),
        ([FLOOR, CARPET], [SOFA], ["added Sofa, € 90 >"]),
        ([FLOOR], [{"item": "Floor", "claimed": 800, "of": {"wood": "oak"}}], ["changed Floor · Of >Wood: oak"]),
    ],
)
def test_of_a_list_it_is_told_what_came_went_and_changed(old: Any, new: Any, parts: list[str]) -> None:
    assert told(ITEMS, old, new) == parts


def test_many_changed_rows_are_counted() -> None:
    rows = [{"item": f"Thing {number}", "claimed": number} for number in range(14)]

    found = change(ITEMS, rows, [{**row, "claimed": 900} if row["claimed"] in (3, 7) else row for row in rows] + [SOFA])

    assert found is not None
    assert found.sum == "2 of 15 rows changed, 1 added"
    assert len(found.parts) == 3


def test_a_long_list_that_is_new_is_counted_and_a_short_one_told() -> None:
    found, short = change(ITEMS, None, [FLOOR] * 4), change(ITEMS, None, [FLOOR, CARPET])

    assert found is not None and found.sum == "4 rows" and found.parts[0] == Part("", "Floor, € 800")
    assert short == Change("Damaged items", None, "Floor, € 800; Carpet, € 400")


def test_a_list_of_which_nothing_is_left_is_told_as_another_one() -> None:
    found = change(ITEMS, [FLOOR, CARPET], [SOFA])

    assert found is not None and found.sum == "1 row in place of 2"


def test_rows_of_many_columns_name_them() -> None:
    field = replace(ITEMS, columns=(*ITEMS.columns, Field("note", "Note")))

    assert field.item({**FLOOR, "note": "wet"}) == "Item: Floor, Claimed: € 800, Note: wet"


def test_entries_of_a_plain_list_have_their_labels() -> None:
    assert told(TAGS, ["a"], ["b", "a"]) == ["added Beta >"]


def test_rows_in_another_order_are_told_as_that() -> None:
    found = change(ITEMS, [FLOOR, CARPET], [CARPET, FLOOR])

    assert found is not None and (found.sum, found.parts) == ("put in another order", ())


def test_of_a_record_only_its_changed_parts_are_told_at_any_depth() -> None:
    field = Field("cover", "Cover")
    before = {"result": "covered", "limits": {"excess": 150, "paid": 10}, "rows": [1, 2]}

    parts = told(field, before, {"result": "covered", "limits": {"excess": 300, "paid": 10}, "rows": [1, 2, 3]})

    assert parts == ["changed Limits · Excess 150>300", "added Rows: 3 >"]


def test_a_long_text_shows_the_words_that_differ_with_a_few_around() -> None:
    found = change(Field("story", "Story"), TEXT, TEXT.replace("nobody", "everybody"))

    assert found is not None
    assert found.pieces == (
        ("gap", "…"), ("same", "washing machine burst while"), ("del", "nobody"), ("ins", "everybody"),
        ("same", "was at home, and"), ("gap", "…"),
    )  # fmt: skip


@pytest.mark.parametrize("new", [TEXT[::-1], "word " * 500])
def test_a_text_that_is_another_one_is_shown_as_it_was_and_is(new: str) -> None:
    found = change(Field("story", "Story"), TEXT, new)

    assert found is not None and not found.pieces and (found.old, found.new) == (TEXT, new)


def test_a_difference_far_back_in_a_long_cell_is_told_without_quoting_it() -> None:
    field = Field("notes", "Notes", columns=(Field("who", "Who"), Field("note", "Note")))
    row = {"who": "Ann", "note": "x" * 300}

    assert told(field, [row], [{**row, "note": "x" * 300 + "y"}]) == ["changed Ann · Note >"]


@pytest.mark.parametrize(("old", "new"), [(None, ""), ([], None), ({"a": 1}, {"a": 1}), (1, 1.0), ([FLOOR], [FLOOR])])
def test_what_looks_the_same_is_no_change(old: Any, new: Any) -> None:
    assert change(ITEMS, old, new) is None


def test_what_is_taken_away_is_told_once() -> None:
    assert change(AMOUNT, 4, None) == Change("Claimed", "€ 4", "–")
