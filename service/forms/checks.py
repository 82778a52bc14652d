"""The deployment check of a form file: every problem with its line, and what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from service.engine.definition import Problem, Severity
from service.engine.expressions import budget, feel
from service.engine.expressions.feel import FeelError

SCHEMA_VERSION = 19  #: of form-js 1.23 and 2.0
MAX_BYTES = 1_000_000
MAX_DEPTH = 20  #: of groups and lists inside each other

KEYED = frozenset(
    "textfield textarea number datetime checkbox checklist radio select taglist expression".split()  # noqa: SIM905
)
CONTAINERS = frozenset({"group", "dynamiclist"})
DISPLAYED = frozenset(
    "text html image table iframe documentPreview separator spacer button".split()  # noqa: SIM905
)
_OPTIONS = frozenset({"radio", "select", "checklist", "taglist"})
_SOURCES = ("values", "valuesKey", "valuesExpression")
_NUMBERS = ("min", "max", "minLength", "maxLength")
_UNARY = ("hide", "readonly")
_NAMED = re.compile(r'"(id|key)"\s*:\s*("(?:[^"\\]|\\.)*")')
MOST_PROBLEMS = 200  #: told of one form; who mends that many sees the rest
MAX_SEGMENTS = 20  #: of a key with dots
_FORBIDDEN = frozenset({"__proto__", "constructor", "prototype"})


@dataclass
class _Form:
    """A form file while it is checked."""

    name: str
    text: str
    found: list[Problem] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    leaves: set[tuple[str, ...]] = field(default_factory=set)
    branches: set[tuple[str, ...]] = field(default_factory=set)

    def report(self, message: str, advice: str, component: Any = None, severity: Severity = Severity.ERROR) -> None:
        shown = component if isinstance(component, dict) else {}
        identity, label = shown.get("id"), shown.get("label")
        self.found.append(
            Problem(
                file=self.name,
                message=message,
                advice=advice,
                line=self.line(shown),
                element_id=identity if isinstance(identity, str) else None,
                element_name=label if isinstance(label, str) else None,
                severity=severity,
            )
        )

    def line(self, component: dict[str, Any]) -> int:
        for name in ("id", "key"):
            if isinstance(value := component.get(name), str) and (name, value) in self.places:
                return self.places[name, value]
        return 1

    @cached_property
    def places(self) -> dict[tuple[str, str], int]:
        """Where each id and key is written first: the number of its line."""
        found: dict[tuple[str, str], int] = {}
        line = 1
        behind = 0
        for place in _NAMED.finditer(self.text):
            line += self.text.count("\n", behind, place.start())
            behind = place.start()
            with suppress(ValueError):
                found.setdefault((place[1], json.loads(place[2])), line)
        return found

    @property
    def full(self) -> bool:
        """Whether no further problem would be told."""
        return len(self.found) >= MOST_PROBLEMS


def find_problems(name: str, content: bytes) -> list[Problem]:
    """All problems of the form file `name`."""
    if len(content) > MAX_BYTES:
        return [Problem(name, f"The form is larger than {MAX_BYTES:,} bytes.", "Split it into several forms.")]
    try:
        text = content.decode("utf-8-sig")
        schema = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return [Problem(name, "The file is not UTF-8.", "Save it in UTF-8.")]
    except json.JSONDecodeError as error:
        return [
            Problem(name, f"This is not JSON: {error.msg}.", "Export the form from a form-js editor.", error.lineno)
        ]
    except (ValueError, RecursionError) as error:
        return [Problem(name, f"This is not JSON: {error}.", "Export the form from a form-js editor.", 1)]
    form = _Form(name, text)
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        form.report("This is not a form-js form: it has no list of components.", "Export it from a form-js editor.")
        return form.found
    _check_head(form, schema)
    _check_components(form, schema["components"], (), 1)
    return form.found


def id_of(content: bytes) -> str:
    """The id that a form file gives itself; empty when it gives none that can be read."""
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    found = schema.get("id") if isinstance(schema, dict) else None
    return found if isinstance(found, str) else ""


def variables_of(content: bytes) -> set[str]:
    """The variables that a form's fields and lists fill; nothing of what cannot be read."""
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError):
        return set()
    found: set[str] = set()
    waiting = [schema] if isinstance(schema, dict) else []
    while waiting:
        component = waiting.pop()
        name = component.get("path") if component.get("type") in CONTAINERS else component.get("key")
        if isinstance(name, str) and name:
            found.add(name.split(".")[0])
        else:
            inner = component.get("components")
            waiting += [part for part in inner if isinstance(part, dict)] if isinstance(inner, list) else []
    return found


