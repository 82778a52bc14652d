"""Decision tables with values for which two rules hold although one may (UNIQUE), or for which none does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from lxml import etree

from service.engine.definition import Problem, Severity
from service.engine.expressions import ranges
from service.engine.expressions.ranges import Condition, Tried
from service.engine.xml.document import source_line

_MOST_RULES = 200
_MOST_TRIED = 100_000  #: combinations of values of one table
_VARIABLE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_POLICIES = {"UNIQUE", "FIRST", "ANY", "PRIORITY"}  #: of which one rule's outputs are the answer


def problems(file: str, decision: etree._Element) -> Iterator[Problem]:
    """Warnings about a decision's table, each with values as an example."""
    table = next((node for node in decision if _name(node) == "decisionTable"), None)
    if table is None:
        return
    policy = table.get("hitPolicy") or "UNIQUE"
    rows = [node for node in table if _name(node) == "rule"]
    inputs = [_input(node) for node in table if _name(node) == "input"]
    if policy not in _POLICIES or not 1 < len(rows) <= _MOST_RULES or not inputs or len(set(inputs)) < len(inputs):
        return
    conditions = [_rule(row, inputs) for row in rows]
    if policy == "UNIQUE":
        yield from _overlaps(file, decision, rows, conditions)
    if not any(map(_has_default, (node for node in table if _name(node) == "output"))):
        yield from _gaps(file, decision, table, conditions)


def _overlaps(
    file: str, decision: etree._Element, rows: list[etree._Element], rules: list[list[Condition] | None]
) -> Iterator[Problem]:
    told: set[int] = set()
    left = _MOST_TRIED
    for (first, one), (second, other) in combinations(enumerate(rules), 2):
        if one is None or other is None or second in told or left < 0:
            continue
        both, many = _together([*one, *other])
        left -= many
        if both is not None or not {name for rule in (*one, *other) for name in rule.literals}:
            told.add(second)
            values = f"With {both}" if both is not None else "Always"
            yield _problem(
                file,
                decision,
                rows[second],
                f"{values} the rules {first + 1} and {second + 1} both hold, and the hit policy is UNIQUE: it fails.",
                "Let the rules exclude each other, or choose the hit policy FIRST or ANY.",
                "table-overlap",
            )


def _gaps(
    file: str, decision: etree._Element, table: etree._Element, rules: list[list[Condition] | None]
) -> Iterator[Problem]:
    known = [rule for rule in rules if rule is not None]
    if len(known) < len(rules):
        return
    found = ranges.tried([_all(rule) for rule in known], outside=False)
    gap = next((each for each in found or () if not any(each.holding)), None)
    if gap is not None:
        message = f"With {gap} no rule holds: the decision gives nothing."
        yield _problem(file, decision, table, message, "Add a rule for the rest, or a default output.", "table-gap")


def _all(rule: list[Condition]) -> Condition:
    literals: dict[str, set[ranges.Value]] = {}
    for each in rule:
        for name, values in each.literals.items():
            literals.setdefault(name, set()).update(values)
    return Condition(lambda values: all(each.holds(values) for each in rule), literals)


def _together(conditions: list[Condition]) -> tuple[Tried | None, int]:
    """Values for which all hold, and how many were tried."""
    many = 1
    for many, each in enumerate(ranges.tried(conditions) or (), 1):
        if all(each.holding):
            return each, many
    return None, many


def _rule(row: etree._Element, inputs: list[str]) -> list[Condition] | None:
    """What a row asks; None where it is not understood."""
    entries = [_text(node) for node in row if _name(node) == "inputEntry"]
    if len(entries) != len(inputs) or not all(inputs):
        return None
    found = [ranges.unary(entry, name) for entry, name in zip(entries, inputs, strict=True)]
    return [each for each in found if each is not None] if all(found) else None


def _input(column: etree._Element) -> str:
    expression = next((node for node in column if _name(node) == "inputExpression"), None)
    text = "" if expression is None else _text(expression)
    return text if _VARIABLE.fullmatch(text) else ""


def _has_default(output: etree._Element) -> bool:
    return any(_name(node) == "defaultOutputEntry" for node in output)


def _text(node: etree._Element) -> str:
    return next((("".join(map(str, child.itertext()))).strip() for child in node if _name(child) == "text"), "")


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _problem(
    file: str, decision: etree._Element, element: etree._Element, message: str, advice: str, rule: str
) -> Problem:
    key = decision.get("id")
    line = source_line(element)
    return Problem(file, message, advice, line, key, decision.get("name"), Severity.WARNING, rule)
