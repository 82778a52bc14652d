"""What of a form, and of the case behind it, is sent to somebody outside."""

from __future__ import annotations

from typing import Any

import pytest

from service import forms
from service.errors import WrongState

CASE: dict[str, Any] = {
    "name": "Ann", "risk": 5, "salary": 9000, "employed": False, "claim": {"place": "house 4", "iban": "DE1"},
    "kind": "water", "rows": [{"item": "Floor", "cost": 5}], "offers": [{"label": "A", "value": "a", "margin": 3}],
}  # fmt: skip


def field(key: str, hide: str = "", kind: str = "textfield", **more: Any) -> dict[str, Any]:
    conditional = {"conditional": {"hide": hide}} if hide else {}
    return {"id": f"f-{key}", "type": kind, "key": key, "label": key.title(), **conditional, **more}


def text(said: str, hide: str = "") -> dict[str, Any]:
    return {"id": f"t-{len(said)}", "type": "text", "text": said, **({"conditional": {"hide": hide}} if hide else {})}


def shown(*parts: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The ids of the parts that go out, and the values with them."""
    found = forms.for_outside({"components": list(parts)}, CASE)
    return [part["id"] for part in found.schema["components"]], dict(found.values)


def test_a_field_that_the_case_hides_does_not_go_out_nor_its_condition() -> None:
    assert shown(field("name"), field("salary", "=risk > 3")) == (["f-name"], {"name": "Ann"})

    found = forms.for_outside({"components": [field("salary", "=risk < 3", "number")]}, CASE)

    assert found.values == {"salary": 9000}
    assert "conditional" not in found.schema["components"][0]


def test_a_field_that_an_answer_may_show_goes_out_without_its_value() -> None:
    ids, values = shown(field("employed", kind="checkbox"), field("salary", "=employed = false", "number"))

    assert ids == ["f-employed", "f-salary"]
    assert values == {"employed": False}


def test_of_a_record_only_the_quoted_part_goes_out() -> None:
    assert shown(text("In {{claim.place}}"))[1] == {"claim": {"place": "house 4"}}
    assert shown(text("In {{claim}}, {{ rows }}"))[1] == {}
    assert shown(text("In {{claim.iban}}", "=risk > 3")) == ([], {})


def test_of_a_list_only_what_its_fields_show_goes_out() -> None:
    inner = {"components": [field("item")], "isRepeating": True, "path": "rows"}

    assert shown({"id": "l", "type": "dynamiclist", **inner})[1] == {"rows": [{"item": "Floor"}]}


def test_of_options_only_their_labels_and_values_go_out() -> None:
    chosen = field("choice", kind="select", valuesKey="offers")

    assert shown(chosen)[1]["offers"] == [{"label": "A", "value": "a"}]


def test_what_is_worked_out_of_the_case_stays_here() -> None:
    worked_out = {"id": "e", "type": "expression", "key": "double", "expression": "=salary * 2", "computeOn": "change"}

    assert shown(field("name"), worked_out) == (["f-name"], {"name": "Ann"})


@pytest.mark.parametrize(
    "part",
    [
        field("more", "=risk > 3 and employed"),
        field("more", label="=string(risk)"),
        text("{{ if risk > 3 then 1 else 2 }}"),
        {"id": "t", "type": "table", "dataSource": "=rows", "columns": [{"key": "cost"}]},
        {"id": "i", "type": "image", "source": "=claim.iban"},
    ],
)
def test_what_would_tell_more_than_the_form_shows_keeps_it_inside(part: dict[str, Any]) -> None:
    with pytest.raises(WrongState, match="cannot be answered from outside"):
        shown(field("employed", kind="checkbox"), part)


def test_what_a_text_shows_anyhow_may_decide_with_answers() -> None:
    ids, values = shown(
        text("Damage: {{kind}}"), field("police", kind="checkbox"), field("number", '=police != true or kind = "water"')
    )

    assert ids[1:] == ["f-police", "f-number"]
    assert values == {"kind": "water", "police": False}
