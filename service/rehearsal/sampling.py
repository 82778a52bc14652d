"""Values that fill in a form: of each kind of field, near the values that conditions and decision tables ask about."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

from service import forms
from service.engine.expressions import ranges
from service.errors import InvalidForm
from service.rehearsal.world import World

TRIES = 25
_NAMES = ("Anna Berger", "Jonas Weber", "Leila Haddad", "Tomasz Nowak", "Maria Rossi")
_CONTAINERS = ("group", "dynamiclist")


@dataclass
class Literals:
    """The values that conditions compare variables with, by the variable's last name; and all numbers among them."""

    named: dict[str, list[Any]] = field(default_factory=dict)
    numbers: list[float] = field(default_factory=list)


def literals(world: World) -> Literals:
    """Those of all flows, decision tables and forms."""
    found = Literals()
    for each in _conditions(world):
        for name, values in each.literals.items() if each else ():
            named = found.named.setdefault(name.rpartition(".")[2], [])
            for value in sorted(values, key=str):
                named += [near for near in _near(value) if near not in named]
    found.numbers = sorted({v for values in found.named.values() for v in values if _is_number(v)})
    return found


def _conditions(world: World) -> Iterator[ranges.Condition | None]:
    for definition in world.definitions.values():
        yield from (ranges.condition(flow.condition) for flow in definition.graph.flows.values() if flow.condition)
    for table in world.tables.values():
        for rule in table.rules:
            for column, cell in zip(table.inputs, rule.inputs, strict=False):
                yield ranges.unary(cell, column.detail)
    for schema in world.forms.values():
        yield from (ranges.condition(hide) for hide in _hides(schema))


def _hides(schema: Mapping[str, Any]) -> Iterator[str]:
    for each in schema.get("components") or ():
        hide = (each.get("conditional") or {}).get("hide")
        if isinstance(hide, str):
            yield hide
        yield from _hides(each)


