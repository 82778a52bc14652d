"""The ad hoc sub-process (BPMN 2.0.2 §10.3.5 and §13.3.5): people decide which of its activities to do, and when.

What has no incoming flow is enabled: activities, and intermediate events and gateways too. Each may be activated any
number of times, and the flows after it then run. The completion condition is looked at after each activity. Our
attributes add conditions, limits and duties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from service.engine.elements import attributes
from service.engine.elements.node import DONE, Node, register
from service.engine.elements.subprocess import SubProcess, begin_listeners, end_body
from service.engine.errors import NotReady
from service.engine.expressions import ExpressionError
from service.engine.upstream import Task
from service.engine.work import Enabled

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run

COUNT = "count"  #: in internal data: element id -> how often it was completed
LOOK = "look"  #: in internal data: something was completed since the condition was last looked at
CLOSING = "closing"  #: in internal data: nothing new may begin


@register("adHocSubProcess")
class AdHocSubProcess(SubProcess):
    """Open until its condition holds after an activity, or until somebody finishes it."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.sequential = (source.get("ordering") or "").lower() == "sequential"
        self.cancels_rest = source.flag("cancelRemainingInstances", default=True)
        self.until = source.text("completionCondition")

    @property
    def enabled(self) -> list[Node]:
        """What may be activated, in the order of the diagram."""
        return self.graph.body(self.name).entries

    def must_look(self, run: Run, task: Task) -> bool:
        return True  # the completion condition is looked at after each activity

    def behave(self, run: Run, task: Task) -> bool:
        begin_listeners(run, task, self.graph.body(self.name))
        for node in self.enabled:
            if self._said(run, task, node, "autoStart") and self.why_not(run, task, node) is None:
                run.spawn(task, node)
        return False

    def why_not(self, run: Run, task: Task, node: Node) -> str | None:
        """Why the activity cannot be activated now, as a sentence for a worker; None when it can."""
        given = node.attributes
        if CLOSING in task.internal_data:
            return "This part of the case is being finished; nothing new starts."
        if self.sequential and (busy := self._busy(run, task)):
            return f"Only one at a time: “{busy}” is open."
        most = self._most(run, task, node)
        started = self._done(task, node) + self._open(task, node)
        if most is not None and started >= most:
            return "This is done once only." if most == 1 else f"Done or begun {started} of {most} times."
        condition = given.get("availableWhen")
        if condition and not self._holds(run, condition, task):
            return given.get("whyUnavailable") or f"Not available yet: {condition.lstrip('= ')}."
        return None

    def _holds(self, run: Run, condition: str, task: Task) -> bool:
        """Whether the condition is true; one that cannot be evaluated on what is known so far is not."""
        try:
            return run.holds_if_known(condition, task)
        except ExpressionError:
            return False

    def _said(self, run: Run, task: Task, node: Node, name: str) -> bool:
        """Whether an attribute of an activity is `true`, or FEEL that holds now."""
        text = node.attributes.get(name, "")
        return self._holds(run, text, task) if text.startswith("=") else text == "true"

    def _most(self, run: Run, task: Task, node: Node) -> int | None:
        """How often the activity may be done; None: as often as people like, or FEEL that gives no number yet."""
        text = node.attributes.get("maxRepetitions", "")
        if not text.startswith("="):
            return int(text) if text else None
        try:
            found = run.evaluate(text, task)
        except ExpressionError:
            return None
        return int(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    def missing(self, task: Task) -> list[str]:
        """The names of required activities that were not completed yet."""
        return [
            node.element.name or node.name
            for node in self.enabled
            if not self._done(task, node) and self._said(task.workflow, task, node, "required")
        ]

    def describe(self, run: Run, task: Task) -> tuple[Enabled, ...]:
        """Each activity and whether it can be activated now."""
        return tuple(self._describe(run, task, node) for node in self.enabled)

    def _describe(self, run: Run, task: Task, node: Node) -> Enabled:
        given, reason = node.attributes, self.why_not(run, task, node)
        return Enabled(
            node.element.id,
            node.element.name or node.element.id,
            reason is None,
            reason,
            self._done(task, node),
            self._open(task, node),
            most=self._most(run, task, node),
            required=self._said(run, task, node, "required"),
            reason_required=given.get("reasonRequired") == "true",
            documentation=node.element.documentation,
            candidate_users=attributes.offered(run, task, given, "candidateUsers"),
            candidate_groups=attributes.offered(run, task, given, "candidateGroups"),
            candidate_roles=attributes.offered(run, task, given, "candidateRoles"),
        )

    def activate(self, run: Run, task: Task, element_id: str, data: Mapping[str, Any]) -> Task:
        """A person starts an activity, after writing `data`. Raises NotReady, which says why it cannot be started."""
        node = next((node for node in self.enabled if node.element.id == element_id), None)
        if node is None:
            raise NotReady(f"“{element_id}” is no activity that can be started here.")
        if reason := self.why_not(run, task, node):
            raise NotReady(reason)
        run.write(task, data)
        return run.spawn(task, node)

    def why_not_end(self, task: Task) -> str | None:
        """Why a person cannot finish it now, as a sentence; None when they can."""
        if missing := self.missing(task):
            return f"Required before finishing: {', '.join(missing)}."
        return (
            "It is being finished: it ends when what is open in it is done." if CLOSING in task.internal_data else None
        )

    def end_by_hand(self, run: Run, task: Task) -> None:
        """A person finishes it, as its condition would: open work is cancelled, or with `cancelRemainingInstances`
        false done first. Raises NotReady when something required was not done."""
        if reason := self.why_not_end(task):
            raise NotReady(reason)
        task.internal_data[CLOSING] = 1
        if self.cancels_rest or end_body(run, task):
            self._end(run, task)

    def child_completed(self, run: Run, task: Task, child: Task) -> None:
        """An element inside was completed; `inside_ended` follows."""
        count = task.internal_data.setdefault(COUNT, {})
        count[child.task_spec.name] = count.get(child.task_spec.name, 0) + 1
        task.internal_data[LOOK] = 1
        start = self.graph.task_specs.get(child.internal_data.get("begin", ""))
        if start is not None and getattr(start, "interrupting", False):
            task.internal_data[CLOSING] = 1  # an interrupting event sub-process has taken its place

    def inside_ended(self, run: Run, task: Task) -> None:
        looking = task.internal_data.pop(LOOK, None)
        if CLOSING not in task.internal_data:
            if not (looking and self.until and not self.missing(task) and run.holds_if_known(self.until, task)):
                return
            task.internal_data[CLOSING] = 1
            if self.cancels_rest:
                self._end(run, task)
                return
        if end_body(run, task):
            self._end(run, task)

    def _end(self, run: Run, task: Task) -> None:
        for child in task.children:
            run.cancel(child)
        task.internal_data[DONE] = 1
        run.rerun(task)

    def _busy(self, run: Run, task: Task) -> str | None:
        for child in task.children:
            if not run.is_silent(child):
                return str(child.task_spec.element.name or child.task_spec.element.id)
        return None

    def _done(self, task: Task, node: Node) -> int:
        return int(task.internal_data.get(COUNT, {}).get(node.name, 0))

    def _open(self, task: Task, node: Node) -> int:
        return sum(child.task_spec is node for child in task.children)
