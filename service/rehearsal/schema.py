"""What editors check files of tests by: JSON Schema 2020-12, made of the same tables as the reading."""

from __future__ import annotations

from typing import Any

from service.rehearsal import acts, examples

_TEXT = {"type": "string"}
_VALUES = {"type": "object"}
_LIST = {"type": "array", "items": _TEXT}
_SAYS: dict[str, dict[str, Any]] = {
    "as": {**_TEXT, "description": "Who does it."},
    "with": {**_VALUES, "description": "What is filled in, sent or answered, by the names of the form's fields."},
    "case": {**_TEXT, "description": "Which case, where several run: its process's key, or its name such as “loan 2”."},
    "number": {"type": "integer", "minimum": 1, "description": "Which of several that wait there; the oldest is 1."},
    "correlation": {**_VALUES, "description": "By which properties the message is told from others."},
    "error": {**_TEXT, "description": "The code of a BPMN error with which it ends instead."},
}
_MEANS = {
    "complete": "Complete the open task at this element.",
    "answer": "What the connector answers that is called at this element.",
    "message": "A message of this name arrives.",
    "signal": "A signal of this name is sent.",
    "activate": "Start this activity of an open ad hoc sub-process.",
    "finish": "End this open ad hoc sub-process by hand.",
    "clock": "Let so much time pass (P3D), or go on to a moment; timers fire on their way.",
    "fire": "Let time pass until the timer at this element fires.",
    "change": "Change variables from outside; of the case of this name, empty for the first.",
    "cancel": "End the case of this name from outside; empty for the first.",
}


def schema() -> dict[str, Any]:
    """The JSON Schema of a file of tests."""
    test = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {**_TEXT, "description": "What is shown, as a sentence."},
            "at": {**_TEXT, "format": "date-time", "description": "When it begins, with its zone."},
            "start": _start(),
            "acts": {
                "type": "array",
                "maxItems": examples.MOST_ACTS,
                "items": {"oneOf": [_act(kind) for kind in acts.KINDS]},
            },
            "expect": {"$ref": "#/$defs/expect"},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tests of a case type",
        "type": "object",
        "additionalProperties": False,
        "required": ["case_type", "tests"],
        "properties": {
            "case_type": {**_TEXT, "description": "The key of the process."},
            "people": {**_VALUES, "additionalProperties": _LIST, "description": "The groups of those who act."},
            "tests": {"type": "array", "minItems": 1, "maxItems": examples.MOST, "items": test},
        },
        "$defs": {"expect": _expect()},
    }


def _start() -> dict[str, Any]:
    said = {
        "as": _SAYS["as"],
        "with": {**_VALUES, "description": "What is filled in into the start form."},
        "message": {**_TEXT, "description": "The message with which it begins, instead of the form."},
        "case_type": {**_TEXT, "description": "Another process of these files, instead of the file's own."},
    }
    return {"type": "object", "additionalProperties": False, "properties": said}


def _act(kind: str) -> dict[str, Any]:
    said: dict[str, Any] = {kind: {**_TEXT, "description": _MEANS[kind]}}
    said |= {name: _SAYS[name] for name in acts.KINDS[kind]}
    said["expect"] = {"$ref": "#/$defs/expect"}
    said["refused"] = {"const": True, "description": "It must not be possible."}
    return {"type": "object", "additionalProperties": False, "required": [kind], "properties": said}


def _expect() -> dict[str, Any]:
    said = {
        "state": {"enum": list(examples.STATES)},
        "stage": {**_TEXT, "description": "The id of the case's stage."},
        "outcome": {**_TEXT, "description": "The id of the case's outcome."},
        "open": {**_LIST, "description": "The elements of all open tasks, in any order."},
        "way": {
            **_LIST,
            "description": "Elements that were done, or flows taken, in this order; others may lie between.",
        },
        "never": {**_LIST, "description": "Elements that were not done, or flows not taken."},
        "data": {**_VALUES, "description": "What these variables hold; of objects what is named."},
        "cases": {
            **_VALUES,
            "additionalProperties": {"enum": list(examples.STATES)},
            "description": "States of other cases.",
        },
    }
    return {"type": "object", "additionalProperties": False, "properties": said}
