"""What a modification can be about: all that stands in a case, what may be done with it, and where tokens may go.

For people who choose; what they choose may still be refused, for what it is combined with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from service.engine.change import words
from service.engine.change.compare import nodes
from service.engine.change.putting import Putting
from service.engine.change.steps import Kind
from service.engine.elements.activity import Activity
from service.engine.elements.events import SEEN, TIMERS, Catching
from service.engine.elements.gateways import Joining
from service.engine.elements.graph import Graph
from service.engine.elements.node import Node
from service.engine.elements.repetition import INDEX
from service.engine.scope import OWNER
from service.engine.state.run import Run
from service.engine.upstream import Task, TaskState
from service.engine.workflow import Workflow


@dataclass(frozen=True)
class Stood:
    """One token, or one thing that waits beside the case's way."""

    activity_id: str
    element: str  #: as a step names it: `KEY:id` inside a called process
    name: str
    kind: str  #: in words, such as `user task` or `instance 2 of a user task`
    depth: int  #: how deep inside others it stands
    may: tuple[Kind, ...]
    due_at: datetime | None = None  #: of a running timer
    awaits: str | None = None  #: the message or signal
    failed: bool = False


@dataclass(frozen=True)
class Target:
    """Where a token may be put: an element, or a flow that leads to a join."""

    element: str
    name: str
    kind: str
    around: str = ""  #: what the sub-process is called in which it stands


def stood(workflow: Workflow) -> list[Stood]:
    """All that stands in the case, what holds others before these."""
    run = workflow.run
    failed = run.failure.activity_id if run.failure else None
    return [_stood(run, task, depth, failed) for task, depth in _walk(run, run.task_tree, 0)]


def _walk(run: Run, scope: Task, depth: int) -> Iterator[tuple[Task, int]]:
    for task in sorted(scope.children, key=run.is_silent):  # listeners last; boundary events come with their activity
        if task.internal_data.get("host"):
            continue
        if not task.task_spec.drawn:
            yield from _walk(run, task, depth)
            continue
        yield task, depth
        yield from ((guard, depth + 1) for guard in run.guards.get(task.id, ()) if guard.id in run.tasks)
        yield from _walk(run, task, depth + 1)


def _stood(run: Run, task: Task, depth: int, failed: str | None) -> Stood:
    node = task.task_spec
    key = run.process_of(task.parent)
    timers = task.internal_data.get(TIMERS, {}) if task.state == TaskState.WAITING else {}
    due = next((timer[0] for place, timer in timers.items() if place not in task.internal_data.get(SEEN, ())), None)
    return Stood(
        task.id,
        f"{key}:{node.name}" if key else node.name,
        node.element.name or node.name,
        _kind(task),
        depth,
        tuple(_may(run, task, is_timer=due is not None)),
        datetime.fromisoformat(due) if due else None,
        _awaits(task),
        task.id == failed,
    )


def _kind(task: Task) -> str:
    node = task.task_spec
    shown = words.kind(node)
    if INDEX in task.internal_data:
        return f"instance {task.internal_data[INDEX] + 1} of a {shown}"
    if isinstance(node, Activity) and node.container(task):
        return f"{shown}, repeated"
    return f"{shown} that waits for other branches" if isinstance(node, Joining) else shown


def _may(run: Run, task: Task, *, is_timer: bool) -> Iterator[Kind]:
    node = task.task_spec
    if isinstance(node, Catching) and task.state == TaskState.WAITING:
        yield Kind.DELIVER if _waits_for_message(task) else Kind.FIRE
        if is_timer:
            yield Kind.TIME
    if not run.is_silent(task):
        yield Kind.SKIP
        if isinstance(node, Activity):
            yield Kind.AGAIN
        yield Kind.MOVE
    yield Kind.TAKE


def _waits_for_message(task: Task) -> bool:
    return bool(task.task_spec.events) and task.task_spec.events[0].kind == "message"


def _awaits(task: Task) -> str | None:
    node = task.task_spec
    if not isinstance(node, Catching) or task.state != TaskState.WAITING:
        return None
    return next((node.name_at(task, place) for place, event in enumerate(node.events) if event.name), None)


def targets(workflow: Workflow) -> list[Target]:
    """Where a token may be put now, in the order of the diagram; in called processes only where these are open."""
    run = workflow.run
    keys = dict.fromkeys(task.internal_data[OWNER] for task in run.tasks.values() if OWNER in task.internal_data)
    found = list(_targets(run, run.definition.graph, ""))
    for key in keys:
        called = run.definition.called(key)
        if called is not None:
            found += _targets(run, called.graph, f"{key}:")
    return found


def _targets(run: Run, graph: Graph, prefix: str) -> Iterator[Target]:
    putting = Putting(run)
    for node in nodes(graph):
        if not node.drawn or not putting.may_hold(node):
            continue
        owner = graph.task_specs.get(graph.owner(node.name) or "")
        around = words.said(owner).strip("“”") if isinstance(owner, Node) else ""
        name = node.element.name or node.name
        yield Target(prefix + node.name, name, words.kind(node), around)
        if isinstance(node, Joining) and len(node.incoming) > 1:
            for flow in node.incoming:
                if flow.drawn:
                    kind = f"as if it came from {words.said(flow.source)}"
                    yield Target(prefix + flow.id, name, kind, around)


__all__ = ["Stood", "Target", "stood", "targets"]
