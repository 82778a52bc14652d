"""Where what stands in one version stands in another: elements, flows, event definitions; and whether it is the same.

Ids map to themselves where the plan does not say otherwise. Inside a called process a plan writes `KEY:id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.engine.change.plan import Clock, Plan
from service.engine.elements.activity import Activity
from service.engine.elements.events import Catching, EventDefinition
from service.engine.elements.gateways import Joining
from service.engine.elements.graph import Flow, Graph
from service.engine.elements.node import Node
from service.engine.elements.subprocess import CallActivity
from service.engine.elements.tasks import HumanTask
from service.engine.parser import Definition

_BY_WORKER = ("serviceTask", "sendTask", "businessRuleTask")


@dataclass(frozen=True)
class Ground:
    """One process, as it is before and after. `key`: of a called process; empty: the case's own."""

    before: Graph
    after: Graph
    key: str = ""

    def named(self, element_id: str) -> str:
        """How a plan calls an element of this process."""
        return f"{self.key}:{element_id}" if self.key else element_id


class Places:
    """A plan between two versions, as the move looks things up in it."""

    def __init__(self, before: Definition, after: Definition, plan: Plan) -> None:
        self.plan = plan
        self.before = before
        self.after = after
        self.whole = Ground(before.graph, after.graph)
        self._formers: dict[tuple[str, str], list[str]] = {}
        for source, target in plan.elements.items():
            key, _, name = source.rpartition(":")
            if target is not None:
                self._formers.setdefault((key, _bare(target)), []).append(name)

    def inside(self, key_before: str, key_after: str) -> Ground | None:
        """A called process; None where it is not deployed together with the version after."""
        before, after = self.before.called(key_before), self.after.called(key_after)
        return Ground(before.graph, after.graph, key_before) if before and after else None

    def id_of(self, ground: Ground, element_id: str) -> str | None:
        """The id that an element or flow has after; None: the plan takes it away."""
        found = self.plan.elements.get(ground.named(element_id), element_id)
        return found if found is None else _bare(found)

    def node_of(self, ground: Ground, element_id: str) -> Node | None:
        """The element after; None where there is none."""
        name = self.id_of(ground, element_id)
        found = ground.after.task_specs.get(name) if name is not None else None
        return found if isinstance(found, Node) else None

    def takes_away(self, ground: Ground, element_id: str) -> bool:
        """Whether the plan says so."""
        return self.plan.elements.get(ground.named(element_id), "") is None

    def formers(self, ground: Ground, node: Node) -> list[Node]:
        """The elements before that become this one."""
        ids = list(self._formers.get((ground.key, node.name), []))
        if self.id_of(ground, node.name) == node.name:
            ids.append(node.name)
        found = [ground.before.task_specs.get(name) for name in dict.fromkeys(ids)]
        return [former for former in found if isinstance(former, Node)]

    def flow_of(self, ground: Ground, flow_id: str, join: Node) -> Flow | None:
        """The flow after by which a token came that waits at `join`; None where that leads elsewhere."""
        name = self.id_of(ground, flow_id)
        return next((flow for flow in join.incoming if flow.id == name), None)

    def clock(self, ground: Ground, node: Node) -> Clock:
        """What becomes of the running timers of an element."""
        return self.plan.clocks.get(ground.named(node.name), Clock.KEEP)


def _bare(name: str) -> str:
    """An id without the process that a plan writes before it."""
    return name.rpartition(":")[2]


def kind(node: Node) -> str:
    """What kinds of element a token may change between: those of one name wait for the same."""
    type_ = node.element.type
    if isinstance(node, HumanTask):
        return "task of a person"
    if isinstance(node, CallActivity):
        return "call of a child case" if node.opens_case else "call of a process"
    if type_ in _BY_WORKER and node.manual:
        return "task of the worker"
    if isinstance(node, Joining):
        return "joining gateway"
    if type_ in ("subProcess", "transaction"):
        return "event sub-process" if is_reaction(node) else "sub-process"
    return type_


def repetition(node: Node) -> str:
    """How often an activity is done: loop, parallel, sequential; empty: once."""
    found = node.repetition if isinstance(node, Activity) else None
    return found.kind if found else ""


def is_reaction(node: Node) -> bool:
    """Whether it is an event sub-process."""
    return node in node.graph.body(node.graph.owner(node.name)).reactions


def positions(before: Node, after: Node) -> Mapping[int, int]:
    """Which event definition is which: equal ones first, then those that wait for the same kind of thing."""
    old, new = _events(before), _events(after)
    left = list(range(len(new)))
    found: dict[int, int] = {}
    for alike in (_equal, _alike):
        for place, event in enumerate(old):
            match = next((each for each in left if place not in found and alike(event, new[each])), None)
            if match is not None:
                found[place] = match
                left.remove(match)
    return found


def _events(node: Node) -> tuple[EventDefinition, ...]:
    return node.events if isinstance(node, Catching) else ()


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other)


def _alike(one: EventDefinition, other: EventDefinition) -> bool:
    return one.kind == other.kind or (one.is_timer and other.is_timer)
