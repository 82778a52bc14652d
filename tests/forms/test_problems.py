"""The deployment check of forms, and their JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from service import forms
from service.engine.checks.instances import FormNames
from service.engine.definition import Severity
from service.forms.checks import KEYED
from tests.forms.rich import SCHEMA

ROOT = Path(__file__).resolve().parents[2]


def check(*components: dict[str, Any], **head: Any) -> list[str]:
    named = [{"id": f"Field_{n}", **component} for n, component in enumerate(components)]
    schema = {"type": "default", "id": "f", "schemaVersion": 19, **head, "components": named}
    return [str(problem) for problem in forms.problems("f.form", json.dumps(schema, indent=1).encode())]


@pytest.mark.parametrize("path", sorted((ROOT / "forms").glob("*.form")), ids=lambda path: path.name)
def test_the_shipped_forms_have_no_problem(path):
    assert forms.problems(path.name, path.read_bytes()) == []


def test_a_form_with_every_kind_of_field_has_no_problem():
    assert forms.problems("rich.form", json.dumps(SCHEMA).encode()) == []


def test_a_form_tells_which_variables_it_asks_for_writes_and_reads():
    fields = [
        {"type": "textfield", "id": "a", "key": "claim.note"},
        {"type": "textfield", "id": "b", "key": "shown", "readonly": True},
        {"type": "textfield", "id": "c", "key": "off", "disabled": True},
        {"type": "expression", "id": "d", "key": "sum", "expression": "=price * 2"},
        {"type": "group", "id": "e", "path": "person", "components": [{"type": "number", "id": "f", "key": "age"}]},
        {"type": "text", "id": "g", "text": "{{greeting}}"},
    ]

    found = forms.names(json.dumps({"type": "default", "id": "f", "schemaVersion": 19, "components": fields}).encode())

    assert (found.asked, found.written) == ({"claim", "person"}, {"claim", "person", "sum"})
    assert {"price", "greeting", "shown"} <= found.read
    assert forms.names(b"{") == FormNames()


@pytest.mark.parametrize(
    ("component", "said"),
    [
        ({"type": "colour", "key": "a"}, "f.form:7: Field_0: The component type “colour” is unknown."),
        ({"type": "textfield"}, "The field has no key."),
        ({"type": "textfield", "key": "a..b"}, "The key “a..b” cannot be used."),
        ({"type": "textfield", "key": "__proto__.x"}, "cannot be used"),
        ({"type": "textfield", "key": "a", "id": ""}, "A component has no id."),
        ({"type": "textfield", "key": "a", "conditional": {"hide": "=x >"}}, "In “=x >”: This is not FEEL"),
        ({"type": "textfield", "key": "a", "label": "=1 +"}, "In “=1 +”"),
        ({"type": "textfield", "key": "a", "validate": {"pattern": "("}}, "The pattern cannot be read."),
        ({"type": "number", "key": "a", "validate": {"min": "much"}}, "“min” is not a number."),
        ({"type": "select", "key": "a"}, "The options come from nowhere"),
        ({"type": "select", "key": "a", "values": [{"value": 1}], "valuesKey": "b"}, "or from several places"),
        ({"type": "expression", "key": "a"}, "The field has no expression."),
        ({"type": "filepicker", "key": "a"}, "A file that somebody picks in a form would be lost."),
        ({"type": "dynamiclist", "isRepeating": True, "components": []}, "The list has no path."),
        ({"type": "group", "components": {}}, "The components are not a list."),
    ],
)
def test_a_problem_is_named_with_its_line_and_component(component, said):
    found = check(component)

    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    "components",
    [
        [{"type": "textfield", "key": "a"}, {"type": "number", "key": "a"}],
        [{"type": "textfield", "key": "a"}, {"type": "number", "key": "a.b"}],
        [
            {"type": "group", "path": "g", "components": [{"type": "textfield", "id": "i", "key": "x"}]},
            {"type": "textfield", "key": "g.x"},
        ],
    ],
)
def test_two_fields_for_one_value_are_a_problem(components):
    assert any("is used twice" in problem for problem in check(*components))


def test_every_kind_of_field_that_is_accepted_is_kept():
    kinds = sorted(KEYED)
    more = {"values": [{"label": "A", "value": "a"}], "expression": "= 1"}
    fields = [{"type": kind, "id": kind, "key": kind, **more} for kind in kinds]
    given = {"number": 1, "checkbox": True, "datetime": "2026-01-02", "checklist": ["a"], "taglist": ["a"]}
    schema = {"components": fields}

    kept = forms.validate(schema, {kind: given.get(kind, "a") for kind in kinds}, context={})

    assert check(*fields) == []
    assert kept == {kind: given.get(kind, "a") for kind in kinds} | {"expression": 1}


def test_the_same_key_in_two_lists_is_none():
    rows = {"isRepeating": True, "type": "dynamiclist"}
    first = {**rows, "path": "a", "components": [{"type": "textfield", "id": "x", "key": "k"}]}
    second = {**rows, "path": "b", "components": [{"type": "textfield", "id": "y", "key": "k"}]}

    assert check(first, second, {"type": "textfield", "key": "k"}) == []


def test_the_same_id_twice_is_a_problem():
    found = check({"type": "text", "id": "T"}, {"type": "text", "id": "T"})

    assert found == ["f.form:7: T: The id “T” is used twice. Give each component an id of its own."]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"schemaVersion": 20}, "schema version 20, newer than we know"),
        ({"schemaVersion": "19"}, "schemaVersion is not a number"),
        ({"type": "wizard"}, "type is not “default”"),
        ({"id": None}, "The form has no id"),
    ],
)
def test_the_head_of_a_form_is_checked(head, said):
    assert any(said in problem for problem in check(**head))


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b'{\n "a": 1,\n}', 3, "This is not JSON"),
        (b"\xff\xfe", None, "not UTF-8"),
        (b"[]", 1, "no list of components"),
        (b'{"components": NaN}', 1, "NaN"),
        (b"[" * 100_000, 1, "not JSON"),
        (b" " * 1_000_001, None, "larger than"),
        (b'{"components": [1]}', 1, "not an object"),
    ],
)
def test_what_is_no_form_is_refused(content, line, said):
    found = forms.problems("f.form", content)

    assert any(problem.line == line and said in problem.message for problem in found), found


def test_groups_inside_groups_end_somewhere():
    component: dict[str, Any] = {"type": "group", "id": "g", "components": []}
    for depth in range(30):
        component = {"type": "group", "id": f"g{depth}", "components": [component]}

    assert any("nested deeper" in problem for problem in check(component))


def test_an_expression_in_required_is_a_warning():
    [problem] = forms.problems(
        "f.form",
        json.dumps(
            {"id": "f", "components": [{"id": "a", "type": "textfield", "key": "a", "validate": {"required": "=x"}}]}
        ).encode(),
    )

    assert problem.severity is Severity.WARNING


@pytest.mark.parametrize("path", sorted((ROOT / "forms").glob("*.form")), ids=lambda path: path.name)
def test_the_json_schema_of_each_shipped_form_is_one(path):
    jsonschema.Draft202012Validator.check_schema(forms.json_schema(json.loads(path.read_bytes())))


def test_the_json_schema_says_the_static_rules():
    schema = forms.json_schema(SCHEMA)
    properties = schema["properties"]

    assert schema["required"] == ["name", "amount", "agree", "kind", "marks", "day"]
    assert properties["name"] == {"title": "name", "type": "string", "minLength": 2, "maxLength": 10}
    assert properties["kind"]["enum"] == ["one", "two", "three"]
    assert properties["agree"] == {"title": "agree", "const": True}
    assert properties["amount"] == {"title": "amount", "type": "number", "minimum": 0}
    assert properties["address"]["properties"]["zip"]["anyOf"][0] == {"pattern": "^[0-9]{5}$"}
    assert properties["lines"]["items"]["properties"]["parts"]["type"] == "array"
    assert "total" not in properties and "off" not in properties