def kinds_of(content: bytes) -> dict[str, str]:
    """What a form's fields put into their variables, by key, where it is always the same: text, number or truth."""
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    waiting = [(schema, "")] if isinstance(schema, dict) else []
    while waiting:
        component, base = waiting.pop()
        path = component.get("path")
        if component.get("type") == "dynamiclist":
            continue  # of its rows each has one
        inner = component.get("components")
        around = f"{base}{path}." if isinstance(path, str) and path else base
        waiting += [(part, around) for part in inner if isinstance(part, dict)] if isinstance(inner, list) else []
        if isinstance(component.get("key"), str) and (kind := _kind(component)):
            found[base + component["key"]] = kind
    return found


def reads_of(name: str, content: bytes) -> Iterator[tuple[str, int, str]]:
    """What the expressions of a form read: (name, line, the component's id). Raises budget.Spent."""
    try:
        text = content.decode("utf-8-sig")
        schema = json.loads(text)
    except (ValueError, RecursionError):
        return
    form = _Form(name, text)
    waiting = list(schema.get("components") or ()) if isinstance(schema, dict) else []
    while waiting:
        component = waiting.pop()
        if isinstance(component, dict):
            line, identity = form.line(component), str(component.get("id") or "")
            budget.reading(line, identity)
            for expression, _unary in _expressions(component):
                yield from ((found, line, identity) for found in sorted(feel.outer_names(expression)))
            inner = component.get("components")
            waiting += inner if isinstance(inner, list) else []


def words_of(content: bytes) -> set[str]:
    """Every name in the keys and paths of a form, at any depth: what its expressions may mean by a name."""
    found = re.findall(r'"(?:key|path|valuesKey)"\s*:\s*"([\w.]{1,500})"', content.decode("utf-8", "replace"))
    return {part for name in found for part in name.split(".")}


def _kind(component: dict[str, Any]) -> str | None:
    kind = component.get("type")
    if kind in {"textfield", "textarea"}:
        return "text"
    if kind == "number":
        return "text" if component.get("serializeToString") else "number"
    if kind in {"radio", "select"} and isinstance(values := component.get("values"), list):
        plain = {type(option.get("value")) for option in values if isinstance(option, dict)}
        return "text" if plain == {str} and not component.get("valuesExpression") else None
    return "truth" if kind == "checkbox" else None


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def _check_head(form: _Form, schema: dict[str, Any]) -> None:
    version = schema.get("schemaVersion")
    if schema.get("type", "default") != "default":
        form.report("The form's type is not “default”.", 'Write "type": "default".', schema)
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 1):
        form.report("The schemaVersion is not a number.", f'Write "schemaVersion": {SCHEMA_VERSION}.', schema)
    elif isinstance(version, int) and version > SCHEMA_VERSION:
        advice = f"Export it with schema version {SCHEMA_VERSION} or older."
        form.report(f"The form has schema version {version}, newer than we know.", advice, schema)
    if not isinstance(schema.get("id"), str) or not schema["id"]:
        form.report("The form has no id.", "Give it the id under which diagrams name it.", schema)


def _check_components(form: _Form, components: list[Any], base: tuple[str, ...], depth: int) -> None:
    if depth > MAX_DEPTH:
        form.report(f"Groups are nested deeper than {MAX_DEPTH} levels.", "Flatten the form.")
        return
    for component in components:
        if form.full:
            return
        if not isinstance(component, dict):
            form.report("A component is not an object.", "Remove it.")
            continue
        _check_component(form, component, base, depth)


