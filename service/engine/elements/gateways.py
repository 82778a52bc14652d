"""Exclusive, parallel, inclusive and event-based gateways (BPMN 2.0.2 §13.4).

A token that arrives at a joining gateway becomes a WAITING task that remembers its flow. When the join fires it takes
exactly one such token from each flow concerned; others stay for the next time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.engine.elements.events import RACE
from service.engine.elements.graph import Flow
from service.engine.elements.node import Node, register
from service.engine.errors import Fault
from service.engine.upstream import Task, TaskState
from service.engine.work import Happening, What

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run

VIA = "via"  #: in internal data: the id of the flow on which the token came


@register("exclusiveGateway")
class ExclusiveGateway(Node):
    """Takes the first flow, in the order of the diagram, whose condition holds; else the default."""

    def choose(self, run: Run, task: Task) -> list[Flow]:
        if len(self.outgoing) < 2 and not any(flow.condition for flow in self.outgoing):
            return self.outgoing
        fallback = self.default
        for flow in self.outgoing:
            if flow is self.default:
                continue
            if not flow.condition:
                fallback = fallback or flow
            elif run.holds(flow.condition, task):
                return [flow]
        if fallback is None:
            raise Fault("No outgoing flow's condition holds, and there is no default flow.")
        return [fallback]


class Joining(Node):
    """A gateway at which tokens wait for each other."""

    joins = True

    def note_entry(self, run: Run, task: Task) -> None:
        """A token that waits has not entered yet: `pass_on` tells when it does."""

    def enter(self, run: Run, task: Task) -> bool:
        if len(self.incoming) < 2 or VIA not in task.internal_data:
            super().note_entry(run, task)
            return True
        self.wait(task)
        if self.ready_at_arrival(run, task):
            self.open(run, self.arrived(run.scope_of(task)))
        return False

    def ready_at_arrival(self, run: Run, task: Task) -> bool:
        """Whether the token that just arrived opens the join."""
        return False

    def arrived(self, scope: Task) -> dict[str, Task]:
        """The oldest waiting token of each flow."""
        tokens: dict[str, Task] = {}
        for task in scope.children:
            if task.task_spec is self and task.state == TaskState.WAITING:
                tokens.setdefault(task.internal_data[VIA], task)
        return tokens

    def open(self, run: Run, tokens: dict[str, Task]) -> None:
        """Take these tokens, and go on with one of them."""
        first, *others = tokens.values()
        for other in others:
            run.forget(other)
        super().note_entry(run, first)
        run.rerun(first)


@register("parallelGateway")
class ParallelGateway(Joining):
    """Waits for a token on each incoming flow, then puts one on each outgoing flow."""

    def ready_at_arrival(self, run: Run, task: Task) -> bool:
        return len(self.arrived(run.scope_of(task))) == len(self.incoming)

    def choose(self, run: Run, task: Task) -> list[Flow]:
        return self.outgoing  # conditions after a parallel gateway are not evaluated


@register("inclusiveGateway")
class InclusiveGateway(Joining):
    """Waits as long as another token may still come on a flow that has none (BPMN 2.0.2 §13.4.3)."""

    def wait(self, task: Task) -> bool:
        task.workflow.settling[task.id] = task
        return super().wait(task)

    def settle(self, run: Run, scope: Task) -> bool:
        """Nothing else moves now: fire if no token can still arrive. True when it fired."""
        tokens = self.arrived(scope)
        if not tokens:
            return False
        if self.another_may_come(run, scope, set(tokens)):
            return False
        self.open(run, tokens)
        return True

    def another_may_come(self, run: Run, scope: Task, here: set[str]) -> bool:
        """Whether a token may still arrive on a flow other than those `here`, and on none of these instead."""
        if len(here) == len(self.incoming):
            return False
        for other in scope.children:
            if other.task_spec is self or other.has_state(TaskState.FINISHED_MASK) or run.is_silent(other):
                continue
            reachable = self.graph.reach(other.task_spec, self)
            if reachable - here and not reachable & here:
                return True
        return False


@register("eventBasedGateway")
class EventBasedGateway(Node):
    """Waits for the first of the events that follow; the others are dropped (BPMN 2.0.2 §13.4.4).

    A parallel one, which instantiates the process, waits for all of them: the first opens the case, the others are
    correlated to it, and the process is not complete before each has happened (§10.6.6).
    """

    def read(self, source: Source) -> None:
        self.all_needed = (source.get("eventGatewayType") or "").lower() == "parallel"

    def choose(self, run: Run, task: Task) -> list[Flow]:
        return []

    def leave(self, run: Run, task: Task, flows: list[Flow]) -> None:
        for flow in self.outgoing:
            if self.all_needed:
                run.take(flow, task.parent)
            else:
                run.spawn(task.parent, flow.target, **{RACE: task.id, "flow": flow.id})

    def begun_by(self, run: Run, scope: Task, target: Node, flow: Flow) -> None:
        run.happenings.append(Happening(What.FLOWED, flow.id))
        for other in self.outgoing if self.all_needed else ():
            if other is not flow:
                run.take(other, scope)
