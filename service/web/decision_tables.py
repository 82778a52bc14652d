"""DMN decision tables as pages show them: rows and columns, and what the hit policy means in words (DMN 1.5 §8)."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from service.engine.decisions.tables import Column, Rule, Table, read
from service.engine.definition import Refused
from service.execution.definitions import resource
from service.languages import later
from service.web import words

HIT_POLICIES = {
    "UNIQUE": later("Exactly one row fits."),
    "FIRST": later("The first row that fits decides."),
    "ANY": later("All rows that fit say the same."),
    "PRIORITY": later("Of the rows that fit, the most important result counts."),
    "COLLECT": later("Every row that fits counts."),
    "RULE ORDER": later("Every row that fits counts, in this order."),
    "OUTPUT ORDER": later("Every row that fits counts, the most important result first."),
}  #: DMN 1.5 §8.2.8
LITERAL = re.compile(r'"([^"\\]*)"')
LITERALS = re.compile(r'\s*"[^"\\]*"(\s*,\s*"[^"\\]*")*\s*')


@lru_cache(maxsize=128)
def tables(digest: str) -> tuple[Table, ...]:
    """The decisions in the deployed DMN file with this hash; none when it cannot be read."""
    try:
        return tuple(_shown(table) for table in read(resource(digest)))
    except Refused:
        return ()


def literal(cell: str) -> str:
    """What a cell says when it only names values: `"theft","fire"` as `theft, fire`; empty for an expression."""
    return ", ".join(LITERAL.findall(cell)) if LITERALS.fullmatch(cell) else ""


def policy_words(table: Table) -> str:
    """What its hit policy means, in a sentence; nothing of a decision that is no table."""
    return HIT_POLICIES.get(table.hit_policy, "")


def _shown(table: Table) -> Table:
    """Without what is behind a heading where the heading says the same."""
    inputs, outputs = (tuple(_heading(column) for column in columns) for columns in (table.inputs, table.outputs))
    return replace(table, inputs=inputs, outputs=outputs)


def _heading(column: Column) -> Column:
    same = words.readable(column.detail).casefold() == column.label.casefold()
    return Column(column.label, "" if same else column.detail)


__all__ = ["Column", "Rule", "Table", "literal", "policy_words", "tables"]