def _check_component(form: _Form, component: dict[str, Any], base: tuple[str, ...], depth: int) -> None:
    kind = component.get("type")
    _check_id(form, component)
    if kind == "filepicker":
        advice = "Let people bring it to the documents of the case, and ask in the form whether it is there."
        form.report("A file that somebody picks in a form would be lost.", advice, component)
        return
    if not isinstance(kind, str) or kind not in KEYED | CONTAINERS | DISPLAYED:
        form.report(f"The component type “{str(kind)[:80]}” is unknown.", "Use a component of form-js 2.0.", component)
        return
    budget.reading(form.line(component), component.get("id") if isinstance(component.get("id"), str) else None)
    path = _check_path(form, component, kind, base)
    for text, unary in _expressions(component):
        if wrong := feel.check(text, unary=unary, in_form=True):
            form.report(f"In “={text.strip()[:80]}”: {wrong}", "Correct the expression.", component)
    if kind in KEYED:
        _check_rules(form, component, kind)
    if kind in CONTAINERS:
        inner = component.get("components", [])
        if isinstance(inner, list):
            _check_components(form, inner, path, depth + 1)
        else:
            form.report("The components are not a list.", "Write a list.", component)


def _check_id(form: _Form, component: dict[str, Any]) -> None:
    identity = component.get("id")
    if not isinstance(identity, str) or not identity:
        form.report("A component has no id.", "Give it one; errors are shown by it.", component)
    elif identity in form.ids:
        form.report(f"The id “{identity}” is used twice.", "Give each component an id of its own.", component)
    else:
        form.ids.add(identity)


def _check_path(form: _Form, component: dict[str, Any], kind: str, base: tuple[str, ...]) -> tuple[str, ...]:
    """The component's place in the data; each place may be claimed once (form-js' PathRegistry)."""
    name = component.get("key" if kind in KEYED else "path", "" if kind in CONTAINERS else None)
    if kind in DISPLAYED:
        return base
    word = "key" if kind in KEYED else "path"
    if not isinstance(name, str) or (kind in KEYED and not name):
        form.report(f"The field has no {word}.", f"Give it a {word}: the name of a variable.", component)
        return base
    segments = tuple(name.split(".")) if name else ()
    if len(segments) > MAX_SEGMENTS or any(not segment or segment in _FORBIDDEN for segment in segments):
        form.report(f"The {word} “{name[:80]}” cannot be used.", "Write names, with dots between them.", component)
        return base
    path = base + segments
    repeated = kind == "dynamiclist" and component.get("isRepeating") is True
    if repeated and not segments:
        form.report("The list has no path.", "Give it a path: the name of a variable.", component)
        return (*base, "[]")
    taken = path in form.leaves or any(path[:end] in form.leaves for end in range(1, len(path)))
    if segments and (taken or (kind in KEYED and path in form.branches)):
        form.report(f"The {word} “{name}” is used twice.", "Give each field a key of its own.", component)
    elif kind in KEYED:
        form.leaves.add(path)
    form.branches.update(path[:end] for end in range(1, len(path) + (kind in CONTAINERS)))
    return (*path, "[]") if repeated else path


def _check_rules(form: _Form, component: dict[str, Any], kind: str) -> None:
    rules = component.get("validate") or {}
    if not isinstance(rules, dict):
        form.report("“validate” is not an object.", "Write an object.", component)
        return
    if isinstance(rules.get("required"), str):
        advice = "Write true or false; for a condition hide the field instead."
        form.report("“required” cannot be an expression: it counts as true.", advice, component, Severity.WARNING)
    for name in _NUMBERS:
        value = rules.get(name)
        if not (value is None or _is_feel(value) or _is_number(value)):
            form.report(f"“{name}” is not a number.", "Write a number, or FEEL after “=”.", component)
    if (pattern := rules.get("pattern")) is not None:
        _check_pattern(form, component, pattern)
    if kind in _OPTIONS and sum(bool(component.get(name)) for name in _SOURCES) != 1:
        advice = "Write one of values, valuesKey and valuesExpression."
        form.report("The options come from nowhere, or from several places.", advice, component)
    if kind == "expression" and not _is_feel(component.get("expression")):
        form.report("The field has no expression.", "Write FEEL after “=”.", component)


def _check_pattern(form: _Form, component: dict[str, Any], pattern: Any) -> None:
    try:
        feel.matches(str(pattern), "")
    except FeelError as error:
        form.report(f"The pattern cannot be read. {error}", "Write a JavaScript regular expression.", component)


def _is_feel(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("=")


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _expressions(component: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Every FEEL text of a component, without `=`, and whether it is a unary test; not those of inner components."""
    waiting: list[tuple[str, Any]] = [(name, value) for name, value in component.items() if name != "components"]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            if value.startswith("="):
                yield value[1:], name in _UNARY
        elif isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((name, item) for item in value)
