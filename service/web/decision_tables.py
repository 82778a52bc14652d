"""DMN decision tables as plain rows and columns, so that they can be read without a diagram tool (DMN 1.5 §8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from service.engine.definition import Refused
from service.engine.xml.reading import safe_xml
from service.execution.definitions import resource
from service.web import words

HIT_POLICIES = {
    "UNIQUE": "Exactly one row fits.",
    "FIRST": "The first row that fits decides.",
    "ANY": "All rows that fit say the same.",
    "PRIORITY": "Of the rows that fit, the most important result counts.",
    "COLLECT": "Every row that fits counts.",
    "RULE ORDER": "Every row that fits counts, in this order.",
    "OUTPUT ORDER": "Every row that fits counts, the most important result first.",
}  #: DMN 1.5 §8.2.8
LITERAL = re.compile(r'"([^"\\]*)"')
LITERALS = re.compile(r'\s*"[^"\\]*"(\s*,\s*"[^"\\]*")*\s*')


@dataclass(frozen=True)
class Column:
    """A heading: what it is called, and the expression or name behind it."""

    label: str
    detail: str = ""


@dataclass(frozen=True)
class Rule:
    """One row; an empty input holds for anything."""

    number: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Table:
    """One decision of a file."""

    id: str
    name: str
    description: str
    hit_policy: str
    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    expression: str = ""  #: of a decision that is one expression instead of a table

    @property
    def policy_words(self) -> str:
        return HIT_POLICIES.get(self.hit_policy, "")

    @property
    def has_notes(self) -> bool:
        return any(rule.note for rule in self.rules)


@lru_cache(maxsize=128)
def tables(digest: str) -> tuple[Table, ...]:
    """The decisions in the deployed DMN file with this hash; none when it cannot be read."""
    try:
        root = safe_xml("decision.dmn", resource(digest))
    except Refused:
        return ()
    return tuple(_table(node) for node in _children(root, "decision"))


def literal(cell: str) -> str:
    """What a cell says when it only names values: `"theft","fire"` as `theft, fire`; empty for an expression."""
    return ", ".join(LITERAL.findall(cell)) if LITERALS.fullmatch(cell) else ""


def _table(node: etree._Element) -> Table:
    table = next(_children(node, "decisionTable"), None)
    identity = node.get("id") or node.get("name") or ""
    decision = (identity, node.get("name") or identity, _text(node, "description"))
    if table is None:
        literal = next(_children(node, "literalExpression"), None)
        return Table(*decision, hit_policy="", expression=_text(literal, "text") if literal is not None else "")
    return Table(
        *decision,
        hit_policy=table.get("hitPolicy", "UNIQUE"),
        inputs=tuple(_input(column) for column in _children(table, "input")),
        outputs=tuple(_output(column, node) for column in _children(table, "output")),
        rules=tuple(_rule(number, rule) for number, rule in enumerate(_children(table, "rule"), 1)),
    )


def _input(column: etree._Element) -> Column:
    expression = next(_children(column, "inputExpression"), None)
    text = _text(expression, "text") if expression is not None else ""
    label = column.get("label") or text
    return Column(label, _beside(label, text))


def _output(column: etree._Element, decision: etree._Element) -> Column:
    name = column.get("name") or ""
    label = column.get("label") or name or decision.get("name") or "Result"
    return Column(label, _beside(label, name))


def _beside(label: str, detail: str) -> str:
    """What is behind a heading, unless the heading says the same."""
    return "" if words.readable(detail).casefold() == label.casefold() else detail


def _rule(number: int, rule: etree._Element) -> Rule:
    inputs = (_text(cell, "text") for cell in _children(rule, "inputEntry"))
    outputs = (_text(cell, "text") for cell in _children(rule, "outputEntry"))
    cells = tuple("" if text == "-" else text for text in inputs)
    return Rule(number, cells, tuple(outputs), _text(rule, "description"))


def _children(node: etree._Element, name: str) -> Iterator[etree._Element]:
    """The children of that name, in whichever of DMN's namespaces."""
    return (child for child in node if isinstance(child.tag, str) and etree.QName(child).localname == name)


def _text(node: etree._Element, name: str) -> str:
    found = next(_children(node, name), None)
    return (found.text or "").strip() if found is not None else ""
