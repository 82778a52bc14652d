"""What one element says, by aspect, as values that can be compared; and what of it a token's way depends on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from service.engine.change.places import kind, repetition
from service.engine.elements.activity import Activity
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.boundary import BoundaryEvent
from service.engine.elements.complex import ComplexGateway
from service.engine.elements.events import EventDefinition
from service.engine.elements.graph import Flow
from service.engine.elements.node import Node
from service.engine.elements.start_end import StartEvent
from service.engine.elements.subprocess import CallActivity
from service.engine.elements.tasks import ScriptTask

_GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway")
_PEOPLE = ("assignee", "candidateUsers", "candidateGroups", "candidateRoles", "assignBy", "notDoneBy")
_DATES = ("dueDate", "followUpDate", "priority", "calendar")
_DECISION = ("decisionRef", "mapDecisionResult")
_SCRIPTS = ("preScript", "postScript")
_ALWAYS = frozenset({"true", "= true", "=true"})
_NEVER = frozenset({"false", "= false", "=false"})

#: aspect -> how it is called in a sentence
ASPECTS = {
    "name": "name",
    "documentation": "documentation",
    "kind": "kind",
    "conditions": "conditions",
    "inputs": "input mappings",
    "outputs": "output mappings",
    "script": "script",
    "form": "form",
    "decision": "decision",
    "called": "called process",
    "timer": "timer",
    "message": "message",
    "signal": "signal",
    "condition": "condition",
    "events": "event",
    "repetition": "repetition",
    "people": "candidates",
    "dates": "due date or priority",
    "levels": "service levels",
    "interrupting": "whether it interrupts",
    "host": "activity that it is attached to",
    "lane": "lane",
    "quantity": "number of tokens",
    "ad hoc": "rules of its ad hoc work",
    "attributes": "attributes",
}
#: Aspects of which what has been done depends: a step with another one of these was done otherwise.
DONE_BY = (
    "kind",
    "condition",
    "inputs",
    "outputs",
    "script",
    "decision",
    "called",
    "repetition",
    "interrupting",
    "quantity",
)


def is_gateway(node: Node) -> bool:
    """Whether it only directs tokens: one that turns into another kind of gateway remains what it is."""
    return node.element.type in _GATEWAYS


def facets(node: Node) -> dict[str, Any]:
    """Aspect -> what the element says of it; aspects that it says nothing of are not there."""
    element, given = node.element, node.attributes
    found: dict[str, Any] = {
        "kind": element.type,
        "name": element.name,
        "documentation": element.documentation,
        "lane": element.lane,
        "form": given.get("formKey"),
        "people": _chosen(given, _PEOPLE),
        "dates": _chosen(given, _DATES),
        "levels": element.levels,
        "decision": _chosen(given, _DECISION),
        "conditions": _conditions(node),
        "script": _chosen(given, _SCRIPTS),
        "attributes": tuple(sorted((k, v) for k, v in given.items() if k not in _SAID_ELSEWHERE)),
    }
    if isinstance(node, Activity):
        found["inputs"] = (tuple(node.takes), tuple(node.brings))
        found["outputs"] = (tuple(node.gives), tuple(node.hands), given.get("resultVariable"))
        found["repetition"] = node.repetition
        found["quantity"] = (node.needs, node.puts_out)
    else:
        found["inputs"] = tuple(element.inputs)
        found["outputs"] = tuple(element.outputs)
    if isinstance(node, ScriptTask):
        found["script"] = (found["script"], node.script)
    if isinstance(node, CallActivity):
        found["called"] = (node.called, node.opens_case)
    if isinstance(node, AdHocSubProcess):
        found["ad hoc"] = (node.sequential, node.cancels_rest, node.until)
    if isinstance(node, ComplexGateway):
        found["condition"] = node.condition
    if isinstance(node, BoundaryEvent | StartEvent):
        found["interrupting"] = node.interrupting
    found |= _events(getattr(node, "events", ()))
    if "timer" in found and "calendar" in given:
        counted = f", by the calendar {given['calendar']}"
        found["timer"] = tuple(replace(event, text=event.text + counted) for event in found["timer"])
    return {aspect: said for aspect, said in found.items() if said not in (None, "", (), ((), ()), ((), (), None))}


_SAID_ELSEWHERE = frozenset({"formKey", "resultVariable", *_PEOPLE, *_DATES, *_DECISION, *_SCRIPTS})


def _chosen(given: Any, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, given[name]) for name in names if name in given)


def _conditions(node: Node) -> tuple[tuple[str, str | None, bool], ...]:
    """The conditions of the flows out, by where they lead, in the order in which they are looked at."""
    if not any(flow.condition for flow in node.outgoing):
        return ()
    return tuple((flow.target.name, flow.condition, flow is node.default) for flow in node.outgoing)


def _events(events: tuple[EventDefinition, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in events:
        said = "timer" if event.is_timer else event.kind
        aspect = {"timer": "timer", "message": "message", "signal": "signal", "conditional": "condition"}.get(said)
        found[aspect or "events"] = (*found.get(aspect or "events", ()), event)
    return found


def sure(flow: Flow) -> bool | None:
    """Whether a flow's condition is always, or never, true; None: that depends on data."""
    text = (flow.condition or "").strip().lower()
    return True if text in _ALWAYS else False if text in _NEVER else None


def shape(node: Node) -> tuple[Any, ...]:
    """All of an element that decides on which ways tokens may come and go, without ids; flows are compared besides."""
    events = getattr(node, "events", ())
    return (
        node.element.type if is_gateway(node) else kind(node),
        repetition(node),
        tuple((event.kind, event.name if event.kind in ("error", "escalation") else "") for event in events),
        getattr(node, "interrupting", None),
        getattr(node, "all_needed", None),
        (node.needs, node.puts_out, node.for_compensation) if isinstance(node, Activity) else None,
        getattr(node, "called", None),
        (node.sequential, node.cancels_rest) if isinstance(node, AdHocSubProcess) else None,
        node.attributes.get("required") if node.element.parent else None,
        node.condition if isinstance(node, ComplexGateway) else None,
        len(node.incoming) > 1 if node.joins else None,
        node.manual if isinstance(node, Activity) else None,
    )
