"""Small input makes no huge output: notes, facts and the timeline, each with the attack and what it may cost.

Costs are told in characters, which are the same on every machine.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from service.db import db
from service.http import bounds, markdown
from service.models import Case
from service.operations import cases, notes
from service.operations.notes import LONGEST
from service.web import differences, facts, words
from tests.api.conftest import Office
from tests.pages.conftest import Visitor

#: What a note of 20,000 characters may cost in HTML, and what it cost before.
ATTACKS = {
    "one row for two characters": "|a" * 500 + "\n" + "|-" * 500 + "\n" + "|\n" * 9_000,
    "many tables": ("|a" * 40 + "\n" + "|-" * 40 + "\n" + "|\n" * 40 + "\n") * 60,
    "a long address, named once": "[a]: http://" + "x" * 10_000 + "\n\n" + "[a]" * 250,
    "a long title, named once": '[a]: b "' + "x" * 10_000 + '"\n\n' + "[a]" * 250,
    "links without text": "[](a)" * 4_000,
    "items without text": "-\n" * 9_000,
    "lines": "***\n" * 5_000,
    "mentions": "@ann " * 4_000,
    "ampersands": "&" * 20_000,
    "quotes within quotes": ">" * 20_000,
    "lists within lists": "".join(f"{'  ' * level}- a\n" for level in range(190)),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_note_costs_no_more_than_its_bound(attack: str) -> None:
    html = markdown.render(attack[:LONGEST], {"ann": "N" * 200})

    assert len(html) <= bounds.OUTPUT
    assert html.count("<td>") + html.count("<th>") <= bounds.CELLS
    assert html.count("<a ") <= bounds.LINKS
    assert html.count("<blockquote>") <= bounds.DEPTH


def test_what_would_be_too_much_is_shown_as_it_was_typed_and_harmless() -> None:
    text = "<script>x</script>\n" + "|a" * 500 + "\n" + "|-" * 500 + "\n" + "|\n" * 900

    html = markdown.render(text)

    assert html.startswith("<pre>&lt;script&gt;x&lt;/script&gt;\n|a|a") and html.endswith("|\n</pre>")


def test_tables_and_links_that_people_write_stay_what_they_are() -> None:
    table = "|Item|Claimed|Accepted|\n|-|-|-|\n" + "|Floor|800|700|\n" * 500
    rows = "\n".join(f"- [Report {number}](https://example.org/{number})" for number in range(200))

    assert markdown.render(table).count("<td>") == 1_500
    assert markdown.render(rows).count("<a ") == 200
    assert markdown.render("a | b\n--|--\n" * 3).count("<table>") == 1


def test_a_note_is_rendered_once_and_kept() -> None:
    markdown._rendered.cache_clear()

    for _ in range(3):
        markdown.render("A **note**, @ann", {"ann": "Ann"})
    markdown.render("A **note**, @ann", {"ann": "Ann Other"})

    assert markdown._rendered.cache_info().misses == 2
    assert "Ann Other" in markdown.render("A **note**, @ann", {"ann": "Ann Other"})


def test_a_page_of_notes_costs_what_its_notes_may(office: Office, app: Flask) -> None:
    case = db.session.get_one(Case, UUID(office.open_case()))
    for number in range(20):
        attack = f"{number}\n\n{ATTACKS['one row for two characters']}"
        notes.write(case, attack[:LONGEST], by=office.ann)
    where = f"/cases/{case.number}/notes"
    db.session.commit()

    page = Visitor(app, office.ann).get(where)

    assert len(page.data) < 20 * 25_000
    assert b"<td>" not in page.data


def field(name: str = "x") -> facts.Field:
    return facts.Field(name, words.readable(name))


def test_a_table_of_facts_is_no_square_of_its_rows() -> None:
    records = [{f"k{number}": number} for number in range(1_000)]

    shown = facts._fact(field(), records)

    assert (len(shown.columns), len(shown.rows)) == (bounds.COLUMNS, bounds.ROWS)
    assert shown.more == "800 rows and 970 columns"


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (list(range(5_000)), "… and 4,800 more"),
        ({f"k{number}": number for number in range(5_000)}, "… and 4,800 more"),
        ("x" * 50_000, "… (50,000 characters in all)"),
        ([["y" * 400] * 100] * 100, "characters in all)"),
    ],
    ids=["a list", "a record", "a text", "lists of texts"],
)
def test_a_value_says_how_much_of_it_is_not_shown(data: Any, end: str) -> None:
    for text in (words.value(data), field().text(data), facts._fact(field(), data).text):
        assert len(text) <= bounds.TEXT + 100
        assert text.endswith(end)


def test_what_is_nested_deeply_ends_in_dots() -> None:
    data: Any = "x"
    for _ in range(400):
        data = [data, {"a": data}] if data == "x" else {"a": [data]}

    assert len(words.value(data)) < 200
    assert words.value({"a": [{"b": ["c"]}]}) == "A: B: c"


def test_a_timeline_compares_no_lists_without_end() -> None:
    old = [{"a": number, "b": number} for number in range(3_000)]
    new = [{"a": -number, "b": -number} for number in range(3_000)]

    changed, first = differences.change(field(), old, new), differences.change(field(), None, new)

    assert changed is not None and first is not None
    assert (changed.sum, changed.parts) == ("3,000 rows in place of 3,000", ())
    assert (first.sum, len(first.parts)) == ("3,000 rows, … and 2,800 more", bounds.ROWS)
    assert len(repr(changed)) < 3 * bounds.TEXT


def test_the_case_page_and_its_story_stay_small(office: Office, app: Flask) -> None:
    case = db.session.get_one(Case, UUID(office.open_case()))
    square = [{f"k{number}": number} for number in range(1_000)]
    cases.change_variables(case, {"odd": square}, by=office.mia)
    number = case.number
    db.session.commit()

    mia = Visitor(app, office.mia)

    for path in (f"/cases/{number}", f"/cases/{number}/timeline"):
        page = mia.get(path)
        assert page.status_code == 200
        assert len(page.data) < 400_000, (path, len(page.data))
