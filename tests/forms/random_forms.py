"""Random forms of everything that form-js has, and random answers to them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

TEXTS = ["", " ", "x", "Ada", "  Ada  ", "a long text, too long", "AB-12", "ab-12", "𝒳𝒳𝒳𝒳", "12345", "ünï", "a@b.c"]
NUMBERS = [None, 0, 0.05, 1, 1.5, 4.25, 5, 99.95, 100, 123.456, 500, -1, -7.5, 1e9]
OPTIONS = [{"label": "One", "value": "one"}, {"label": "Two", "value": "two"}, {"label": "Three", "value": "three"}]
DAYS = ["2026-02-28", "2031-12-31", "1999-01-01", "2026-11-30"]
MOMENTS = {
    "utc_offset": ["2026-02-28T10:30+01:00", "2031-12-31T23:45-05:00"],
    "utc_normalized": ["2026-02-28T09:30Z", "2031-12-31T23:45Z"],
    "no_timezone": ["2026-02-28T10:30", "2031-12-31T23:45"],
}
TIMES = {
    "utc_offset": ["10:30+01:00", "23:45-05:00"],
    "utc_normalized": ["09:30Z", "00:00Z"],
    "no_timezone": ["10:30", "23:59"],
}
CONTEXT: dict[str, Any] = {
    "who": "Ada",
    "limit": 100,
    "strict": True,
    "levels": ["low", {"label": "High", "value": "high"}],
    "given": {"name": "Grace", "amount": 12.5},
}

Answer = Callable[[random.Random], Any]


class Form:
    """A form while it is made: its schema, and for each field what may be answered, by the path in the data."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.number = chance, 0
        self.answers: dict[str, Any] = {}
        components = self._components(chance.randint(6, 12), 0, [], self.answers)
        self.schema = {"type": "default", "id": "random", "schemaVersion": 19, "components": components}

    def filled(self, chance: random.Random) -> dict[str, Any]:
        """What somebody might fill in; half the people are careful."""
        return _filled(self.answers, chance, 0.98 if chance.random() < 0.5 else 0.5)

    def _components(
        self, count: int, depth: int, seen: list[tuple[str, str]], answers: dict[str, Any]
    ) -> list[dict[str, Any]]:
        made = []
        for _ in range(count):
            kind = self.chance.choice([*_FIELDS, "text", *(["group", "dynamiclist"] if depth < 2 else [])])
            self.number += 1
            component = {"type": kind, "id": f"F_{self.number}", "label": f"Field {self.number}"}
            if kind == "text":
                component["text"] = "Dear {{who}}"
            elif kind in ("group", "dynamiclist"):
                self._around(component, depth, seen, answers)
            else:
                key = f"k{self.number}"
                right = _FIELDS[kind](self.chance, component, seen)
                made.append(component)
                component["key"] = key
                self._locked_or_hidden(component, seen)
                answers[key] = right
                seen.append((key, kind))
                continue
            made.append(component)
        return made

    def _around(
        self, component: dict[str, Any], depth: int, seen: list[tuple[str, str]], answers: dict[str, Any]
    ) -> None:
        path, inner = f"p{self.number}", answers
        is_list = component["type"] == "dynamiclist"
        if is_list or self.chance.random() < 0.6:
            component["path"] = path
            inner = {}
            answers[path] = [inner] if is_list else inner
        if is_list:
            component |= {"isRepeating": True, "allowAddRemove": True,
                          "defaultRepetitions": self.chance.randint(0, 2)}  # fmt: skip
        if self.chance.random() < 0.3:
            self._hide(component, seen)
        around = list(seen) if inner is not answers else seen  # what is inside is not seen by its own name outside
        component["components"] = self._components(self.chance.randint(1, 4), depth + 1, around, inner)

    def _locked_or_hidden(self, component: dict[str, Any], seen: list[tuple[str, str]]) -> None:
        roll = self.chance.random()
        if roll < 0.25:
            self._hide(component, seen)
        elif roll < 0.32:
            component["readonly"] = True if self.chance.random() < 0.5 else "=strict"
        elif roll < 0.36:
            component["disabled"] = True

    def _hide(self, component: dict[str, Any], seen: list[tuple[str, str]]) -> None:
        component["conditional"] = {"hide": "=" + _condition(self.chance, seen)}


def _condition(chance: random.Random, seen: list[tuple[str, str]]) -> str:
    """A condition over a field before, or over the case."""
    tests = ["strict", "not(strict)", "limit > 50"]
    if seen:
        key, kind = chance.choice(seen)
        tests += {
            "number": [f"{key} = null or {key} < 5", f"{key} > 1 and {key} < 100", f"not({key} in [1..5])"],
            "checkbox": [f"{key}", f"not({key})", f"{key} = true"],
            "checklist": [f'list contains({key}, "one")', f"count({key}) > 1"],
            "taglist": [f"count({key}) = 0", f'some each in {key} satisfies each = "two"'],
            "datetime": [f"{key} = null", f"{key} != null"],
        }.get(kind, [f"{key} = null", f'{key} = "one"', f'{key} != "x"', f'contains(string({key}), "a")'])
    return chance.choice(tests)


