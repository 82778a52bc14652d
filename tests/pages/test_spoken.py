"""What a form's texts and tables say of variables whose values have labels."""

from __future__ import annotations

import re
from typing import Any

import pytest

from service.engine.expressions import feel
from service.web import facts, spoken

KIND = facts.Field("kind", "Kind", "select", options=(("wet", "Water"), ("hot", 'Fire, "large"'), ("3", "Three")))
SIGNS = facts.Field("signs", "Signs", "checklist", options=(("a", "Alpha"), ("b", "Beta")))
ROWS = facts.Field("damages", "Damages", "dynamiclist", columns=(KIND, facts.Field("told", "Told", "checkbox")))
KNOWN = {"kind": KIND, "signs": SIGNS, "damages": ROWS, "claimant": facts.Field("claimant", "Name")}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "fields", lambda definition_id: KNOWN)


def said(text: str, **data: Any) -> str:
    """A text component as a person reads it."""
    schema = spoken.spoken({"components": [{"type": "group", "components": [{"type": "text", "text": text}]}]}, None)  # type: ignore[arg-type]
    made = schema["components"][0]["components"][0]["text"]
    return re.sub(r"\{\{(.*?)\}\}", lambda found: str(feel.evaluate(found[1], data) or ""), made)


@pytest.mark.parametrize(
    ("text", "data", "reads"),
    [
        ("**{{kind}}** of {{claimant}}", {"kind": "wet", "claimant": "Ada"}, "**Water** of Ada"),
        ("{{ kind }}", {"kind": "hot"}, 'Fire, "large"'),
        ("{{kind}}", {"kind": 3}, "Three"),
        ("{{kind}}", {"kind": "unheard of"}, "unheard of"),
        ("{{kind}}", {"kind": None}, ""),
        ("{{signs}}", {"signs": ["b", "a"]}, "Beta, Alpha"),
        ("{{damage.kind}}", {"damage": {"kind": "wet"}}, "Water"),
        ("{{count(signs)}}", {"signs": [1, 2]}, "2"),
    ],
)
def test_a_text_says_the_label_of_an_option(text: str, data: dict[str, Any], reads: str) -> None:
    assert said(text, **data) == reads


@pytest.mark.parametrize(
    ("source", "data", "rows"),
    [
        ("=damages", {"damages": [{"kind": "wet", "told": True, "x": 1}]}, [{"kind": "Water", "told": "Yes", "x": 1}]),
        ("=concatenate(damages, [])", {"damages": [{"kind": "?", "told": False}]}, [{"kind": "?", "told": "No"}]),
        ("=damages", {"damages": None}, []),
    ],
)
def test_a_table_says_the_labels_of_its_rows(source: str, data: dict[str, Any], rows: Any) -> None:
    table = {"type": "table", "dataSource": source, "columns": [{"key": "kind"}, {"key": "told"}, {"key": "x"}]}

    shown = spoken.spoken({"components": [table]}, None)["components"][0]["dataSource"]  # type: ignore[arg-type]

    assert feel.evaluate(shown[1:], data) == rows
    assert table["dataSource"] == source


def test_a_form_without_a_case_names_what_it_would_say() -> None:
    text = {"type": "text", "text": "**{{claimant}}**, {{cover.approvalLimit}}: {{count(signs)}} {{#if x}}y{{/if}}"}

    shown = spoken.outlined({"components": [{"type": "group", "components": [text]}]})

    said = shown["components"][0]["components"][0]["text"]
    assert said == "**‹Claimant›**, ‹Approval limit›: ‹…› {{#if x}}y{{/if}}"
