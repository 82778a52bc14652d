"""What differs between two versions of a decision, in words: columns, rows, and what a row says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from service.engine.decisions.tables import Column, Rule, Table

_SHOWN = 40
_MOST_ROWS = 1_000  #: that are matched one by one, which takes time by their square


def compared(before: Table, after: Table) -> list[tuple[str, str]]:
    """(added, removed, changed or moved; a sentence) for two versions of one decision."""
    return list(_compared(before, after))


def _compared(before: Table, after: Table) -> Iterator[tuple[str, str]]:
    if before.name != after.name:
        yield "renamed", f"“{before.name}” is called “{after.name}” now."
    if before.hit_policy != after.hit_policy:
        yield "changed", f"Other hit policy ({before.hit_policy or 'none'} → {after.hit_policy or 'none'})."
    if before.expression != after.expression:
        yield "changed", "It is worked out by another expression."
    if before.description != after.description:
        yield "changed", "Other description."
    columns = [*_columns("input", before.inputs, after.inputs), *_columns("output", before.outputs, after.outputs)]
    yield from columns
    if any(kind in ("added", "removed") for kind, _ in columns):
        if _rows(before) != _rows(after):
            yield "changed", "Its rows say something else, as they have other columns."
        return
    yield from _rules(before, after)


def _columns(word: str, before: Sequence[Column], after: Sequence[Column]) -> Iterator[tuple[str, str]]:
    old, new = ({column.detail or column.label: column.label for column in each} for each in (before, after))
    for name, label in old.items():
        if name not in new:
            yield "removed", f"The {word} “{label}” is gone."
    for name, label in new.items():
        if name not in old:
            yield "added", f"The {word} “{label}” is new."
        elif old[name] != label:
            yield "renamed", f"The {word} “{old[name]}” is called “{label}” now."


def _rows(table: Table) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(rule.inputs, rule.outputs) for rule in table.rules]


def _rules(before: Table, after: Table) -> Iterator[tuple[str, str]]:
    """Rows that come, go or say something else; numbers are those that a reader sees in the version named."""
    if max(len(before.rules), len(after.rules)) > _MOST_ROWS:
        if _rows(before) != _rows(after):
            counts = f"{len(after.rules)} instead of {len(before.rules)}"
            yield "changed", f"Its rows say something else: there are {counts}."
        return
    matched = SequenceMatcher(None, _rows(before), _rows(after), autojunk=False)
    for kind, first, last, start, end in matched.get_opcodes():
        old, new = before.rules[first:last], after.rules[start:end]
        if kind == "equal":
            for one, other in zip(old, new, strict=True):
                if one.note != other.note:
                    yield "changed", f"Row {other.number} has another note."
            continue
        for one, other in zip(old, new, strict=False):
            yield "changed", _row(one, other, after)
        for rule in old[len(new) :]:
            yield "removed", f"Row {rule.number} of before is gone: {_summary(rule, before)}."
        for rule in new[len(old) :]:
            yield "added", f"Row {rule.number} is new: {_summary(rule, after)}."


def _row(old: Rule, new: Rule, table: Table) -> str:
    labels = [column.label for column in (*table.inputs, *table.outputs)]
    cells = zip(labels, (*old.inputs, *old.outputs), (*new.inputs, *new.outputs), strict=False)
    parts = [f"{label} {_cell(one)} → {_cell(other)}" for label, one, other in cells if one != other]
    return f"Row {new.number}: {'; '.join(parts)}."


def _summary(rule: Rule, table: Table) -> str:
    when = [f"{column.label} {_cell(text)}" for column, text in zip(table.inputs, rule.inputs, strict=False) if text]
    then = [f"{column.label} {_cell(text)}" for column, text in zip(table.outputs, rule.outputs, strict=False)]
    return f"{' and '.join(when) or 'always'}, then {', '.join(then)}"


def _cell(text: str) -> str:
    shown = " ".join(text.split()) or "any"
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
