"""A case's data with the words of its forms, and the inputs that correct it."""

from __future__ import annotations

from typing import Any

import pytest

from service.engine.parser import Definition
from service.errors import InvalidForm
from service.web import editing, facts, progress
from tests.pages.conftest import CLAIM, Office


def test_facts_have_the_labels_options_and_order_of_the_forms(office: Office) -> None:
    shown = facts.facts(office.definition.id, {"zulu": 1, **CLAIM, "settlement": 550.0, "initiator": "ann"})

    said = {fact.label: fact.text for fact in shown}
    assert list(said)[:2] == ["Name", "Policy number"] and list(said)[-1] == "Zulu"
    assert said["What the policy register says"] == "In force on the date of the loss"
    assert said["Estimated amount"] == "€ 1,200"
    assert said["Date of loss"] == "10 Nov 2026"
    assert said["Settlement after the excess"] == "€ 550"
    assert "Initiator" not in said


def test_a_list_of_records_becomes_a_table(office: Office) -> None:
    [fact] = facts.facts(office.definition.id, {"damagedItems": [{"item": "Floor", "claimed": 800, "extra": None}]})

    assert fact.columns == ("Item", "Claimed", "Extra")
    assert fact.rows == (("Floor", "€ 800", "–"),)
    assert fact.is_wide


def test_a_record_becomes_lines(office: Office) -> None:
    [fact] = facts.facts(office.definition.id, {"cover": {"result": "covered", "approvalLimit": 5000}})

    assert fact.text == "Result: covered\nApproval limit: 5000"


def test_a_list_in_one_line_leaves_out_the_names(office: Office) -> None:
    field = facts.field(office.definition.id, "damagedItems")

    assert field.text([{"item": "Floor", "claimed": 800}, {"item": "Carpet"}]) == "Floor, € 800; Carpet"


@pytest.mark.parametrize(
    ("local", "said"),
    [
        ({"damageKind": "water", "loopCounter": 0}, "Water"),
        ({"damageKind": {"name": "A pipe"}, "loopCounter": 0}, "A pipe"),
        ({"loopCounter": 1, "nrOfInstances": 3}, "2 of 3"),
        (None, ""),
    ],
)
def test_one_of_several_tasks_is_told_by_the_label_of_its_item(
    office: Office, monkeypatch: pytest.MonkeyPatch, local: Any, said: str
) -> None:
    monkeypatch.setattr(Definition, "items", lambda _: {"damageKind"})
    facts._items.cache_clear()

    assert facts.instance(office.definition.id, local) == said
    facts._items.cache_clear()


@pytest.mark.parametrize("data", [None, "", [], {}])
def test_what_is_empty_is_no_fact(office: Office, data: Any) -> None:
    assert facts.facts(office.definition.id, {"claimant": data}) == []


def test_inputs_fit_the_kind_of_the_data(office: Office) -> None:
    data = {
        "claimant": "Ada",
        "estimatedAmount": 1.5,
        "dateOfLoss": "2026-11-10",
        "urgent": True,
        "cover": {},
        "n": None,
    }

    offered = {item.name: (item.widget, item.value) for item in editing.inputs(office.definition.id, data)}

    assert offered == {
        "claimant": ("text", "Ada"),
        "estimatedAmount": ("number", "1.5"),
        "dateOfLoss": ("date", "2026-11-10"),
        "urgent": ("checkbox", "yes"),
        "n": ("text", ""),
    }


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        ({"value-amount": "12", "value-name": "Ada"}, {"amount": 12}),
        ({"value-amount": "12.5", "value-name": "Ada"}, {"amount": 12.5}),
        ({"value-amount": "10", "value-name": " Ada "}, {}),
        ({"value-amount": "10", "value-name": ""}, {"name": None}),
        ({"value-amount": "", "value-name": "Ada"}, {"amount": None}),
    ],
)
def test_only_what_differs_is_changed(office: Office, form: dict[str, str], changes: dict[str, Any]) -> None:
    offered = editing.inputs(office.definition.id, {"amount": 10, "name": "Ada"})

    assert editing.changes(form, offered) == changes


@pytest.mark.parametrize("wrong", ["much", "nan", "inf", "1e999", "0x10"])
def test_a_number_has_to_be_one(office: Office, wrong: str) -> None:
    offered = editing.inputs(office.definition.id, {"amount": 10})

    with pytest.raises(InvalidForm):
        editing.changes({"value-amount": wrong}, offered)


def test_a_yes_or_no_stays_one(office: Office) -> None:
    offered = editing.inputs(office.definition.id, {"urgent": True})

    assert editing.changes({"value-urgent": ""}, offered) == {"urgent": False}


def test_the_list_of_steps_says_what_the_diagram_shows(office: Office) -> None:
    case = office.open_claim()

    said = {step.name: step.said for step in progress.steps(case, failed=["Task_Pay"])}

    assert said["Check the cover"] == "done"
    assert said["Assess the claim"] == "now here"
    assert said["Pay out"] == "failed"
    assert said["Write the refusal"] == "not yet"


def test_the_stage_bar_ends_where_the_case_ended(office: Office) -> None:
    case = office.open_claim()

    assert [stage.state for stage in progress.stages(case)] == ["done", "now", "later", "later"]


@pytest.mark.parametrize(
    ("before", "number", "said"),
    [("€", 4.5, "€ 4.50"), ("", 36.9, "36.9"), ("", 1234.5, "1,234.5"), ("", 12000.0, "12,000")],
)
def test_only_amounts_have_cents(before: str, number: float, said: str) -> None:
    assert facts.Field("n", "N", "number", before=before).text(number) == said
