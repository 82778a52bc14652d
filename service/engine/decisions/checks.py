"""What deployment says of the FEEL in decisions: what is none, what can never fit, and what was meant otherwise.

A name that no file binds is no error, for a decision may read any variable of the case; but where it stands alone in a
cell it is mostly a text without its quotes, and is said. What an expression costs to check is bounded for each file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.engine.decisions.expressions import Text
from service.engine.definition import Problem, Severity
from service.engine.expressions import feel
from service.engine.xml.document import source_line

SECONDS = 2.0  #: CPU time for the expressions of one file
_NUMBER = r"-?\d+(?:\.\d+)?"
#: What most cells hold, and needs no parser: texts, a number, a truth value.
_TEXTS = re.compile(r'"[^"\\]*"(?:\s*,\s*"[^"\\]*")*')
_NUMBERS = re.compile(rf"(?:[<>]=?\s*)?{_NUMBER}|[\[(\]]\s*{_NUMBER}\s*\.\.\s*{_NUMBER}\s*[\])\[]")
_WORDS: Mapping[str, Mapping[str, Any]] = {
    "null": {},
    "true": {"kinds": ["truth value"]},
    "false": {"kinds": ["truth value"]},
}
_MOST_NAMES = 50_000  #: that are sent along to read one text
_KINDS = {
    "string": "text",
    "boolean": "truth value",
    **dict.fromkeys(("number", "integer", "long", "double", "float", "short", "decimal"), "number"),
    **dict.fromkeys(("date", "time", "dateTime", "date and time"), "date or time"),
    **dict.fromkeys(("duration", "dayTimeDuration", "days and time duration"), "date or time"),
    **dict.fromkeys(("yearMonthDuration", "years and months duration"), "date or time"),
}
_OTHER_TYPES = frozenset({"any", "null", "context", "list", "function", "range", "object", "collection", "map", "json"})
_WRITE = {
    "text": 'Write it in quotes, as "VIP"',
    "number": "Write a number without quotes",
    "truth value": "Write true or false without quotes",
    "date or time": 'Write it as date("2026-01-31")',
}

Nodes = Mapping[str, Mapping[str, Any]]
Types = Mapping[str, Mapping[str, Any]]


def problems(nodes: Nodes, texts: Mapping[str, list[Text]], types: Types, bound: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the texts of each node; `bound` are names that expressions bind themselves."""
    names = known_names(nodes, types, bound)
    spent: dict[str, float] = {}
    for node, found in texts.items():
        file = node.partition("#")[0]
        yield from _Checker(file, nodes[node], types, names).all(found, spent)


def known_names(nodes: Nodes, types: Types, bound: Iterable[str]) -> dict[str, Any]:
    """Every name that an expression may mean, with the names that may stand behind its dot where they matter."""
    variables = [str(node["variable"]) for node in nodes.values()]
    components = {name for type_ in types.values() for name in type_.get("components", ())}
    known = {*bound, *components, *variables, *(node["id"] for node in nodes.values())} - {None, ""}
    deep = _components(components, len(known))
    imported = [found["under"] for node in nodes.values() for found in node["requires"] if found["under"]]
    return {**dict.fromkeys(known, deep), **dict.fromkeys(imported, dict.fromkeys(variables, deep))}


def _components(names: set[str], times: int) -> dict[str, Any] | None:
    """What may stand behind a dot, and behind a second one; None when FEEL reads it all without knowing it."""
    if all(map(feel.is_readable, names)):
        return None
    once: dict[str, Any] = dict.fromkeys(names)
    if len(names) ** 2 * times <= _MOST_NAMES:
        return dict.fromkeys(names, once)
    return once if len(names) * times <= _MOST_NAMES else None