def _near(value: Any) -> list[Any]:
    if isinstance(value, Decimal):
        number: float = int(value) if value == value.to_integral_value() else float(value)
        return [number, number + 1, number - 1]
    return [value.isoformat()] if isinstance(value, date) else [value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Sampler:
    """Fills in forms at random, always the same for the same seed."""

    known: Literals
    rng: random.Random

    def filled(self, schema: Mapping[str, Any], context: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
        """What the form accepts; None where nothing was found in `TRIES`."""
        for _ in range(TRIES):
            values = self._fields(schema.get("components") or (), context, now)
            try:
                forms.validate(schema, values, context=context, now=now)
            except InvalidForm:
                continue
            return values
        return None

    def _fields(
        self, components: Iterable[Mapping[str, Any]], context: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in components:
            kind = each.get("type")
            if kind in _CONTAINERS:
                self._inner(found, each, context, now)
            elif each.get("key") and kind != "expression" and not each.get("disabled"):
                value = self._value(each, context, now)
                if value is not None:
                    _put(found, str(each["key"]), value)
        return found

    def _inner(self, found: dict[str, Any], each: Mapping[str, Any], context: Mapping[str, Any], now: datetime) -> None:
        inner, path = each.get("components") or (), str(each.get("path") or "")
        if each.get("isRepeating"):
            rows = [self._fields(inner, context, now) for _ in range(self.rng.choice((1, 1, 1, 0, 2)))]
            _put(found, path, rows)
        elif path:
            _put(found, path, self._fields(inner, context, now))
        else:
            found.update(self._fields(inner, context, now))

    def _value(self, each: Mapping[str, Any], context: Mapping[str, Any], now: datetime) -> Any:
        kind, rules = each["type"], each.get("validate") or {}
        required = bool(rules.get("required"))
        if (
            not required
            and kind not in ("checkbox", "radio", "select", "number", "datetime")
            and self.rng.random() < 0.7
        ):
            return None
        if kind == "checkbox":
            return True if required else self.rng.random() < 0.5
        if kind in ("radio", "select", "checklist", "taglist"):
            options = self._options(each, context)
            if not options:
                return None
            if kind in ("radio", "select"):
                return self.rng.choice(options)
            return self.rng.sample(options, self.rng.randint(1, min(2, len(options))))
        if kind == "number":
            return self._number(each, rules)
        if kind == "datetime":
            return self._moment(each, now)
        return self._text(each, rules) if kind in ("textfield", "textarea") else None

    def _options(self, each: Mapping[str, Any], context: Mapping[str, Any]) -> list[Any]:
        given = each.get("values")
        if each.get("valuesKey"):
            given = context.get(str(each["valuesKey"]))
        if each.get("valuesExpression"):
            given = self._computed(str(each["valuesExpression"]), context)
        listed = given if isinstance(given, list) else []
        return [one.get("value") if isinstance(one, Mapping) else one for one in listed]

    def _computed(self, text: str, context: Mapping[str, Any]) -> Any:
        from service.engine import expressions

        try:
            return expressions.evaluate(text, context, now=datetime.fromisoformat("2026-03-02T09:00:00+00:00"))
        except expressions.ExpressionError:
            return None

    def _number(self, each: Mapping[str, Any], rules: Mapping[str, Any]) -> float:
        low, high = rules.get("min", 0), rules.get("max", 1_000_000)
        low = low if _is_number(low) else 0
        high = high if _is_number(high) else 1_000_000
        named = [v for v in self.known.named.get(str(each["key"]).rpartition(".")[2], []) if _is_number(v)]
        pool = [v for v in named or self.known.numbers if low <= v <= high]
        if pool and self.rng.random() < 0.7:
            return float(self.rng.choice(pool)) if each.get("decimalDigits") else int(self.rng.choice(pool))
        if self.rng.random() < 0.3:
            return self.rng.choice((int(low), int(high)))
        return round(int(low) + (int(high) - int(low)) * 10 ** -self.rng.uniform(0, 4))

    def _moment(self, each: Mapping[str, Any], now: datetime) -> str:
        named = [v for v in self.known.named.get(str(each["key"]).rpartition(".")[2], []) if isinstance(v, str)]
        if named and self.rng.random() < 0.3:
            return str(self.rng.choice(named))
        day = now.date() + timedelta(days=self.rng.choice((-400, -60, -20, -3, -1, 0, 0, 1, 5, 30, 90)))
        subtype = each.get("subtype", "date")
        if subtype == "time":
            return f"{self.rng.randint(8, 17):02}:00"
        return day.isoformat() if subtype == "date" else f"{day.isoformat()}T{self.rng.randint(8, 17):02}:00:00Z"

    def _text(self, each: Mapping[str, Any], rules: Mapping[str, Any]) -> str:
        key = str(each["key"]).rpartition(".")[2]
        if "pattern" in rules:
            return matching(str(rules["pattern"]), self.rng)
        if rules.get("validationType") == "email":
            return "anna.berger@example.org"
        if rules.get("validationType") == "phone":
            return "+4930901820"
        named = [v for v in self.known.named.get(key, []) if isinstance(v, str)]
        if named and self.rng.random() < 0.6:
            return str(self.rng.choice(named))
        said = (
            self.rng.choice(_NAMES)
            if each["type"] == "textfield"
            else "As it was told, and written down for this test."
        )
        least, most = int(rules.get("minLength") or 0), int(rules.get("maxLength") or 4000)
        return (said + " More." * max(0, least - len(said)))[:most]


def _put(found: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for name in outer:
        found = found.setdefault(name, {})
    found[last] = value


def matching(pattern: str, rng: random.Random) -> str:
    """A text that the regular expression takes, where it holds only literals, classes, repeats, groups and choices."""
    parser: Any = import_module("re._parser" if _has_parser() else "sre_parse")
    try:
        return "".join(_parts(parser.parse(pattern), rng))
    except (re.error, KeyError, NotImplementedError):
        return ""


def _has_parser() -> bool:
    return hasattr(re, "_parser")


def _parts(parsed: Iterable[Any], rng: random.Random) -> Iterator[str]:
    for operation, argument in parsed:
        kind = str(operation)
        if kind == "LITERAL":
            yield chr(argument)
        elif kind == "IN":
            yield rng.choice(_class(argument))
        elif kind == "ANY":
            yield "a"
        elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = argument
            for _ in range(rng.randint(low, min(int(high), low + 3))):
                yield from _parts(inner, rng)
        elif kind == "SUBPATTERN":
            yield from _parts(argument[-1], rng)
        elif kind == "BRANCH":
            yield from _parts(rng.choice(argument[1]), rng)
        elif kind != "AT":
            raise NotImplementedError(kind)


def _class(items: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for operation, argument in items:
        kind = str(operation)
        if kind == "LITERAL":
            found.append(chr(argument))
        elif kind == "RANGE":
            found += [chr(code) for code in range(argument[0], argument[1] + 1)]
        elif kind == "CATEGORY":
            found += list({"CATEGORY_DIGIT": "0123456789", "CATEGORY_SPACE": " "}.get(str(argument), "abcXYZ123"))
        else:
            raise NotImplementedError(kind)
    return found
