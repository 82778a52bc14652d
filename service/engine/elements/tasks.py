"""Tasks: user, manual, script, service, and the abstract one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.engine.elements import attributes, delivery
from service.engine.elements.activity import Activity
from service.engine.elements.node import register
from service.engine.expressions import ExpressionError
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run


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
        attributes.fix(run, task)
        return True


@register("serviceTask")
class ServiceTask(Activity):
    """Waits for the worker, which carries it out by its connector (`case:type`)."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.manual = True


@register("scriptTask")
class ScriptTask(Activity):
    """Runs its script; a FEEL script's value goes into `case:resultVariable`. Failing, it throws SCRIPT_FAILED."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.script = source.text("script")
        language = (source.get("scriptFormat") or "python").lower()
        self.feel = self.script.lstrip().startswith("=") or "feel" in language

    def behave(self, run: Run, task: Task) -> bool:
        try:
            return self._computed(run, task)
        except ExpressionError as problem:
            if not delivery.catch_failure(run, task, "SCRIPT_FAILED", str(problem)):
                raise
            return False

    def _computed(self, run: Run, task: Task) -> bool:
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
