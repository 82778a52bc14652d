"""What differs between two versions of a form, in words."""

from __future__ import annotations

from typing import Any

from service.forms.compare import compared


def form(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": "default", "components": list(components)}


def field(key: str, kind: str = "textfield", **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"F_{key}", "key": key, "label": key.title(), **more}


def test_the_same_form_under_other_ids_and_in_other_columns_does_not_differ() -> None:
    one, other = field("name"), {**field("name"), "id": "F_2", "layout": {"row": "R", "columns": 8}}

    assert compared(form(one), form(other)) == []


def test_fields_that_come_and_go() -> None:
    before, after = form(field("name"), field("age", "number")), form(field("name"), field("born", "datetime"))

    assert compared(before, after) == [
        ("removed", "The number field “Age” is gone."),
        ("added", "The date “Born” is new."),
    ]


def test_what_a_field_asks_otherwise() -> None:
    before = form(
        field("name", validate={"maxLength": 20}),
        field("kind", "select", values=[{"label": "Water", "value": "w"}]),
        field("note"),
        field("must", validate={"required": True}),
    )
    after = form(
        field("name", label="Full name", validate={"maxLength": 40}),
        field("kind", "select", values=[{"label": "Fire", "value": "f"}]),
        field("note", "textarea", conditional={"hide": "= kind"}),
        field("must"),
    )

    assert [message for _, message in compared(before, after)] == [
        "“Full name”: other label (Name → Full name), rule maxLength (20 → 40).",
        "“Kind”: other choices.",
        "“Note”: other kind (textfield → textarea), condition under which it is hidden.",
        "“Must” is not required any more.",
    ]


def test_a_field_in_a_group_of_its_own_path_is_another_field_and_an_order_is_told() -> None:
    inside = {"type": "group", "id": "G", "path": "person", "label": "Person", "components": [field("name")]}

    assert [kind for kind, _ in compared(form(field("name")), form(inside))] == ["removed", "added", "added"]
    assert compared(form(field("a"), field("b")), form(field("b"), field("a"))) == [
        ("moved", "Its fields stand in another order.")
    ]
