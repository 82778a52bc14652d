"""Putting a token on an element or sequence flow of a running case, in the scope where it belongs.

A sub-process around the element that is not open is opened for it, without beginning at its start event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn
from uuid import uuid4

from service.engine.change import words
from service.engine.change.places import is_reaction
from service.engine.elements.activity import Activity
from service.engine.elements.boundary import BoundaryEvent
from service.engine.elements.events import FIRED, Catching
from service.engine.elements.gateways import Joining
from service.engine.elements.graph import Flow, Graph
from service.engine.elements.node import Node
from service.engine.elements.start_end import StartEvent
from service.engine.elements.subprocess import SubProcess, begin_listeners
from service.engine.errors import Unmovable
from service.engine.scope import OWNER
from service.engine.state.run import Run
from service.engine.upstream import Task, TaskState

_WAITED_FOR = ("message", "signal", "date", "duration", "cycle", "conditional")


class Putting:
    """Puts tokens; `put_on` are the elements at which it has."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.put_on: list[Node] = []

    def node(self, element: str) -> Node:
        """The element of that id, in a called process of `KEY:id`; of a flow, where it leads. Raises Unmovable."""
        flow, graph = self._flow(element)
        found = flow.target if flow else graph.task_specs.get(_bare(element))
        if not isinstance(found, Node) or not (found.drawn or flow):
            raise Unmovable(element, f"The process has no element “{element}”.")
        return found

    def said(self, node: Node) -> str:
        """How it is called."""
        return words.said(node)

    def put(self, element: str, within: str | None = None) -> None:
        """Put a token there; `within`: the activity id of the scope, where several are open. Raises Unmovable."""
        node, (flow, _graph) = self.node(element), self._flow(element)
        if flow is None and (why := _why_never(node)) is not None:
            self._refuse(element, node, why)
        scope = self.scope_for(element, node, within)
        self.put_on.append(node)
        if flow is not None:
            self.run.take(flow, scope)
        elif isinstance(node, Joining) and (waiting := node.arrived(scope)):
            node.open(self.run, waiting)
        elif _happens_at_once(node):
            self.run.spawn(scope, node, **{FIRED: 0})
        else:
            self.run.spawn(scope, node)

    def may_hold(self, node: Node) -> bool:
        """Whether a token may be put on an element now."""
        if _why_never(node) is not None:
            return False
        for name in _around(node):
            if any(self._open(node.graph, name)):
                return True
            holder: Any = node.graph.task_specs.get(name or "")
            if holder is None or is_reaction(holder) or holder.repetition is not None:
                return False
        return False

    def scope_for(self, element: str, node: Node, within: str | None = None) -> Task:
        """The open scope in which the element stands, opened where it is not. Raises Unmovable."""
        chain = list(_around(node))
        for depth, name in enumerate(chain):
            there = list(self._open(node.graph, name))
            if within is not None:
                there = [task for task in there if within in _ids(task)]
            if len(there) > 1:
                self._refuse(element, node, "belongs into a part of the case that is open more than once: say in which")
            if there:
                return self._opened(element, node, there[0], chain[:depth])
        if within is not None:
            self._refuse(element, node, f"does not belong into {within}, or that is not open")
        return self._refuse(element, node, "stands in a called process that is not open: put the token on the call")

    def _opened(self, element: str, node: Node, scope: Task, missing: list[str | None]) -> Task:
        for name in reversed(missing):
            holder: Any = node.graph.task_specs[name or ""]
            if is_reaction(holder):
                self._refuse(element, node, f"belongs into {words.said(holder)}, which no event has begun")
            if holder.repetition is not None:
                shown = words.said(holder)
                self._refuse(element, node, f"belongs into {shown}, which is repeated: put the token on {shown}")
            scope = self._begin(holder, scope)
        return scope

    def _begin(self, holder: SubProcess, scope: Task) -> Task:
        """Open a sub-process in which nothing has begun but its listeners."""
        task = Task(self.run, holder, scope, TaskState.STARTED, str(uuid4()))
        holder.note_entry(self.run, task)
        holder.enter(self.run, task)
        begin_listeners(self.run, task, holder.graph.body(holder.name))
        return task

    def _open(self, graph: Graph, name: str | None) -> Iterator[Task]:
        """The open scopes that hold a body of a process."""
        for task in self.run.tasks.values():
            if name is None:
                key = task.internal_data.get(OWNER)
                root = task.parent is None and graph is self.run.definition.graph
                called = self.run.definition.called(key) if key else None
                if root or (called is not None and called.graph is graph):
                    yield task
            elif task.task_spec is graph.task_specs[name] and task.state == TaskState.STARTED and not _holds_more(task):
                yield task

    def _flow(self, element: str) -> tuple[Flow | None, Graph]:
        key = element.rpartition(":")[0]
        called = self.run.definition.called(key) if key else self.run.definition
        if called is None:
            raise Unmovable(element, f"There is no process “{key}” that is called here.")
        flow = called.graph.flows.get(_bare(element))
        return flow if flow is not None and flow.drawn else None, called.graph

    def _refuse(self, element: str, node: Node, why: str) -> NoReturn:
        raise Unmovable(element, f"{words.said(node)} {why}.")


def _why_never(node: Node) -> str | None:
    """Why no token may be put on an element, whatever is open; None where one may."""
    owner = node.graph.task_specs.get(node.graph.owner(node.name) or "")
    if is_reaction(node):
        return "begins when its event happens: let that event happen instead"
    if isinstance(node, StartEvent) and isinstance(owner, Node) and is_reaction(owner):
        return "waits as long as what is around it is open: let the event happen instead"
    if isinstance(node, BoundaryEvent) and node.undone_by is not None:
        return "only says how something is undone; no token ever stands there"
    if isinstance(node, Activity) and node.for_compensation:
        return "undoes another activity, and begins only where the diagram asks for that"
    return None


def _bare(element: str) -> str:
    return element.rpartition(":")[2]


def _around(node: Node) -> Iterator[str | None]:
    """The bodies around an element, innermost first; None: the process."""
    name = node.graph.owner(node.name)
    while name is not None:
        yield name
        name = node.graph.owner(name)
    yield None


def _holds_more(task: Task) -> bool:
    """Whether it holds the instances of a repeated sub-process, rather than being one."""
    return bool(task.task_spec.container(task))


def _ids(task: Task) -> Iterator[str]:
    current: Task | None = task
    while current is not None:
        yield current.id
        current = current.parent


def _happens_at_once(node: Node) -> bool:
    """Whether a token there stands for an event that has happened, rather than wait for it."""
    if isinstance(node, StartEvent | BoundaryEvent):
        return bool(node.events)
    waits = isinstance(node, Catching) and any(event.kind in _WAITED_FOR for event in node.events)
    return isinstance(node, Catching) and bool(node.events) and not waits
