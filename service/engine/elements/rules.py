"""The business rule task: asks a decision, and tells what it was asked, which rows held, and what it answered."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from service.engine import decisions
from service.engine.elements import delivery
from service.engine.elements.activity import Activity
from service.engine.elements.node import register
from service.engine.errors import Fault
from service.engine.scope import View, plain
from service.engine.upstream import Task
from service.engine.work import What

if TYPE_CHECKING:
    from service.engine.decisions import Decision, Evaluation
    from service.engine.elements.source import Source
    from service.engine.state.run import Run


@register("businessRuleTask")
class BusinessRuleTask(Activity):
    """Evaluates its decision; with a connector (`case:type`) and no decision it waits for the worker instead.

    The result goes into `case:resultVariable`; without one, each output column becomes a variable of its name, with a
    list of its values where several rules may hit.
    """

    def read(self, source: Source) -> None:
        super().read(source)
        self.manual = "decisionRef" not in self.attributes and bool(self.attributes.get("type"))

    def behave(self, run: Run, task: Task) -> bool:
        if self.manual:
            return True
        reference = self.attributes.get("decisionRef", "")
        if reference.startswith("="):
            reference = str(run.evaluate(reference, task))
        decision = run.definition.decisions.get(reference)
        if decision is None:
            raise Fault(f"The decision “{reference}” is not deployed." if reference else "It names no decision.")
        try:
            found = decisions.evaluate(reference, run.definition.decisions, View(task).readable(), now=run.now)
        except decisions.DecisionError as problem:
            if delivery.catch_failure(run, task, "DECISION_FAILED", str(problem)):
                return False
            raise Fault(str(problem)) from None
        columns = columns_of(decision)
        run.note(What.DECIDED, task, **_account(decision, found, columns))
        run.write(task, self._result(found.value, decision, columns))
        return True

    def _result(self, value: Any, decision: Decision, columns: tuple[str, ...]) -> dict[str, Any]:
        kind = self.attributes.get("mapDecisionResult", "")
        value = _mapped(value, kind)
        if name := self.attributes.get("resultVariable"):
            return {name: value}
        if len(columns) > 1 and not kind and (isinstance(value, list) or value is None):  # of several rules, or of none
            return {name: None if value is None else [_of(row, name) for row in value] for name in columns}
        if isinstance(value, dict):
            return value
        return {columns[0] if len(columns) == 1 else decision.id: value}


@lru_cache(maxsize=512)
def columns_of(decision: Decision) -> tuple[str, ...]:
    """The names of the decision table's outputs; nothing for other kinds of logic."""
    body = json.loads(decision.model)["nodes"].get(decision.node, {}).get("body") or {}
    return tuple(column["name"] for column in body.get("outputs", ()) if column.get("name"))


def _account(decision: Decision, found: Evaluation, columns: tuple[str, ...]) -> dict[str, Any]:
    """What is kept of it: inputs by name, numbers of the rows that held, outputs by name, and the decisions before."""
    steps: list[dict[str, Any]] = plain(list(found.trace))
    last = steps[-1] if steps else {}
    value = plain(found.value)
    return {
        "decision": decision.id,
        "name": decision.name,
        "version": decision.model_key[:12],
        "inputs": {given["name"]: given["value"] for given in last.get("inputs", ())},
        "rules": [hit["rule"] for hit in last.get("hits", ())],
        "outputs": value if isinstance(value, dict) else {columns[0] if len(columns) == 1 else decision.name: value},
        "before": steps[:-1],
    }


def _mapped(value: Any, kind: str) -> Any:
    """Camunda's `mapDecisionResult`: which part of the result becomes the variable."""
    rows = value if isinstance(value, list) else [value]
    if kind == "singleEntry":
        return _entry(rows[0]) if rows else None
    if kind == "collectEntries":
        return [_entry(row) for row in rows]
    if kind == "singleResult":
        return rows[0] if rows else None
    if kind == "resultList":
        return rows
    return value


def _of(row: Any, column: str) -> Any:
    return row.get(column) if isinstance(row, dict) else None


def _entry(row: Any) -> Any:
    return next(iter(row.values()), None) if isinstance(row, dict) else row
