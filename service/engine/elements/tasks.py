"""Tasks: user, manual, script, service, business rule, and the abstract one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.engine import decisions
from service.engine.elements import attributes
from service.engine.elements.activity import Activity
from service.engine.elements.node import register
from service.engine.errors import Fault
from service.engine.scope import View, plain
from service.engine.upstream import Task
from service.engine.work import What

if TYPE_CHECKING:
    from service.engine.parser import Source
    from service.engine.run import Run


@register("task")
class AbstractTask(Activity):
    """Says nothing of how it is done, and so is passed through, as in Camunda and Flowable."""


@register("userTask", "manualTask")
class HumanTask(Activity):
    """Waits for a person."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.manual = True

    def begin(self, run: Run, task: Task) -> bool:
        attributes.fix_dates(run, task)
        return True


@register("serviceTask")
class ServiceTask(Activity):
    """Waits for the worker, which carries it out by its connector (`case:type`)."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.manual = True


@register("scriptTask")
class ScriptTask(Activity):
    """Runs its script; a FEEL script's value goes into `case:resultVariable`."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.script = source.text("script")
        language = (source.get("scriptFormat") or "python").lower()
        self.feel = self.script.lstrip().startswith("=") or "feel" in language

    def behave(self, run: Run, task: Task) -> bool:
        if not self.feel:
            run.script(self.script, task)
            return True
        text = self.script.strip()
        value = run.evaluate(text if text.startswith("=") else f"= {text}", task)
        if name := self.attributes.get("resultVariable"):
            run.write(task, {name: value})
        elif isinstance(value, dict):
            run.write(task, value)
        return True


@register("businessRuleTask")
class BusinessRuleTask(Activity):
    """Evaluates its decision; with a connector (`case:type`) it waits for the worker instead."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.manual = "decisionRef" not in self.attributes and bool(self.attributes.get("type"))

    def behave(self, run: Run, task: Task) -> bool:
        if self.manual:
            return True
        reference = self.attributes.get("decisionRef", "")
        if reference.startswith("="):
            reference = str(run.evaluate(reference, task))
        if not reference:
            raise Fault("The business rule task names no decision (case:decisionRef).")
        try:
            result = decisions.evaluate(reference, run.definition.decisions, View(task).readable(), now=run.now)
        except decisions.DecisionError as problem:
            raise Fault(str(problem)) from None
        value = _mapped(result.value, self.attributes.get("mapDecisionResult", ""))
        run.note(What.DECIDED, task, decision=reference, **_trace(result))
        if name := self.attributes.get("resultVariable"):
            run.write(task, {name: value})
        elif isinstance(value, dict):
            run.write(task, value)
        else:
            run.write(task, {reference: value})
        return True


def _trace(result: Any) -> dict[str, Any]:
    trace = plain(result.trace)
    return trace if isinstance(trace, dict) else {"trace": trace}


def _mapped(value: Any, kind: str) -> Any:
    """Camunda's `mapDecisionResult`: which part of the decision's result becomes the variable."""
    rows = value if isinstance(value, list) else [value]
    if kind == "singleEntry":
        return next(iter(rows[0].values()), None) if rows and isinstance(rows[0], dict) else value
    if kind == "collectEntries":
        return [next(iter(row.values()), None) if isinstance(row, dict) else row for row in rows]
    if kind == "singleResult":
        return rows[0] if rows else None
    if kind == "resultList":
        return rows
    return value
