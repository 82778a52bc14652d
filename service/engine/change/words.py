"""Elements and differences in words that somebody understands who works with cases."""

from __future__ import annotations

from collections.abc import Sequence

from service.engine.change.facets import ASPECTS, facets
from service.engine.elements.graph import Flow, Graph
from service.engine.elements.node import Node

_KINDS = {
    "userTask": "user task",
    "manualTask": "manual task",
    "serviceTask": "service task",
    "scriptTask": "script task",
    "sendTask": "send task",
    "receiveTask": "receive task",
    "businessRuleTask": "business rule task",
    "task": "task",
    "callActivity": "call activity",
    "subProcess": "sub-process",
    "transaction": "transaction",
    "adHocSubProcess": "ad hoc sub-process",
    "exclusiveGateway": "exclusive gateway",
    "parallelGateway": "parallel gateway",
    "inclusiveGateway": "inclusive gateway",
    "complexGateway": "complex gateway",
    "eventBasedGateway": "event-based gateway",
    "startEvent": "start event",
    "endEvent": "end event",
    "intermediateCatchEvent": "event",
    "intermediateThrowEvent": "event",
    "boundaryEvent": "boundary event",
}
_SHOWN = 60


def said(node: Node) -> str:
    """How an element is called: its name, else its id; a hidden gateway after what it stands behind."""
    if not node.drawn and node.incoming:
        return said(node.incoming[0].source)
    return f"“{node.element.name or node.element.id}”"


def kind(node: Node) -> str:
    """`user task`."""
    return _KINDS.get(node.element.type, node.element.type)


def listed(names: Sequence[str], word: str = "and") -> str:
    """`a, b and c`; of many the first ones."""
    found = list(names)
    if len(found) > 4:
        found = [*found[:3], f"{len(found) - 3} more"]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {word} {found[-1]}" if found else ""


def removed(node: Node, after: Graph) -> str:
    """One that is gone, or that its id has another kind now."""
    other = after.task_specs.get(node.name)
    if isinstance(other, Node):
        return f"{said(node)}, a {kind(node)}, has become a {kind(other)}."
    return f"The {kind(node)} {said(node)} is gone."


def added(node: Node) -> str:
    """One that is new, and where it is."""
    before = [said(flow.source) for flow in node.incoming]
    where = f", after {listed(before)}" if before else ""
    return f"The {kind(node)} {said(node)} is new{where}."


def renamed(old: Node, new: Node) -> str:
    """One that has another id."""
    if old.element.name != new.element.name:
        return f"{said(old)} ({old.name}) seems to have become {said(new)} ({new.name})."
    return f"{said(old)} has the id {new.name} instead of {old.name}."


def moved(new: Node) -> str:
    """One that stands in another sub-process, or in none."""
    parent = new.graph.task_specs.get(new.element.parent or "")
    where = f"in {said(parent)}" if isinstance(parent, Node) else "outside of any sub-process"
    return f"{said(new)} stands {where} now."


def changed(old: Node, new: Node, aspects: Sequence[str]) -> str:
    """What one says otherwise; where it is a word or two, both."""
    if tuple(aspects) == ("name",):
        return f"{said(old)} is called {said(new)} now."
    parts = []
    for aspect in aspects:
        one, other = _text(old, aspect), _text(new, aspect)
        both = f" ({one or 'none'} → {other or 'none'})" if (one or other) and len(one + other) <= _SHOWN else ""
        parts.append(ASPECTS[aspect] + both)
    return f"{said(new)}: other {listed(parts)}."


def _text(node: Node, aspect: str) -> str:
    found = facets(node).get(aspect)
    if aspect in ("timer", "condition", "message", "signal", "events") and isinstance(found, tuple):
        return ", ".join(str(event.text or event.name or event.kind) for event in found)
    if aspect == "called" and found:
        return str(found[0])
    if aspect == "repetition" and found:
        return str(found.kind)
    if aspect in ("people", "dates", "decision") and found:
        return ", ".join(value for _, value in found)
    return found if isinstance(found, str) and aspect != "documentation" else ""


def no_longer(flow: Flow) -> str:
    """A flow that is gone."""
    return f"{said(flow.source)} does not lead to {said(flow.target)} any more."


def leads_now(flow: Flow) -> str:
    """A flow that is new."""
    return f"{said(flow.source)} leads to {said(flow.target)} now."
