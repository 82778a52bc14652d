"""Going back: to do a finished step again, with all that comes after it; and stopping the clocks meanwhile.

What is overtaken are the tokens in the step's own scope that stand on it or on what can be reached from it. A token
that waits at a join and came from another branch stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from service.engine import timing
from service.engine.elements import attributes
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.attributes import DATES, SAID
from service.engine.elements.events import TIMERS, Catching
from service.engine.elements.node import Node
from service.engine.elements.subprocess import begin_listeners
from service.engine.errors import NotReady
from service.engine.upstream import Task, TaskState
from service.engine.work import OpenActivity, WorkflowState

if TYPE_CHECKING:
    from service.engine.state.run import Run


def ahead_of(run: Run, element_id: str) -> set[str]:
    """The ids of the element and of all that can be reached from it. Raises NotReady when there is no such element."""
    return {node.element.id for node in _ahead(_node(run, element_id))}


def overtaken(run: Run, element_id: str) -> list[OpenActivity]:
    """What doing the element again would cancel: activities at work, the innermost. Raises NotReady as `repeat`."""
    node = _node(run, element_id)
    found = []
    for token in tokens_ahead(run, _holder(run, node), node):
        for task in _leaves(run, token):
            element = task.task_spec.element
            found.append(OpenActivity(task.id, element.id, element.name or element.id))
    return found


def repeat(run: Run, element_id: str) -> None:
    """Cancel what is overtaken, and put a token on the element. Raises NotReady, with the reason, when it cannot."""
    node = _node(run, element_id)
    holder = _holder(run, node)
    for token in tokens_ahead(run, holder, node):
        run.cancel(token)
    run.spawn(holder, node)


def reopen(run: Run) -> None:
    """Let an ended workflow go on; it has no token yet."""
    run.status, run.failure = WorkflowState.ACTIVE, None
    begin_listeners(run, run.task_tree, run.definition.graph.body(None))


def shift(run: Run, by: timedelta) -> None:
    """Move all that is due by so much, dates of the calendar excepted: the clocks stood still meanwhile."""
    for task in run.tasks.values():
        if isinstance(task.task_spec, Catching):
            for position, timer in task.internal_data.get(TIMERS, {}).items():
                if timing.is_cron(timer[2]):
                    timer[0] = _not_before(run.now, timer)
                elif task.task_spec.events[int(position)].kind != "date":
                    timer[0] = _later(run, task, timer[0], by, counts=not timer[2])
                    timer[3:] = [_later(run, task, began, by, counts=False) for began in timer[3:]]
        said = task.internal_data.get(SAID, {})
        for name in DATES:
            if said.get(name):
                said[name] = _later(run, task, said[name], by)


def _not_before(now: datetime, timer: list[Any]) -> str:
    """When a timer by the clock is due next: its times that passed meanwhile are left out."""
    due = datetime.fromisoformat(timer[0])
    return (due if due > now else timing.cycle(timer[2], now).following(now)).isoformat()


def _later(run: Run, task: Task, moment: str, by: timedelta, *, counts: bool = True) -> str:
    return attributes.later(run, task, datetime.fromisoformat(moment), by, counts=counts).isoformat()


def _node(run: Run, element_id: str) -> Node:
    node = run.definition.graph.task_specs.get(element_id)
    if not isinstance(node, Node):
        raise NotReady(f"The process has no element “{element_id}”.")
    return node


def _holder(run: Run, node: Node) -> Task:
    """The open scope that the element stands in."""
    parent = node.element.parent
    if parent is None:
        return run.task_tree
    for task in run.tasks.values():
        if task.task_spec.name == parent and task.state == TaskState.STARTED and not task.task_spec.container(task):
            if isinstance(task.task_spec, AdHocSubProcess):
                raise NotReady("Start it once more as ad hoc work.")
            return task
    raise NotReady("The part of the case around this step is not open; go back to that part instead.")


def _ahead(start: Node) -> set[Node]:
    found, waiting = {start}, [start]
    while waiting:
        for flow in waiting.pop().onward():
            if flow.target not in found:
                found.add(flow.target)
                waiting.append(flow.target)
    return found | {event for node in found for event in node.attached}


def tokens_ahead(run: Run, holder: Task, start: Node) -> list[Task]:
    """The tokens of an open scope that stand on an element of it, or on what can be reached from that."""
    ahead = _ahead(start)
    found = []
    for token in holder.children:
        if token.task_spec not in ahead or run.is_silent(token):
            continue
        via = start.graph.flows.get(token.internal_data.get("via", ""))
        if via is None or via.source in ahead:
            found.append(token)
    return found


def _leaves(run: Run, token: Task) -> Iterator[Task]:
    inside = [child for child in token.children if not run.is_silent(child)]
    if not inside and token.task_spec.drawn:
        yield token
    for child in inside:
        yield from _leaves(run, child)
