"""A form with everything that a server has to check again, and random answers to it."""

from __future__ import annotations

import random
from typing import Any

VALUES = [{"label": "One", "value": "one"}, {"label": "Two", "value": "two"}, {"label": "Three", "value": "three"}]


def _field(kind: str, key: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"Field_{key.replace('.', '_')}", "key": key, "label": key, **more}


SCHEMA: dict[str, Any] = {
    "type": "default",
    "id": "rich",
    "schemaVersion": 19,
    "components": [
        {"type": "text", "id": "Text_1", "text": "Dear {{who}}"},
        _field("textfield", "name", validate={"required": True, "minLength": 2, "maxLength": 10}),
        _field("textfield", "policy", validate={"pattern": "^[A-Z]{2}-\\d+$", "validationType": "custom"}),
        _field("textfield", "code", validate={"pattern": "x", "patternErrorMessage": "An x is wanted."}),
        _field("textfield", "mail", validate={"validationType": "email"}),
        _field("textfield", "phone", validate={"validationType": "phone"}),
        _field("textarea", "story", validate={"maxLength": 20}),
        _field(
            "number",
            "amount",
            decimalDigits=2,
            increment="0.05",
            validate={"required": True, "min": 0, "max": "=limit"},
        ),
        _field("number", "count", decimalDigits=0, serializeToString=True, validate={"min": 1}),
        _field("checkbox", "agree", validate={"required": True}),
        _field("checkbox", "express"),
        _field("radio", "kind", values=VALUES, validate={"required": True}),
        _field("select", "level", valuesKey="levels"),
        _field("select", "place", valuesExpression='=if kind = "one" then ["here", "there"] else ["nowhere"]'),
        _field("checklist", "marks", values=VALUES, validate={"required": True}),
        _field("taglist", "tags", values=VALUES, conditional={"hide": "=not(express)"}),
        _field("datetime", "day", subtype="date", dateLabel="Day", validate={"required": True}),
        _field(
            "datetime",
            "moment",
            subtype="datetime",
            timeSerializingFormat="utc_offset",
            conditional={"hide": '=kind != "two"'},
        ),
        _field(
            "textfield", "note", conditional={"hide": "=amount = null or amount < 100"}, validate={"required": True}
        ),
        _field("textfield", "deeper", conditional={"hide": "=note = null"}, validate={"minLength": 3}),
        _field("textfield", "fixed", readonly=True, validate={"required": True}),
        _field("textfield", "sometimes", readonly="=express", validate={"minLength": 4}),
        _field("textfield", "off", disabled=True, validate={"required": True}),
        _field("expression", "total", expression="=amount * 2", computeOn="change"),
        _field("number", "share", validate={"max": "=total"}),
        {
            "type": "group",
            "id": "Group_1",
            "label": "Address",
            "path": "address",
            "conditional": {"hide": '=kind = "three"'},
            "components": [
                _field("textfield", "street", validate={"required": True}),
                _field(
                    "textfield",
                    "zip",
                    validate={"pattern": "^[0-9]{5}$"},
                    conditional={"hide": '=address.street = "none"'},
                ),
            ],
        },
        {
            "type": "dynamiclist",
            "id": "List_1",
            "label": "Lines",
            "path": "lines",
            "isRepeating": True,
            "allowAddRemove": True,
            "defaultRepetitions": 1,
            "components": [
                _field("textfield", "item", validate={"required": True}),
                _field("number", "price", validate={"min": "=i[1]", "max": "=_parent_.limit"}),
                _field(
                    "textfield",
                    "why",
                    conditional={"hide": "=this.price = null or this.price < 5"},
                    validate={"required": True},
                ),
                {
                    "type": "dynamiclist",
                    "id": "List_2",
                    "path": "parts",
                    "isRepeating": True,
                    "allowAddRemove": True,
                    "defaultRepetitions": 0,
                    "components": [
                        _field(
                            "textfield", "part", validate={"required": True}, conditional={"hide": '=parent.item = "x"'}
                        )
                    ],
                },
            ],
        },
    ],
}

CONTEXT: dict[str, Any] = {
    "who": "Ada",
    "limit": 500,
    "levels": ["low", {"label": "High", "value": "high"}],
    "fixed": "from the case",
    "sometimes": "own value",
    "off": "",
    "address": {"number": 7},
}

_TEXTS = ["", " ", "x", "Ada", "  Ada  ", "a long text, too long", "AB-12", "ab-12", "𝒳𝒳𝒳𝒳𝒳𝒳", "none", "12345", "ünï"]
_NUMBERS = [None, 0, 0.05, 0.07, 1, 1.5, 4.25, 5, 99.95, 100, 123.456, 500, 501, -1, 1e9]

#: For each field the right answers, and any.
_ANSWERS: dict[str, tuple[list[Any], list[Any]]] = {
    "name": (["Ada", "  Ada  ", "none"], _TEXTS),
    "policy": (["", "AB-12"], _TEXTS),
    "code": (["", "x"], _TEXTS),
    "mail": (["", "a@b.c"], ["", "a@b.c", "a@b", "nobody", "a b@c.d"]),
    "phone": (["", "+4930664040900"], ["", "+4930664040900", "030", "0049306640409"]),
    "story": (["", "ünï"], _TEXTS),
    "amount": ([0, 0.05, 4.25, 5, 99.95, 100, 500], _NUMBERS),
    "count": ([None, "1", "7"], [None, "1", "0", "7", "1.5"]),
    "agree": ([True], [True, False]),
    "express": ([True, False], [True, False]),
    "kind": (["one", "two", "three"], [None, "one", "two", "three"]),
    "level": ([None, "low", "high"], [None, "low", "high"]),
    "place": ([None], [None, "here", "nowhere"]),
    "day": (["2026-02-28", "2031-12-31"], [None, "2026-02-28", "2031-12-31"]),
    "moment": ([None, "2026-02-28T10:30+01:00"], [None, "2026-02-28T10:30+01:00", "2031-12-31T23:45-05:00"]),
    "note": (["Ada"], _TEXTS),
    "deeper": (["", "ünï"], _TEXTS),
    "sometimes": (["", "12345"], _TEXTS),
    "share": ([None, 0], _NUMBERS),
    "street": (["Ada", "none"], _TEXTS),
    "zip": (["", "12345"], _TEXTS),
    "item": (["Ada", "x"], _TEXTS),
    "price": ([None, 4.25, 5, 100], _NUMBERS),
    "why": (["Ada"], _TEXTS),
    "part": (["Ada", "12345"], _TEXTS),
}


def answers(chance: random.Random) -> dict[str, Any]:
    """What somebody might fill in; half the people are careful, the others right, wrong and senseless."""
    careful = 0.995 if chance.random() < 0.5 else 0.5

    def pick(*keys: str) -> dict[str, Any]:
        return {key: chance.choice(_ANSWERS[key][chance.random() > careful]) for key in keys}

    def rows(most: int, *keys: str) -> list[dict[str, Any]]:
        return [pick(*keys) for _ in range(chance.randint(0, most))]

    def some(least: int) -> list[str]:
        return chance.sample(["one", "two", "three"], chance.randint(least, 3))

    nested = {"street", "zip", "item", "price", "why", "part"}
    return {
        **pick(*(key for key in _ANSWERS if key not in nested)),
        "marks": some(1 if careful > 0.9 else 0),
        "tags": some(0),
        "address": pick("street", "zip"),
        "lines": [{**row, "parts": rows(2, "part")} for row in rows(3, "item", "price", "why")],
    }