class _Checker:
    """Checks the texts of one node."""

    def __init__(self, file: str, node: Mapping[str, Any], types: Types, names: dict[str, Any]) -> None:
        self.file, self.node, self.types, self.names = file, node, types, names
        self.examined: dict[tuple[str, bool], Mapping[str, Any] | str] = {}

    def all(self, texts: list[Text], spent: dict[str, float]) -> Iterator[Problem]:
        """The problems of `texts`; `spent` is the CPU time that each file has cost, in seconds."""
        unknown: set[str] = set()
        for text in texts:
            if spent.get(self.file, 0) >= SECONDS:
                return
            begun = time.thread_time()
            yield from self.one(text, unknown)
            spent[self.file] = spent.get(self.file, 0) + time.thread_time() - begun
            if spent[self.file] >= SECONDS:
                message = (
                    f"The expressions of this file take longer than {SECONDS:g} s to check, up to “{text.text[:80]}”."
                )
                yield self.problem(text, message, "Write simpler expressions, or several files.")

    def one(self, text: Text, unknown: set[str]) -> Iterator[Problem]:
        if text.where and text.type and self.kind(text.type) is None and text.type not in unknown:
            unknown.add(text.type)
            yield self.odd_type(text)
        facts = _literal(text.text) or self.examine(text)
        if isinstance(facts, str):
            yield self.problem(text, f"In “{text.text[:80]}”: {facts}", "Correct the FEEL.")
            return
        if text.where:
            yield from self.misfits(text, facts.get("kinds", ()))
            yield from self.unquoted(text, facts.get("alone", ()))

    def examine(self, text: Text) -> Mapping[str, Any] | str:
        """What the text holds, or what is wrong with it; names that are no words count where it is wrong without."""
        if (known := self.examined.get((text.text, text.unary))) is not None:
            return known
        found = feel.examine(text.text, unary=text.unary)
        if isinstance(found, str):
            found = feel.examine(text.text, unary=text.unary, names=self.names)
        self.examined[text.text, text.unary] = found
        return found

    def kind(self, name: str, depth: int = 0) -> str | None:
        """What values of a type are; "" when they may be of any kind, None for a type that nobody knows."""
        if name in _KINDS:
            return _KINDS[name]
        known = self.types.get(name)
        if known is None:
            return "" if name.lower() in _OTHER_TYPES or "." in name or "<" in name else None
        base = known.get("base")
        return (
            ""
            if known["isCollection"] or known.get("components") or not base or depth > 20
            else self.kind(base, depth + 1)
        )

    def odd_type(self, text: Text) -> Problem:
        message = f"The column's type “{text.type}” is unknown: its values are taken as they are."
        return self.problem(
            text, message, "Use string, number, boolean, date, or an item definition.", Severity.WARNING
        )

    def misfits(self, text: Text, kinds: Iterable[str]) -> Iterator[Problem]:
        wanted = self.kind(text.type) if text.type else ""
        for kind in sorted(set(kinds)):
            if wanted and kind != wanted:
                never = ", and never fits" if text.unary else ""
                message = f"The column holds a {wanted}, and “{text.text[:80]}” a {kind}{never}."
                advice = f"{_WRITE[wanted]}, or change the column's type."
                yield self.problem(text, message, advice, Severity.WARNING)

    def unquoted(self, text: Text, alone: Iterable[str]) -> Iterator[Problem]:
        may_be_text = (self.kind(text.type) if text.type else "") in ("text", "", None)
        for name in alone if may_be_text else ():
            if name not in self.names:
                message = f"“{name}” is the name of a variable here, and no decision or input has it."
                yield self.problem(text, message, f'If the text is meant, write "{name}" in quotes.', Severity.WARNING)

    def problem(self, text: Text, message: str, advice: str, severity: Severity = Severity.ERROR) -> Problem:
        where = f"“{self.node['name']}”, {text.where}: " if text.where else ""
        return Problem(
            file=self.file,
            message=where + message,
            advice=advice,
            line=source_line(text.element),
            element_id=text.element.get("id") or self.node["id"],
            element_name=text.element.get("name"),
            severity=severity,
        )


def is_literal(text: str) -> bool:
    """Whether a text holds literals alone, and so names nothing."""
    return not text.strip() or _literal(text) is not None


def _literal(text: str) -> Mapping[str, Any] | None:
    """What a text of literals alone holds; None for all others."""
    if text in _WORDS:
        return _WORDS[text]
    if _TEXTS.fullmatch(text):
        return {"kinds": ["text"]}
    return {"kinds": ["number"]} if _NUMBERS.fullmatch(text) else None
