"""Boundary events (BPMN 2.0.2 §10.5.3): tokens that wait beside an activity as long as it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.engine.elements import delivery
from service.engine.elements.activity import HOST
from service.engine.elements.events import FIRED, Catching
from service.engine.elements.node import register
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run


@register("boundaryEvent")
class BoundaryEvent(Catching):
    """Ends its activity, or with `cancelActivity="false"` starts a branch beside it, as often as it happens."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.interrupting = source.flag("cancelActivity", default=True)
        if any(event.kind == "compensation" for event in self.events):
            self.undone_by = source.associated() or ""

    def note_entry(self, run: Run, task: Task) -> None:
        """It enters when it fires."""

    def enter(self, run: Run, task: Task) -> bool:
        if FIRED in task.internal_data:
            super().note_entry(run, task)
        return self.arm(run, task)

    def wake(self, run: Run, task: Task, position: int) -> None:
        delivery.trigger(run, task, position, self.interrupting, self._branch)

    def _branch(self, run: Run, task: Task, position: int) -> None:
        host = run.tasks.get(task.internal_data.get(HOST, ""))
        run.spawn(task.parent, self, **{FIRED: position})
        if self.interrupting and host is not None:
            run.cancel(host)
