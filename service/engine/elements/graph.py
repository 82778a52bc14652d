"""A process as the engine holds it: nodes, flows, and the bodies (the process itself and each sub-process).

Built once per definition by parser.py, then shared by all its cases and by threads: nothing here changes at run time,
except for what is looked up again and again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from service.engine.upstream import WorkflowSpec

if TYPE_CHECKING:
    from service.engine.elements.node import Node


@dataclass(eq=False)
class Flow:
    """A sequence flow. `condition` is its text, if it has one."""

    id: str
    source: Node
    target: Node
    condition: str | None = None
    drawn: bool = True  #: False: made by normalisation, and not shown outside


@dataclass(eq=False)
class Body:
    """What a process or sub-process contains directly."""

    nodes: list[Node] = field(default_factory=list)
    starts: list[Node] = field(default_factory=list)  #: its start events
    entries: list[Node] = field(default_factory=list)  #: where tokens begin when there is no start event
    reactions: list[Node] = field(default_factory=list)  #: its event sub-processes
    data_objects: list[str] = field(default_factory=list)  #: names of variables that belong to it


@dataclass(frozen=True)
class Correlation:
    """BPMN 2.0.2 §8.3.3: the properties of messages by which a conversation is recognised."""

    keys: tuple[str, ...] = ()  #: the properties of all correlation keys
    retrieval: dict[str, dict[str, str]] = field(default_factory=dict)  #: message name -> property -> expression
    bindings: dict[str, str] = field(default_factory=dict)  #: property -> expression of the process's own value of it


class Graph(WorkflowSpec):
    """One process: its nodes by element id (`task_specs`), and its bodies by the element id of their owner."""

    def __init__(self, key: str) -> None:
        super().__init__(name=key)
        self.bodies: dict[str | None, Body] = {None: Body()}
        self.flows: dict[str, Flow] = {}
        self.correlation = Correlation()
        self.data_inputs: tuple[str, ...] = ()
        self.data_outputs: tuple[str, ...] = ()
        self._reach: dict[tuple[str, str], frozenset[str]] = {}
        self._owners: dict[str, str | None] = {}

    def body(self, owner: str | None) -> Body:
        """What the sub-process with that id contains; None: the process."""
        return self.bodies.setdefault(owner, Body())

    def owner(self, name: str) -> str | None:
        """The sub-process whose body an element stands in directly; None: the process's own."""
        if not self._owners:
            owners = {node.name: owner for owner, body in self.bodies.items() for node in body.nodes}
            self._owners = owners
        return self._owners[name]

    def reach(self, node: Node, join: Node) -> frozenset[str]:
        """The incoming flows of `join` that a token leaving `node` may come by, without passing `join` before."""
        known = self._reach.get((node.name, join.name))
        if known is not None:
            return known
        found: set[str] = set()
        seen: set[Node] = set()
        ahead = [node]
        while ahead:
            current = ahead.pop()
            for flow in current.onward():
                if flow.target is join:
                    found.add(flow.id)
                elif flow.target not in seen:
                    seen.add(flow.target)
                    ahead.append(flow.target)
        result = frozenset(found)
        self._reach[node.name, join.name] = result
        return result
