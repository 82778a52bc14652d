"""Start, end and intermediate events, receive and send tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.engine.elements import compensation, delivery
from service.engine.elements.activity import Activity
from service.engine.elements.events import FIRED, Catching, EventDefinition
from service.engine.elements.graph import Flow
from service.engine.elements.node import SKIPPED, Node, register
from service.engine.errors import Fault
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run


@register("intermediateCatchEvent")
class CatchEvent(Catching):
    """Waits in the flow."""

    def enter(self, run: Run, task: Task) -> bool:
        return self.arm(run, task)


@register("startEvent")
class StartEvent(Catching):
    """Begins a process or sub-process; as start of an event sub-process it listens as long as the scope is open."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.interrupting = source.flag("isInterrupting", default=True)

    def enter(self, run: Run, task: Task) -> bool:
        return self.arm(run, task)

    def wake(self, run: Run, task: Task, position: int) -> None:
        if "listener" in task.internal_data:
            delivery.trigger(run, task, position, self.interrupting, self._react)
        else:
            super().wake(run, task, position)

    def _react(self, run: Run, task: Task, position: int) -> None:
        """Begin the event sub-process that this start event belongs to."""
        owner = self.graph.task_specs[task.internal_data["listener"]]
        run.spawn(task.parent, owner, begin=self.name, position=position)


class Throwing(Node):
    """An event that sends its definitions as the token leaves."""

    events: tuple[EventDefinition, ...]

    def read(self, source: Source) -> None:
        self.events = source.events()
        self.brings = source.associations("dataInputAssociation")

    def behave(self, run: Run, task: Task) -> bool:
        return compensation.begin(run, task, self.events)

    def resume(self, run: Run, task: Task) -> None:
        compensation.go_on(run, task)

    def leave(self, run: Run, task: Task, flows: list[Flow]) -> None:
        for event in self.events if SKIPPED not in task.internal_data else ():
            delivery.throw(run, task, event)
        if task.id in run.tasks:  # what was thrown may have ended the scope
            super().leave(run, task, flows)


@register("intermediateThrowEvent")
class ThrowEvent(Throwing):
    """Sends, and goes on."""


@register("endEvent")
class EndEvent(Throwing):
    """Consumes the token, after sending; a terminate event ends all else in its scope."""

    def choose(self, run: Run, task: Task) -> list[Flow]:
        return []

    def leave(self, run: Run, task: Task, flows: list[Flow]) -> None:
        super().leave(run, task, flows)
        if any(event.kind == "terminate" for event in self.events) and SKIPPED not in task.internal_data:
            for other in run.scope_of(task).children:
                if other is not task:
                    run.cancel(other)


@register("receiveTask")
class ReceiveTask(Activity, Catching):
    """Waits for its message, as an activity."""

    def read(self, source: Source) -> None:
        Activity.read(self, source)
        self.events = source.own_message()
        self.all_needed = False

    def begin(self, run: Run, task: Task) -> bool:
        return self.arm(run, task)

    def note_entry(self, run: Run, task: Task) -> None:
        Activity.note_entry(self, run, task)


@register("sendTask")
class SendTask(Activity):
    """Sends its message; with a connector (`case:type`) it waits for the worker instead."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.events = source.own_message()
        self.manual = bool(self.attributes.get("type"))

    def behave(self, run: Run, task: Task) -> bool:
        if not self.manual:
            if not self.events:
                raise Fault("The send task says neither which message to send nor which connector does it.")
            for event in self.events:
                delivery.throw(run, task, event)
        return True


__all__ = ["FIRED", "CatchEvent", "EndEvent", "ReceiveTask", "SendTask", "StartEvent", "ThrowEvent"]
