"""DMN decision tables as plain rows and columns, to be read and compared without a diagram tool (DMN 1.5 §8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from service.engine.xml.reading import safe_xml


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


def read(content: bytes) -> tuple[Table, ...]:
    """The decisions of a DMN file. Raises Refused for what is no XML."""
    return tuple(_table(node) for node in _children(safe_xml("decision.dmn", content), "decision"))


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
    return Column(column.get("label") or text, text)


def _output(column: etree._Element, decision: etree._Element) -> Column:
    name = column.get("name") or ""
    return Column(column.get("label") or name or decision.get("name") or "Result", name)


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
