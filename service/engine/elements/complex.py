"""The complex gateway (BPMN 2.0.2 §13.4.5): joins when its activation condition holds, such as two of three."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.engine import expressions
from service.engine.elements.gateways import VIA, InclusiveGateway
from service.engine.elements.graph import Flow
from service.engine.elements.node import Node, register
from service.engine.scope import View
from service.engine.upstream import Task, TaskState

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run

RESET = "reset"  #: in internal data of what encloses it: gateway -> flows whose tokens this round has taken
ENDS_ROUND = "ends round"  #: in internal data: this token only leaves by what holds when the gateway is reset
_PHASE = "waitingForStart"  #: the standard's name for whether the gateway has not opened yet in this round


@register("complexGateway")
class ComplexGateway(InclusiveGateway):
    """Opens at the token that makes the condition true. The round's later tokens are taken as they come; when no more
    may come (as at an inclusive gateway) the gateway is reset, and starts over.

    In the condition `activationCount` is the number of tokens that wait, and the id of a flow the number of those on
    it. Without a condition it joins as an inclusive gateway does. The flows out are chosen by their conditions; at the
    reset once more, where they speak of `waitingForStart`.
    """

    def read(self, source: Source) -> None:
        super().read(source)
        self.condition = source.text("activationCondition")

    def enter(self, run: Run, task: Task) -> bool:
        if self.condition and VIA in task.internal_data and len(self.incoming) > 1 and self._late(run, task):
            run.forget(task)
            return False
        return super().enter(run, task)

    def ready_at_arrival(self, run: Run, task: Task) -> bool:
        if not self.condition:
            return False
        scope = run.scope_of(task)
        waiting = [token for token in scope.children if token.task_spec is self and token.state == TaskState.WAITING]
        known = {**View(task).readable(), "activationCount": len(self.arrived(scope)), _PHASE: True}
        known |= {flow.id: sum(token.internal_data[VIA] == flow.id for token in waiting) for flow in self.incoming}
        return expressions.holds(self.condition, known, now=run.now)

    def open(self, run: Run, tokens: dict[str, Task]) -> None:
        scope = run.scope_of(next(iter(tokens.values())))
        super().open(run, tokens)
        if self.condition:
            scope.internal_data.setdefault(RESET, {})[self.name] = sorted(tokens)
            run.resetting[scope.id, self.name] = (scope, self)

    def settle(self, run: Run, scope: Task) -> bool:
        if not self.condition:
            return super().settle(run, scope)
        rounds = scope.internal_data.get(RESET, {})
        if self.name not in rounds or self.another_may_come(run, scope, set(rounds[self.name])):
            return False
        return self._reset(run, scope)

    def choose(self, run: Run, task: Task) -> list[Flow]:
        if not any(_PHASE in (flow.condition or "") for flow in self.outgoing):
            return Node.choose(self, run, task)
        known = {**View(task).readable(), _PHASE: ENDS_ROUND not in task.internal_data}
        others = [flow for flow in self.outgoing if flow is not self.default]
        taken = [flow for flow in others if not flow.condition or expressions.holds(flow.condition, known, now=run.now)]
        if taken or ENDS_ROUND in task.internal_data:
            return taken or [flow for flow in self.outgoing if flow is self.default]
        return Node.choose(self, run, task) if self.default is None else [self.default]

    def _late(self, run: Run, task: Task) -> bool:
        """Whether the token belongs to a round that has opened already; the last such token ends the round."""
        scope = run.scope_of(task)
        taken = scope.internal_data.get(RESET, {}).get(self.name)
        if taken is None or task.internal_data[VIA] in taken:
            return False
        taken.append(task.internal_data[VIA])
        if len(taken) == len(self.incoming):
            self._reset(run, scope)
        return True

    def _reset(self, run: Run, scope: Task) -> bool:
        """Start over. True when that puts out a token."""
        del scope.internal_data[RESET][self.name]
        run.resetting.pop((scope.id, self.name), None)
        if not any(_PHASE in (flow.condition or "") for flow in self.outgoing):
            return False
        run.spawn(scope, self, **{ENDS_ROUND: 1})
        return True
