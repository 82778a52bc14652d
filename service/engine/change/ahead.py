"""What still lies before a case: the elements that its tokens may come to, in it and in what it calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from service.engine.change.facets import sure
from service.engine.change.standing import Scope, Spot
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.graph import Body
from service.engine.elements.node import Node
from service.engine.elements.start_end import Throwing
from service.engine.elements.subprocess import CallActivity, SubProcess
from service.engine.parser import Definition

Step = tuple[Definition, Node]


@dataclass
class Region:
    """Elements by the process that they are part of."""

    nodes: dict[Definition, set[Node]] = field(default_factory=dict)
    entered: set[Node] = field(default_factory=set)  #: those to which a token may yet come

    def items(self) -> Iterable[tuple[Definition, set[Node]]]:
        """Each process with its elements."""
        return self.nodes.items()

    def of(self, definition: Definition) -> set[Node]:
        """The elements of one process."""
        return self.nodes.get(definition, set())


def ahead(scope: Scope) -> Region:
    """All that a case may come to from where it stands, that included."""
    region = Region()
    waiting: list[Step] = []
    for each in scope.walk():
        for spot in each.spots:
            if spot.race or not spot.inside or spot.more:
                waiting += [(each.definition, node) for node in standing(spot)]
            else:
                region.nodes.setdefault(each.definition, set()).add(spot.node)
                waiting += list(_onward(each.definition, spot.node))
        waiting += [(each.definition, node) for node in _beside(each)]
    while waiting:
        definition, node = waiting.pop()
        if node not in region.entered:
            region.entered.add(node)
            region.nodes.setdefault(definition, set()).add(node)
            waiting += _onward(definition, node)
            waiting += _into(definition, node)
    return region


def _beside(scope: Scope) -> list[Node]:
    """What may begin in an open scope without a token that leads to it."""
    found = [*scope.graph.body(scope.name).reactions, *(handler for _, handler in scope.undo)]
    return found + (scope.owner.enabled if isinstance(scope.owner, AdHocSubProcess) else [])


def standing(spot: Spot) -> list[Node]:
    """The elements at which a token is: several where events race each other."""
    return list(spot.race) or [spot.node]


def _onward(definition: Definition, node: Node) -> Iterator[Step]:
    """What comes after an element, or beside it."""
    for flow in node.outgoing:
        if sure(flow) is not False or flow is node.default:
            yield definition, flow.target
    for event in node.attached:
        yield definition, event
        if event.undone_by and isinstance(handler := node.graph.task_specs.get(event.undone_by), Node):
            yield definition, handler


def _into(definition: Definition, node: Node) -> Iterator[Step]:
    """Where tokens begin inside an element that is entered."""
    if isinstance(node, SubProcess):
        yield from ((definition, each) for each in _begins(node.graph.body(node.name)))
    if isinstance(node, CallActivity) and (called := called_by(definition, node)) is not None:
        yield from ((called, each) for each in _begins(called.graph.body(None)))


def _begins(body: Body) -> list[Node]:
    return [*(body.starts or body.entries), *body.reactions]


def called_by(definition: Definition, node: CallActivity) -> Definition | None:
    """The process that a call activity runs inside the case, where that is known."""
    return None if node.opens_case or node.called.startswith("=") else definition.called(node.called)


def undoes(region: Region) -> Node | None:
    """An element ahead that asks for what was completed to be undone."""
    for _, found in region.items():
        for node in found:
            if isinstance(node, Throwing) and any(event.kind in ("compensation", "cancel") for event in node.events):
                return node
    return None
