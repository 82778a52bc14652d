"""Correcting a case's data by hand: an input for each variable that is one value, in the type that it has.

What a form asks for and nobody has said yet can be entered too, and so can any other name: a step that waits for it
would be stuck for ever.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from service.errors import InvalidForm
from service.languages import _, later
from service.web import facts

WIDGETS = {
    "number": "number",
    "datetime": "date",
    "textarea": "textarea",
    "checkbox": "checkbox",
    "select": "select",
    "radio": "select",
}


ASKED = {"textfield", *WIDGETS}  #: types of fields whose value is one
KINDS = {
    "text": later("Text"),
    "number": later("Number"),
    "truth": later("Yes or no"),
    "list": later("List, one item a line"),
    "json": "JSON",
}


@dataclass(frozen=True)
class Input:
    """One variable to correct; `value` is as the input shows it."""

    name: str
    label: str
    widget: str  #: text, number, date, textarea, checkbox, select, or answer: yes, no or not said
    value: str
    options: tuple[tuple[str, str], ...] = ()
    error: str = ""


def inputs(definition_id: uuid.UUID, variables: Mapping[str, Any]) -> list[Input]:
    """What may be corrected: values, not lists or records, in the order of the forms."""
    known = facts.fields(definition_id)
    names = [name for name in known if name in variables] + sorted(name for name in variables if name not in known)
    return [
        _input(facts.field(definition_id, name), variables[name])
        for name in names
        if name not in facts.UNINTERESTING and not isinstance(variables[name], list | dict)
    ]


def unknown(definition_id: uuid.UUID, variables: Mapping[str, Any]) -> list[Input]:
    """What the forms ask for as one value and the case does not know."""
    return [
        Input(name, field.label, "answer" if field.type == "checkbox" else WIDGETS.get(field.type, "text"), "",
              field.options)
        for name, field in facts.fields(definition_id).items()
        if name not in variables and field.type in ASKED
    ]  # fmt: skip


def _input(field: facts.Field, value: Any) -> Input:
    widget = WIDGETS.get(field.type, "text")
    if isinstance(value, bool):
        widget = "checkbox"
    elif isinstance(value, int | float):
        widget = "number"
    elif widget == "date" and (value is None or len(str(value)) != 10):
        widget = "text"
    shown = "yes" if value is True else "" if value is None or value is False else str(value)
    return Input(field.key, field.label, widget, shown, field.options)


def again(offered: list[Input], form: Mapping[str, str], errors: Mapping[str, list[str]]) -> list[Input]:
    """The inputs as they were sent, with what is wrong with them."""
    return [
        replace(item, value=form.get(f"value-{item.name}", ""), error=" ".join(errors.get(item.name, ())))
        for item in offered
    ]


def changes(form: Mapping[str, str], offered: list[Input]) -> dict[str, Any]:
    """What differs from what was offered, in each variable's own type. Raises `InvalidForm`."""
    found: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for item in offered:
        if f"value-{item.name}" not in form:  # it came up since the page was loaded
            continue
        given = form.get(f"value-{item.name}", "").replace("\r\n", "\n").strip()
        if given == item.value.replace("\r\n", "\n").strip():
            continue
        if item.widget == "checkbox":
            found[item.name] = given == "yes"
        elif item.widget == "number":
            number = _number(given)
            if number is None and given:
                errors[item.name] = [_("This has to be a number.")]
            found[item.name] = number
        elif item.widget == "answer":
            found[item.name] = given == "yes"
        elif item.widget == "select" and given and given not in dict(item.options):
            errors[item.name] = [_("Pick one of the list.")]
        else:
            found[item.name] = given or None
    if errors:
        raise InvalidForm(errors)
    return found


def added(form: Mapping[str, str]) -> dict[str, Any]:
    """The value of a name that no form asks for, if one was given, in the kind that was said. Raises `InvalidForm`."""
    name, text = form.get("new-name", "").strip(), form.get("new-value", "").replace("\r\n", "\n").strip()
    if not name and not text:
        return {}
    if not name.isidentifier() or name in facts.UNINTERESTING:
        raise InvalidForm({"new-name": [_("A name is made of letters, digits and _, such as reportedOn.")]})
    kind = form.get("new-kind", "text")
    if kind == "number":
        number = _number(text)
        if number is None:
            raise InvalidForm({"new-value": [_("This has to be a number.")]})
        return {name: number}
    if kind == "truth":
        if text.casefold() not in ("yes", "no"):
            raise InvalidForm({"new-value": [_("Write yes or no.")]})
        return {name: text.casefold() == "yes"}
    if kind == "list":
        return {name: [line.strip() for line in text.splitlines() if line.strip()]}
    return {name: _json(text) if kind == "json" else text}


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidForm({"new-value": [_('This is no JSON, such as [1, 2] or {"name": "Ada"}.')]}) from error


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return None
    return number if number - number == 0 else None
