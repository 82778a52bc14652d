"""Form validation: what a person may submit to a form-js form, checked again on the server.

The walk itself is JavaScript (`frontend/src/server/parts/forms.js`), run by quickjs within limits: conditions,
patterns and lengths then mean exactly what they mean in the browser. The one rule to know before changing it: nothing
that is submitted is believed. A value counts only where the schema has a visible, enabled, writable field for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from service import errors
from service.engine.checks.instances import FormNames
from service.engine.definition import Problem, Severity
from service.engine.expressions import feel
from service.engine.expressions.feel import FeelError
from service.engine.expressions.plain import NotPlain, plain
from service.forms import simple
from service.forms.checks import CONTAINERS, KEYED, find_problems
from service.languages import _

SECONDS = 2.0  #: CPU time for one submission
MOST_ROWS = 1_000  #: of a list in a form
MAX_SUBMITTED = 2_000_000  #: characters of JSON


def validate(
    schema: Mapping[str, Any], submitted: Mapping[str, Any], *, context: Mapping[str, Any], now: datetime | None = None
) -> dict[str, Any]:
    """The accepted values by variable, to be written over the case's; `context` are the case's own variables.

    Hidden, disabled and unknown values are dropped, readonly ones taken from `context`, expressions computed again. A
    visible field that was left out keeps what the form was opened with; a list that was left out has no rows. What a
    form does not own inside a variable (`claim.number` beside `claim.amount`) stays as the case has it.

    Raises errors.InvalidForm with form-js' own messages, by field id; `Field_1.0` is the field in its list's first row.
    """
    found = simple.accepted(schema, submitted, context)
    return found if found is not None else _checked(schema, submitted, context, now or datetime.now(UTC))


def _checked(
    schema: Mapping[str, Any], submitted: Mapping[str, Any], context: Mapping[str, Any], moment: datetime
) -> dict[str, Any]:
    """The same, by form-js' rules in the sandbox."""
    key, text = _schema(schema)
    with suppress(RecursionError):  # what has no end is told by the next line
        _refuse_long_lists(submitted)
    given = _json(submitted)
    if len(given) > MAX_SUBMITTED:
        raise errors.InvalidForm({"": [_("The form holds more than can be sent at once.")]})
    known = _json(_wanted(key, text, context))
    try:
        feel.set_clock(moment)
        answer = _ask(key, text, "formCheck", given, known, feel.is_flat(given + known), _first_today(moment))
    except FeelError as error:
        raise errors.InvalidForm({"": [_("The form could not be checked. %(error)s", error=error)]}) from None
    if answer["errors"]:
        raise errors.InvalidForm(answer["errors"])
    values: dict[str, Any] = answer["values"]
    return values