def _filled(answers: dict[str, Any], chance: random.Random, careful: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, answer in answers.items():
        if isinstance(answer, list):
            found[key] = [_filled(answer[0], chance, careful) for _ in range(chance.randint(0, 3))]
        elif isinstance(answer, dict):
            found[key] = _filled(answer, chance, careful)
        else:
            right, anything = answer
            found[key] = chance.choice(right if chance.random() < careful else anything)
    return found


def _required(chance: random.Random, component: dict[str, Any]) -> dict[str, Any]:
    rules = component.setdefault("validate", {})
    if chance.random() < 0.4:
        rules["required"] = True
    return rules  # type: ignore[no-any-return]


def _text(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    rules = _required(chance, component)
    optional = [] if rules.get("required") else [""]
    kind = chance.choice(["", "", "length", "pattern", "email", "phone", "default"])
    if kind == "length":
        rules |= {"minLength": chance.choice([2, "=1 + 1"]), "maxLength": 10}
        return [*optional, "Ada", "12345"], TEXTS
    if kind == "pattern":
        rules |= {"pattern": "^[A-Z]{2}-\\d+$", "validationType": "custom"}
        if chance.random() < 0.5:
            rules["patternErrorMessage"] = "Two letters and a number."
        return [*optional, "AB-12"], TEXTS
    if kind == "email":
        rules["validationType"] = "email"
        return [*optional, "a@b.c"], [*TEXTS, "a@b", "nobody"]
    if kind == "phone":
        rules["validationType"] = "phone"
        return [*optional, "+4930664040900"], [*TEXTS, "030", "0049306640409"]
    if kind == "default":
        component["defaultValue"] = "as it was"
    return [*optional, "Ada", "x"], TEXTS


def _area(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    rules = _required(chance, component)
    if chance.random() < 0.5:
        rules["maxLength"] = 12
    return [*([] if rules.get("required") else [""]), "ünï", "two\nlines"], [*TEXTS, "two\nlines\nand three"]


def _number(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    rules = _required(chance, component)
    optional = [] if rules.get("required") else [None]
    kind = chance.choice(["", "bounds", "digits", "step", "text", "computed"])
    if kind == "bounds":
        rules |= {"min": 0, "max": chance.choice([100, "=limit", "=limit * 2 - 100"])}
    elif kind == "digits":
        component["decimalDigits"] = chance.choice([0, 1, 2])
        return [*optional, 1, 5], NUMBERS
    elif kind == "step":
        component["increment"] = chance.choice(["0.05", "5", "0.25"])
        return [*optional, 5, 100], NUMBERS
    elif kind == "text":
        component["serializeToString"] = True
        rules |= {"min": 1}
        return [*optional, "1", "7"], [None, "1", "0", "7", "1.5", "-3"]
    elif kind == "computed" and (numbers := [key for key, each in seen if each == "number"]):
        rules["min"] = f"={chance.choice(numbers)}"
    return [*optional, 1, 4.25, 100], NUMBERS


def _checkbox(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    rules = _required(chance, component)
    return [True] if rules.get("required") else [True, False], [True, False]


def _options(chance: random.Random, component: dict[str, Any]) -> list[str]:
    kind = chance.choice(["values", "values", "key", "expression"])
    if kind == "key":
        component["valuesKey"] = "levels"
        return ["low", "high"]
    if kind == "expression":
        component["valuesExpression"] = '=if strict then ["one", "two"] else ["three"]'
        return ["one", "two"]
    component["values"] = OPTIONS
    return ["one", "two", "three"]


def _one(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    rules, options = _required(chance, component), _options(chance, component)
    return [*([] if rules.get("required") else [None]), *options], [None, *options]


def _many(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    rules, options = _required(chance, component), _options(chance, component)
    some = [[options[0]], options[:2], options]
    return [*([] if rules.get("required") else [[]]), *some], [[], *some]


def _datetime(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    rules = _required(chance, component)
    optional = [] if rules.get("required") else [None]
    subtype = chance.choice(["date", "time", "datetime"])
    component |= {"subtype": subtype, "dateLabel": "Day", "timeLabel": "Time"}
    if subtype == "date":
        if chance.random() < 0.3:
            component["disallowPassedDates"] = True
            return [*optional, "2031-12-31"], [None, *DAYS]
        return [*optional, *DAYS], [None, *DAYS]
    form = chance.choice(list(MOMENTS))
    component["timeSerializingFormat"] = form
    known = TIMES[form] if subtype == "time" else MOMENTS[form]
    return [*optional, *known], [None, *known]


def _expression(chance: random.Random, component: dict[str, Any], seen: list[tuple[str, str]]) -> Any:
    numbers = [key for key, kind in seen if kind == "number"]
    text = f"{chance.choice(numbers)} * 2" if numbers else "string length(who) + 1"
    component |= {"expression": f"={text}", "computeOn": chance.choice(["change", "presubmit"])}
    return [None], [None]


_FIELDS: dict[str, Callable[[random.Random, dict[str, Any], list[tuple[str, str]]], Any]] = {
    "textfield": _text,
    "textarea": _area,
    "number": _number,
    "checkbox": _checkbox,
    "radio": _one,
    "select": _one,
    "checklist": _many,
    "taglist": _many,
    "datetime": _datetime,
    "expression": _expression,
}
