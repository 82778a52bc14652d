"""The process itself: the root of the tree of tokens."""

from __future__ import annotations

from service.engine.definition import Element
from service.engine.elements.graph import Graph
from service.engine.elements.subprocess import end_body
from service.engine.upstream import Task, TaskSpec
from service.engine.work import WorkflowState

NAME = " process"  #: no element can have this id


class Process(TaskSpec):
    """Holds the tokens and owns the variables; when the last token is gone the workflow is completed."""

    manual = False
    drawn = True
    attached: tuple[TaskSpec, ...] = ()

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph, NAME)
        self.graph = graph
        self.element = Element(graph.name, "process")

    def resume(self, run: object, task: Task) -> None:
        """A token ended: perhaps it was the last."""
        workflow = task.workflow
        if end_body(workflow, task):
            workflow.status = WorkflowState.COMPLETED

    def must_look(self, run: object, task: Task) -> bool:
        """Only the last token matters."""
        return not task.workflow.has_tokens(task)

    def child_completed(self, run: object, task: Task, child: Task) -> None:
        """Nothing has to be remembered of it here."""

    def can_move(self, task: Task) -> bool:
        """The process moves only as what it holds does."""
        return False

    def waits_outside(self, task: Task) -> bool:
        """Nobody completes a process from outside."""
        return True