def initial(schema: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """What the form is shown with, as JSON values: only the variables that its fields, texts and expressions name."""
    key, text = _schema(schema)
    shown: dict[str, Any] = json.loads(_json(_wanted(key, text, variables)))
    return shown


def opened(
    schema: Mapping[str, Any], variables: Mapping[str, Any], *, now: datetime | None = None
) -> tuple[dict[str, Any], frozenset[str]]:
    """The values that the form shows as it is opened, of no field that is hidden; and the ids of what is hidden."""
    key, text = _schema(schema)
    known = _json(_wanted(key, text, variables))
    try:
        feel.set_clock(now or datetime.now(UTC))
        found = _ask(key, text, "formOpened", known, feel.is_flat(known))
    except FeelError as error:
        raise errors.InvalidForm({"": [_("The form could not be opened. %(error)s", error=error)]}) from None
    return found["values"], frozenset(found["hidden"])


def asked(schema: Mapping[str, Any]) -> frozenset[str]:
    """The variables that somebody may write by this form: of fields neither disabled, readonly nor computed."""
    fields = _fields(schema.get("components") or [])
    return frozenset(name for name, field in fields if _is_asked(field))


def _is_asked(field: Mapping[str, Any]) -> bool:
    return field["type"] != "expression" and field.get("readonly") is not True


def names(content: bytes) -> FormNames:
    """The variables that a form has to do with; none for one that cannot be deployed."""
    if any(problem.severity is Severity.ERROR for problem in find_problems("", content)):
        return FormNames()
    schema = json.loads(content.decode("utf-8-sig"))
    fields = list(_fields(schema["components"]))
    written = {name for name, field in fields if _is_asked(field)}
    computed = {name for name, field in fields if field["type"] == "expression"}
    return FormNames(frozenset(written), frozenset(written | computed), frozenset(_wants(*_schema(schema))))


def _fields(components: list[Any], base: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The enabled fields, each with the variable that it is a part of."""
    for field in components:
        name = base or str(field.get("key") or field.get("path") or "").split(".")[0]
        if field["type"] in CONTAINERS:
            yield from _fields(field.get("components") or [], name)
        elif field["type"] in KEYED and not field.get("disabled"):
            yield name, field


def problems(name: str, content: bytes) -> list[Problem]:
    """What is wrong with the form file `name`, all of it, by line and component; empty when it can be deployed."""
    return find_problems(name, content)


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The static part of the form's rules as JSON Schema 2020-12, for API clients. Conditions it cannot say."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object(schema.get("components") or [])}


def _refuse_long_lists(submitted: Any, name: str = "") -> None:
    """Raise `InvalidForm` for a list with more than `MOST_ROWS`, wherever it is."""
    if isinstance(submitted, Mapping):
        for key, value in submitted.items():
            _refuse_long_lists(value, name or str(key))
    elif isinstance(submitted, list):
        if len(submitted) > MOST_ROWS:
            told = _(
                "%(submitted)s rows are too many; a list holds at most %(MOST_ROWS)s.",
                submitted=f"{len(submitted):,}",
                MOST_ROWS=f"{MOST_ROWS:,}",
            )
            raise errors.InvalidForm({name: [told]})
        for value in submitted:
            _refuse_long_lists(value, name)


# --- Asking the bundle


def _first_today(moment: datetime) -> str:
    """The day that it still is somewhere on Earth: whoever fills in the form chose by their own calendar."""
    return (moment.astimezone(UTC) - timedelta(hours=12)).date().isoformat()


def _schema(schema: Mapping[str, Any]) -> tuple[str, str]:
    text = json.dumps(schema)
    return hashlib.sha256(text.encode()).hexdigest(), text


def _ask(key: str, schema: str, function: str, *arguments: str | bool) -> Any:
    answer = feel.ask(function, key, *arguments, seconds=SECONDS)
    if "missing" in answer:
        feel.ask("form", key, schema, seconds=SECONDS)
        answer = feel.ask(function, key, *arguments, seconds=SECONDS)
    return answer["value"]


def _wanted(key: str, schema: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: variables[name] for name in _wants(key, schema) if name in variables}


@lru_cache(maxsize=1024)
def _wants(key: str, schema: str) -> tuple[str, ...]:
    return tuple(_ask(key, schema, "formWants"))


def _json(value: Any) -> str:
    """`value` as forms see it: dates, times and durations are texts."""
    try:
        return json.dumps(value, default=_text, allow_nan=False)
    except (ValueError, RecursionError, TypeError) as error:
        raise errors.InvalidForm({"": [_("A value cannot be read. %(error)s", error=error)]}) from None


def _text(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():f}".rstrip("0").rstrip(".") + "S"
    try:
        return plain(value)
    except NotPlain as error:
        raise ValueError(str(error)) from None


# --- JSON Schema

_TEXT = {"textfield", "textarea"}
_ONE = {"radio", "select"}
_MANY = {"checklist", "taglist"}
_FORMATS = {"date": "date", "time": "time", "datetime": "date-time"}


def _object(components: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"type": "object", "properties": {}}
    for field in components:
        if isinstance(field, dict):
            _place(result, field)
    return result


def _place(target: dict[str, Any], field: dict[str, Any]) -> None:
    kind = field.get("type")
    if kind in ("group", "dynamiclist"):
        inner = _object(field.get("components") or [])
        if kind == "dynamiclist" and field.get("isRepeating"):
            inner = {"type": "array", "items": inner}
        elif field.get("conditional"):
            _forget_required(inner)
        _merge(target, str(field.get("path") or ""), inner, required=False)
    elif field.get("key") and not field.get("disabled") and kind != "expression" and (rule := _value(field)):
        demanded = (field.get("validate") or {}).get("required") and not field.get("conditional")
        _merge(target, str(field["key"]), rule, required=bool(demanded) and not field.get("readonly"))


def _merge(target: dict[str, Any], path: str, rule: dict[str, Any], *, required: bool) -> None:
    *outer, last = path.split(".") if path else [""]
    for name in outer:
        target = target["properties"].setdefault(name, {"type": "object", "properties": {}})
    if last:
        target["properties"][last] = {**target["properties"].get(last, {}), **rule}
        if required:
            target.setdefault("required", []).append(last)
        return
    target["properties"].update(rule["properties"])
    if "required" in rule:
        target.setdefault("required", []).extend(rule["required"])


def _forget_required(rule: dict[str, Any]) -> None:
    rule.pop("required", None)
    for inner in rule["properties"].values():
        if "properties" in inner:
            _forget_required(inner)


def _value(field: dict[str, Any]) -> dict[str, Any]:
    kind, rules = field["type"], field.get("validate") or {}
    title = field.get("label") or field.get("dateLabel")
    named = {"title": title} if isinstance(title, str) and not title.startswith("=") else {}
    must = bool(rules.get("required"))
    if kind in _TEXT:
        bounds = {key: rules[key] for key in ("minLength", "maxLength") if isinstance(rules.get(key), int)}
        if "pattern" in rules:
            bounds["pattern"] = rules["pattern"]
        if rules.get("validationType") == "email":
            bounds["format"] = "email"
        return (
            {**named, "type": "string", **bounds} if must else {**named, "type": ["string", "null"], **_loose(bounds)}
        )
    if kind == "number":
        plain_type = "string" if field.get("serializeToString") else "number"
        bounds = {
            word: rules[key] for key, word in (("min", "minimum"), ("max", "maximum")) if _is_number(rules.get(key))
        }
        return {**named, "type": plain_type if must else [plain_type, "null"], **bounds}
    if kind == "checkbox":
        return {**named, "const": True} if must else {**named, "type": "boolean"}
    if kind == "datetime":
        return {**named, "type": "string" if must else ["string", "null"], **_format(field)}
    if kind in _ONE:
        return {**named, **({"enum": [*values, *([] if must else [None])]} if (values := _options(field)) else {})}
    if kind in _MANY:
        items = {"enum": values} if (values := _options(field)) else {}
        return {**named, "type": "array", "items": items, **({"minItems": 1} if must else {})}
    return {**named, "type": ["string", "null"]} if kind == "filepicker" else {}


def _loose(bounds: dict[str, Any]) -> dict[str, Any]:
    """Rules of a field that may be empty: form-js applies them only to what is filled in."""
    return {"anyOf": [bounds, {"maxLength": 0}]} if bounds else {}


def _format(field: dict[str, Any]) -> dict[str, Any]:
    subtype = field.get("subtype", "date")
    return (
        {"format": "date"}
        if subtype == "date"
        else {"description": _("An ISO 8601 %(subtype)s.", subtype=_FORMATS.get(subtype, subtype))}
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _options(field: dict[str, Any]) -> list[Any]:
    values = field.get("values")
    if not isinstance(values, list) or field.get("valuesKey") or field.get("valuesExpression"):
        return []
    return [option.get("value") if isinstance(option, dict) else option for option in values]
