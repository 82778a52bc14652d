"""What still lies before a case: the elements that its tokens may come to, in it and in what it calls."""

from __future__ import annotations

from collections.abc import Iterator

from service.engine.change.facets import sure
from service.engine.change.standing import Scope, Spot
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.graph import Body
from service.engine.elements.node import Node
from service.engine.elements.start_end import Throwing
from service.engine.elements.subprocess import CallActivity, SubProcess
from service.engine.parser import Definition

Region = dict[Definition, set[Node]]
Step = tuple[Definition, Node]


def ahead(scope: Scope) -> Region:
    """All that a case may come to from where it stands, that included."""
    found: Region = {}
    waiting: list[Step] = []
    for each in scope.walk():
        waiting += [(each.definition, node) for spot in each.spots for node in standing(spot)]
        body = each.graph.body(each.name)
        waiting += [(each.definition, reaction) for reaction in body.reactions]
        waiting += [(each.definition, handler) for _, handler in each.undo]
        if isinstance(each.owner, AdHocSubProcess):
            waiting += [(each.definition, node) for node in each.owner.enabled]
    while waiting:
        definition, node = waiting.pop()
        if node not in found.setdefault(definition, set()):
            found[definition].add(node)
            waiting += following(definition, node)
    return found


def standing(spot: Spot) -> list[Node]:
    """The elements at which a token is: several where events race each other."""
    return list(spot.race) or [spot.node]


def following(definition: Definition, node: Node) -> Iterator[Step]:
    """What comes after an element, beside it, or in it."""
    for flow in node.outgoing:
        if sure(flow) is not False or flow is node.default:
            yield definition, flow.target
    for event in node.attached:
        yield definition, event
        if event.undone_by and isinstance(handler := node.graph.task_specs.get(event.undone_by), Node):
            yield definition, handler
    if isinstance(node, SubProcess):
        body = node.graph.body(node.name)
        yield from ((definition, each) for each in _begins(body))
    if isinstance(node, CallActivity) and (called := called_by(definition, node)) is not None:
        yield from ((called, each) for each in _begins(called.graph.body(None)))


def _begins(body: Body) -> list[Node]:
    return [*(body.starts or body.entries), *body.reactions]


def called_by(definition: Definition, node: CallActivity) -> Definition | None:
    """The process that a call activity runs inside the case, where that is known."""
    return None if node.opens_case or node.called.startswith("=") else definition.called(node.called)


def undoes(region: Region) -> Node | None:
    """An element ahead that asks for what was completed to be undone."""
    for found in region.values():
        for node in found:
            if isinstance(node, Throwing) and any(event.kind in ("compensation", "cancel") for event in node.events):
                return node
    return None
