"""The complex gateway (BPMN 2.0.2 §13.4.5): joins when its activation condition holds, such as two of three."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.engine import expressions
from service.engine.elements.gateways import VIA, InclusiveGateway
from service.engine.elements.node import Node, register
from service.engine.graph import Flow
from service.engine.scope import View
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.run import Run
    from service.engine.source import Source

RESET = "reset"  #: in internal data of what encloses it: gateway -> flows whose tokens this round has taken


@register("complexGateway")
class ComplexGateway(InclusiveGateway):
    """Opens at the token that makes the condition true; the round's later tokens are taken without effect.

    In the condition `activationCount` is the number of tokens that wait. Without a condition it joins as an inclusive
    gateway does. The flows out are chosen by their conditions.
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
        tokens = self.arrived(run.scope_of(task))
        known = {**View(task).readable(), "activationCount": len(tokens), "waitingForStart": True}
        return bool(expressions.evaluate(self.condition, known, now=run.now))

    def open(self, run: Run, tokens: dict[str, Task]) -> None:
        if self.condition and len(tokens) < len(self.incoming):
            scope = run.scope_of(next(iter(tokens.values())))
            scope.internal_data.setdefault(RESET, {})[self.name] = sorted(tokens)
        super().open(run, tokens)

    def settle(self, run: Run, scope: Task) -> bool:
        return False if self.condition else super().settle(run, scope)

    def choose(self, run: Run, task: Task) -> list[Flow]:
        return Node.choose(self, run, task)

    def _late(self, run: Run, task: Task) -> bool:
        """Whether the token belongs to a round that has opened already; the last such token ends the round."""
        rounds = run.scope_of(task).internal_data.get(RESET, {})
        taken = rounds.get(self.name)
        if taken is None or task.internal_data[VIA] in taken:
            return False
        taken.append(task.internal_data[VIA])
        if len(taken) == len(self.incoming):
            del rounds[self.name]
        return True
