"""The base of every element: how a token enters it, what it does, and how the token leaves.

A token is a SpiffWorkflow task. Its parent in the tree is what *encloses* it (the process, a sub-process, a
multi-instance), not what came before it, and it leaves the tree as soon as it is finished: so the tree holds what is
open and nothing else, at any age of the case. Nodes are shared by all cases: state belongs into `internal_data`.

To add an element: subclass Node (or Activity, Catching), override `behave`, and register the class by its BPMN tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from service.engine.definition import Element
from service.engine.elements.graph import Flow, Graph
from service.engine.errors import Fault
from service.engine.scope import View
from service.engine.upstream import Task, TaskSpec, TaskState
from service.engine.work import What

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run

NODES: dict[str, type[Node]] = {}  #: BPMN tag -> class
DONE = "done"  #: in internal data: its work is finished, only the leaving remains
RELEASED = "released"  #: in internal data: somebody outside has completed it
SKIPPED = "skipped"  #: in internal data: it ends though nobody did it, see change/skipping.py
SILENT = ("host", "listener")  #: internal data of tasks that only wait to be woken, and are no tokens of their own


def register(*tags: str) -> Any:
    """Class decorator: this is the behaviour of these BPMN tags."""

    def remember(cls: type[Node]) -> type[Node]:
        for tag in tags:
            NODES[tag] = cls
        return cls

    return remember


class Node(TaskSpec):
    """An element that passes the token on: the behaviour of none events, and the base of the others."""

    manual: bool
    joins: ClassVar[bool] = False  #: whether tokens are told apart by the flow on which they came

    def __init__(self, graph: Graph, element: Element, source: Source) -> None:
        super().__init__(graph, element.id, description=element.name)
        self.graph = graph
        self.element = element
        self.drawn = True  #: False: made by normalisation, and not shown outside
        self.outgoing: list[Flow] = []
        self.incoming: list[Flow] = []
        self.default: Flow | None = None
        self.attached: list[Node] = []  #: boundary events
        self.undone_by: str | None = None  #: of a compensation boundary event: the id of its handler
        self.read(source)

    def read(self, source: Source) -> None:
        """Take from the XML what this kind of element needs; called once, at parsing."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """The element's `case:` attributes."""
        return self.element.attributes

    def onward(self) -> list[Flow]:
        """The flows that a token here may leave by, those of boundary events included."""
        return self.outgoing + [flow for event in self.attached for flow in event.outgoing]

    # What SpiffWorkflow calls, in this order: _update (enter), _run_hook (work), _on_complete_hook (leave).

    def test(self) -> None:
        """The parser has checked the diagram."""

    def _update_hook(self, my_task: Task) -> bool:
        run: Run = my_task.workflow
        if not my_task.internal_data.get("entered"):
            self.note_entry(run, my_task)
        return self.enter(run, my_task)

    def _run_hook(self, my_task: Task) -> bool | None:
        run: Run = my_task.workflow
        if DONE not in my_task.internal_data:
            self.script_once(run, my_task, "preScript")
            if not self.behave(run, my_task) or my_task.id not in run.tasks:
                return None
            my_task.internal_data[DONE] = 1
        self.finish(run, my_task)
        self.script_once(run, my_task, "postScript")
        run.leaving = self.choose(run, my_task)
        return True

    def _on_complete_hook(self, my_task: Task) -> None:
        run: Run = my_task.workflow
        flows, run.leaving = run.leaving, []
        run.note(What.COMPLETED, my_task)
        self.remember(run, my_task)
        if my_task.parent is not None:
            my_task.parent.task_spec.child_completed(run, my_task.parent, my_task)
        self.leave(run, my_task, flows)

    def script_once(self, run: Run, task: Task, moment: str) -> None:
        """Run the `preScript` or `postScript` of an event or gateway; a step that fails later is tried without it."""
        if (script := self.attributes.get(moment)) and not {moment, SKIPPED} & task.internal_data.keys():
            run.script(script, task)
            task.internal_data[moment] = 1

    # What elements override.

    def note_entry(self, run: Run, task: Task) -> None:
        """Tell that the element began."""
        task.internal_data["entered"] = 1
        run.note(What.ENTERED, task)

    def begin_with(self, run: Run, scope: Task, name: str | None) -> None:
        """A process begins here, because what this waits for has happened; `name`: which of several it was."""
        run.spawn(scope, self)

    def begun_by(self, run: Run, scope: Task, target: Node, flow: Flow) -> None:
        """A process began at `target`, behind this."""

    def bring_first(self, run: Run, task: Task, brought: Mapping[str, Any]) -> Any:
        """Keep what began the process brought; returns the event definition that it was, if it was one."""

    def enter(self, run: Run, task: Task) -> bool:
        """The token arrived: prepare. True: go on to `behave` now; False: wait (set the state) until woken."""
        return True

    def behave(self, run: Run, task: Task) -> bool:
        """Do the element's work. False: it goes on inside (the task is STARTED); `resume` will be called."""
        return True

    def must_look(self, run: Run, task: Task) -> bool:
        """Whether `resume` has anything to look at, now that something inside ended."""
        return True

    def resume(self, run: Run, task: Task) -> None:
        """Something inside ended; called for STARTED tasks only."""

    def remember(self, run: Run, task: Task) -> None:
        """The element was completed: keep what has to be known of it later."""

    def child_completed(self, run: Run, task: Task, child: Task) -> None:
        """An element inside was completed, and its token is about to leave."""

    def finish(self, run: Run, task: Task) -> None:
        """The work is done and the token about to leave: output mappings."""

    def choose(self, run: Run, task: Task) -> list[Flow]:
        """The flows to leave by: all, or with conditions those that hold, else the default (BPMN 2.0.2 §13.2.1)."""
        if not any(flow.condition for flow in self.outgoing):
            return self.outgoing
        taken = [
            flow
            for flow in self.outgoing
            if flow is not self.default and (not flow.condition or run.holds(flow.condition, task))
        ]
        if taken:
            return taken
        if self.default:
            return [self.default]
        raise Fault("No outgoing flow's condition holds, and there is no default flow.")

    def leave(self, run: Run, task: Task, flows: list[Flow]) -> None:
        """Put a token on each of these flows."""
        for flow in flows:
            run.take(flow, task.parent)

    def waits_outside(self, task: Task) -> bool:
        """Whether the READY task waits for somebody to complete it."""
        return self.manual and RELEASED not in task.internal_data

    def can_move(self, task: Task) -> bool:
        """Whether somebody outside can still move this task: a person, the worker, a timer, an event."""
        return task.state == TaskState.READY and self.waits_outside(task)

    def wait(self, task: Task) -> bool:
        """Set the task WAITING; returns False, for `enter`."""
        task._set_state(TaskState.WAITING)
        return False

    def view(self, task: Task) -> View:
        """The variables that this task sees."""
        return View(task)
